"""Arguments that would be of no use are answered when they are read."""

import argparse

import pytest

from tfirl.cli import main as cli
from tfirl.config import argument_types
from tfirl.runs import embed_expert, task_returns
from tfirl.work_units import __main__ as work_units


@pytest.mark.parametrize(
  ('read', 'text', 'value'),
  [
    (argument_types.seed, '0', 0),
    (argument_types.count, '1', 1),
    (argument_types.seconds, '.5', 0.5),
    (argument_types.number, '-1e3', -1000.0),
  ],
)
def test_what_is_taken(read, text, value):
  assert read(text) == value


@pytest.mark.parametrize(
  ('read', 'text', 'expected'),
  [
    (argument_types.seed, '-1', 'an integer, 0 or more'),
    (argument_types.count, '0', 'an integer, 1 or more'),
    (argument_types.seconds, '0', 'seconds, more than 0'),
    (argument_types.seconds, 'inf', 'a number'),
    (argument_types.seconds, 'soon', 'a number'),
    (argument_types.number, 'nan', 'a number'),
  ],
)
def test_what_is_refused(read, text, expected):
  with pytest.raises(argparse.ArgumentTypeError) as caught:
    read(text)
  assert str(caught.value) == f'found {text!r}; expected {expected}'


@pytest.mark.parametrize(
  ('main', 'arguments', 'expected'),
  [
    (cli.main, 'check --timeout nan', "--timeout: found 'nan'; expected"),
    (cli.main, 'check --timeout -1', "--timeout: found '-1'; expected seconds"),
    (cli.main, 'doctor . --expert_return nan', '--expert_return: found'),
    (cli.main, 'report . --live soon', "--live: found 'soon'; expected"),
    (cli.main, 'train bc_hopper --num_demos 0', '--num_demos: found'),
    (work_units.main, '. --grace_s nan', '--grace_s: found'),
    (work_units.main, '. --lock_timeout_s nan', '--lock_timeout_s: found'),
    (task_returns.main, '', 'the following arguments are required: TASK'),
  ],
)
def test_programs_refuse_them_in_a_line(main, arguments, expected, capsys):
  """No wait is without an end, and no word is without an answer."""
  with pytest.raises(SystemExit) as caught:
    main(arguments.split())
  assert caught.value.code == 2
  assert expected in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize('main', [embed_expert.main, task_returns.main])
def test_programs_of_the_house_name_what_is_not_there(main):
  with pytest.raises(SystemExit, match='^error: .*nowhere'):
    main(['nowhere'])
