"""Every parameter that gin can bind says what it takes, and is held to it."""

import inspect
import typing

import gin
import pytest
from gin import config as gin_config

from tfirl import checks
from tfirl.config import gin_bindings, gin_files, gin_types
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's names

_WRONG = (
  "'no'",
  '-1',
  '-0.5',
  '0',
  '0.0',
  '1.5',
  '1e999',
  'True',
  'None',
  '[]',
  "['a']",
  '{}',
  '@schedules.constant',
)


def _parameters():
  """(binding's name, key) of each parameter of tfirl's configurables."""
  for selector, configurable in gin_config._REGISTRY.items():
    function = gin_files._function(configurable)
    if (getattr(function, '__module__', '') or '').startswith('tfirl'):
      for name in gin_files._parameters(configurable):
        key = ('', selector, name)
        yield gin_files.key_text(key), key


_ALL = dict(_parameters())


def test_there_are_many():
  assert len(_ALL) > 150


@pytest.mark.parametrize('name', _ALL)
def test_it_says_what_it_takes(name):
  hint = gin_types._hint(_ALL[name])
  assert hint is not inspect.Parameter.empty
  assert hint is not typing.Any


@pytest.mark.parametrize('name', _ALL)
def test_it_takes_its_default(name):
  _, selector, parameter = _ALL[name]
  function = gin_files.function_of(selector)
  default = inspect.signature(function).parameters[parameter].default
  if default not in (gin.REQUIRED, inspect.Parameter.empty):
    assert checks.fits(default, gin_types._hint(_ALL[name]))


@pytest.mark.parametrize('name', _ALL)
def test_wrong_values_are_refused_with_the_binding(name):
  """Of all these no parameter takes more than a few."""
  refused = 0
  for value in _WRONG:
    try:
      gin_bindings.parse([], [f'{name} = {value}'])
    except gin_bindings.BindingError as error:
      message = str(error)
      assert message.startswith(f'--gin_bindings={name} = {value}: {name} is ')
      assert '; expected ' in message or ', a function; expected' in message
      refused += 1
  assert refused >= 6


@pytest.mark.parametrize(
  ('binding', 'expected'),
  [
    ('run.eval_every = -5', 'run.eval_every is -5; expected int, at least 1'),
    ("run.record_video = 'no'", "run.record_video is 'no'; expected bool"),
    (
      'tfirl.SacAgent.gamma = 1.5',
      'tfirl.SacAgent.gamma is 1.5; expected float, at least 0 and at most 1',
    ),
    (
      "Task.name = '../../evil'",
      "Task.name is '../../evil'; expected str, letters, digits, _, - and .",
    ),
    (
      'tfirl.SacAgent.hidden = (64, 0)',
      'tfirl.SacAgent.hidden is (64, 0); expected',
    ),
    ("run.eval_every = '5k'", "run.eval_every is '5k'; expected int"),
    ('RATE = -1.0\ntfirl.SacAgent.tau = %RATE', 'tfirl.SacAgent.tau is -1.0'),
  ],
)
def test_in_a_file_with_its_line(binding, expected, tmp_path):
  path = tmp_path / 'mine.gin'
  path.write_text(f'# a line\n{binding}\n')
  with pytest.raises(gin_bindings.BindingError) as error:
    gin_bindings.parse([str(path)])
  line = 2 + binding.count('\n')
  assert str(error.value).startswith(f'{path}:{line}: {expected}')
