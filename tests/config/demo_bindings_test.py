"""--num_demos as a binding, and as a part of a method's name."""

import pytest

from tfirl.config import demo_bindings, gin_bindings
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`

_FILES = ['hype_hopper.gin']


def test_the_flag_becomes_a_binding():
  given = ['run.env_steps = 9']
  lines = demo_bindings.parse(_FILES, given, 4)
  assert lines == [*given, 'load_demonstrations.num_episodes = 4']
  assert gin_bindings.value_of(demo_bindings.BINDING) == 4
  assert gin_bindings.value_of('run.env_steps') == 9
  assert demo_bindings.method() == 'hype-n4'
  # Given once more, as a sweep's unit does: it changes nothing.
  assert demo_bindings.parse(_FILES, lines, 4) == lines
  assert demo_bindings.parse(_FILES, lines, None) == lines
  assert demo_bindings.method() == 'hype-n4'


def test_without_it_gin_says():
  assert demo_bindings.parse(_FILES, [], None) == []
  assert demo_bindings.method() == 'hype'
  demo_bindings.parse(_FILES, [f'{demo_bindings.BINDING} = None'], None)
  assert demo_bindings.method() == 'hype'
  demo_bindings.parse(_FILES, ['k = 2', f'{demo_bindings.BINDING} = %k'], None)
  assert demo_bindings.method() == 'hype-n2'


@pytest.mark.parametrize('bound', [8, None])
def test_a_flag_that_says_other_than_gin(bound, tmp_path):
  path = tmp_path / 'mine.gin'
  path.write_text(f'{demo_bindings.BINDING} = {bound}\n')
  with pytest.raises(
    ValueError,
    match=f'--num_demos is 4, and gin binds .*num_episodes = {bound}; expected',
  ):
    demo_bindings.parse([*_FILES, str(path)], [], 4)


@pytest.mark.parametrize('number', [0, -1])
def test_too_few_by_flag(number):
  with pytest.raises(ValueError, match=f'^--num_demos is {number}; expected'):
    demo_bindings.parse(_FILES, [], number)


@pytest.mark.parametrize('bound', ['0', '-1', '2.0', 'True', "'four'"])
def test_no_number_by_gin_is_in_no_folders_name(bound):
  with pytest.raises(
    ValueError,
    match=f'{demo_bindings.BINDING} is {bound}; expected int, at least 1',
  ):
    demo_bindings.parse(_FILES, [f'{demo_bindings.BINDING} = {bound}'], None)


def test_a_method_needs_its_algorithm():
  gin_bindings.parse([], [f'{demo_bindings.BINDING} = 4'])
  with pytest.raises(gin_bindings.BindingError, match='run.algorithm'):
    demo_bindings.method()
