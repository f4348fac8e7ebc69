"""Flags of programs: a value is given once."""

import pytest
from absl import flags

from tfirl.config import flag_help
from tfirl.demos import flags as demo_flags


def _parse(*argv):
  return flag_help.parse(demo_flags.define_collect, 'x', ['x', *argv])


def test_values_and_what_is_left():
  given, left = _parse('--task=a', '--out=x.npz', '--seed=0', 'rest')
  assert (given.task, given.seed, left) == ('a', 0, ['rest'])


@pytest.mark.parametrize('twice', [['--seed=0', '--seed=1'], 2 * ['--out=y']])
def test_of_two_values_none_is_dropped(twice):
  with pytest.raises(SystemExit, match='^error: flag --.*: already defined as'):
    _parse('--task=a', '--out=x.npz', *twice)


def test_lists_grow_and_truths_may_be_taken_back():
  def define(values):
    flags.DEFINE_multi_string('b', [], '', values, module_name='tfirl.x')
    flags.DEFINE_bool('dry', False, '', values, module_name='tfirl.x')

  argv = ['x', '--b=1', '--b=2', '--dry', '--nodry']
  given, _ = flag_help.parse(define, 'x', argv)
  assert given.b == ['1', '2'] and not given.dry
