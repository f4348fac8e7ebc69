"""Every paper/METHOD_TASK.gin has the settings of the published runs."""

import contextlib
import inspect
import pathlib
import runpy
import types

import pytest
from gin import config as gin_config

from tfirl.config import configurables, gin_bindings, gin_files
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's names

# By its path: tests are no package.
_PUBLISHED = types.SimpleNamespace(
  **runpy.run_path(
    str(pathlib.Path(__file__).with_name('published_settings.py'))
  )
)
_NAMES = sorted(
  path.name for path in (gin_files.gin_folder() / 'paper').glob('*.gin')
)


def _method_and_task(name):
  """'hype_filter_ant.gin' -> ('hype_filter', 'ant'); mazes are 'maze'."""
  methods = (*_PUBLISHED.GAMES, 'bc', 'hyper', 'pretrain_dynamics')
  method = max((m for m in methods if name.startswith(f'{m}_')), key=len)
  task = name.removeprefix(f'{method}_').removesuffix('.gin')
  return method, task if task in _PUBLISHED.TASKS else 'maze'


def _value(name):
  """What `name` has in effect: what is bound to it, to the same outside of its
  scope, or its default.
  """
  unscoped = name.rpartition('/')[2]
  for bound in (name, unscoped):
    with contextlib.suppress(gin_bindings.BindingError):
      return _plain(gin_bindings.value_of(bound))
  short, _, parameter = unscoped.rpartition('.')
  (selector,) = gin_config._REGISTRY.matching_selectors(short)
  signature = inspect.signature(configurables.function_of(selector))
  return _plain(signature.parameters[parameter].default)


def _plain(value):
  return getattr(value, '__name__', value)


@pytest.mark.parametrize('name', _NAMES)
def test_a_file_has_the_published_settings(name):
  gin_bindings.parse([f'paper/{name}'])
  expected = _PUBLISHED.settings(*_method_and_task(name))
  found = {key: _value(key) for key in expected}
  differ = {
    key: (value, expected[key])
    for key, value in found.items()
    if value != expected[key]
  }
  assert differ == {}


@pytest.mark.parametrize('name', _NAMES)
def test_a_file_binds_nothing_else_that_matters(name):
  """But for what says which program, how it is stored and when it is saved."""
  ours = ('run', 'Task', 'table')
  beside = {'BehaviorCloning.updates_per_round'}
  expected = _PUBLISHED.settings(*_method_and_task(name))
  gin_bindings.parse([f'paper/{name}'])
  found = set()
  path = gin_files.gin_folder() / 'paper' / name
  for (scope, selector, parameter), _, _ in gin_files.read_file(
    str(path), [gin_files.gin_folder()]
  ):
    short = selector.rpartition('.')[2]
    prefix = f'{scope}/' if scope else ''
    if short not in ours and f'{prefix}{short}' not in ours:
      found.add(f'{prefix}{short}.{parameter}')
  known = {key.removeprefix('tfirl.') for key in expected}
  assert found - beside <= known


def test_the_mazes_of_gymnasium_end_at_their_goal():
  for name in (n for n in _NAMES if _method_and_task(n)[1] == 'maze'):
    gin_bindings.parse([f'paper/{name}'])
    assert gin_bindings.value_of('Task.env_kwargs')['continuing_task'] is False
