"""Every parameter that gin can bind says what it takes, and is held to it."""

import ast
import inspect
import types
import typing

import gin
import pytest
from gin import config as gin_config

from tfirl import checks
from tfirl.config import configurables, gin_bindings, gin_files, gin_types
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
  for selector, _ in gin_config._REGISTRY.items():
    function = configurables.function_of(selector)
    if (getattr(function, '__module__', '') or '').startswith('tfirl'):
      for name in configurables.parameters_of(selector):
        key = ('', selector, name)
        yield gin_files.key_text(key), key


_ALL = dict(_parameters())


def test_there_are_many():
  assert len(_ALL) > 150


@pytest.mark.parametrize('name', _ALL)
def test_it_says_what_it_takes(name):
  hint = gin_types.hint_of(_ALL[name])
  assert hint is not inspect.Parameter.empty
  assert hint is not typing.Any


@pytest.mark.parametrize('name', _ALL)
def test_it_takes_its_default(name):
  _, selector, parameter = _ALL[name]
  function = configurables.function_of(selector)
  default = inspect.signature(function).parameters[parameter].default
  if default not in (gin.REQUIRED, inspect.Parameter.empty):
    assert checks.fits(default, gin_types.hint_of(_ALL[name]))


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


def _beyond(hint):
  """Texts of values that an annotation says it does not take: another type,
  no number, below its least and above its most.
  """
  kind = typing.get_args(hint)[0] if _is_annotated(hint) else hint
  notes = typing.get_args(hint)[1:] if _is_annotated(hint) else ()
  if typing.get_origin(hint) in (typing.Union, types.UnionType):
    parts = [set(_beyond(part)) for part in typing.get_args(hint)]
    return sorted(set.intersection(*parts))
  if kind in (int, float):
    texts = {"'7'", "'nan'", '[1]', 'True', '{}', "('a', 1)"}
    texts |= {'1.5'} if kind is int else set()
    texts |= {'1e999', '-1e999'}
  elif kind is bool:
    return ['0', '1', '1.0', "'True'", 'None', '[]', '[True]']
  elif kind is str:
    return ['7', '1.5', 'True', '[]', "['a']", '{}']
  elif kind in (None, type(None)):
    return ["'7'", "'nan'", '[1]', 'True', '{}', "('a', 1)", '1.5', '0', '-1']
  else:
    return ['7', '1.5', 'True', "'7'", '{1: 2}', '{}']
  for note in notes:
    if isinstance(note, checks.Range):
      texts |= set(_outside(note))
  return sorted(texts)


def _is_annotated(hint):
  return typing.get_origin(hint) is typing.Annotated


def _outside(note):
  """Numbers next to the ends of a range, and far from them."""
  if note.least is not None:
    yield from (repr(note.least - 1), repr(note.least - 1e9))
  if note.above is not None:
    yield from (repr(note.above), repr(note.above - 1e-9))
  if note.most is not None:
    yield from (repr(note.most + 1e-6), repr(note.most + 1e9))
  if note.below is not None:
    yield from (repr(note.below), repr(note.below + 2))


def _wrong_bindings():
  """(name, text of a value that its annotation refuses) of all parameters."""
  for name, key in _ALL.items():
    hint = gin_types.hint_of(key)
    for text in _beyond(hint):
      if not checks.fits(ast.literal_eval(text), hint):
        yield name, text


_WRONG_BINDINGS = list(_wrong_bindings())


def test_wrong_values_are_many():
  assert len(_WRONG_BINDINGS) > 1000
  assert len({name for name, _ in _WRONG_BINDINGS}) > 0.95 * len(_ALL)


def test_no_value_that_an_annotation_rules_out_is_taken():
  """Of hundreds none is taken in silence, and none ends in another error."""
  taken = []
  for name, text in _WRONG_BINDINGS:
    try:
      gin_bindings.parse([], [f'{name} = {text}'])
    except gin_bindings.BindingError as error:
      assert f'{name} is ' in str(error) and 'expected ' in str(error), text
    else:
      taken.append(f'{name} = {text}')
  assert taken == []
