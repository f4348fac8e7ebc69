"""What changes nothing beside another binding is told of, and only that."""

import inspect

import gin
import pytest
from gin import config as gin_config

from tfirl.algorithms.parts import warm_start
from tfirl.config import configurables, gin_bindings, idle
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's names

_ANNEAL = 'WarmStart.bc_anneal = True'
_TOLD = (
  f'WarmStart.bc_anneal (--gin_bindings={_ANNEAL}) changes nothing: '
  'WarmStart.bc_steps is 0; expected gradient steps'
)


def _selector(binding):
  name, parameter = binding.rsplit('.', 1)
  (selector,) = gin_config._REGISTRY.matching_selectors(name)
  return selector, parameter


def _value(binding):
  """What is bound, or else the default."""
  selector, parameter = _selector(binding)
  signature = inspect.signature(configurables.function_of(selector))
  default = signature.parameters[parameter].default
  return gin_bindings.value_of(binding, default)


@pytest.mark.parametrize(
  ('bindings', 'expected'),
  [
    ([_ANNEAL], [_TOLD]),
    ([_ANNEAL, 'WarmStart.bc_steps = 5'], []),
    (['WarmStart.critic_steps = 5'], []),
  ],
)
def test_a_binding_that_nothing_looks_at(bindings, expected):
  gin_bindings.parse([], bindings)
  assert idle.lines() == []  # nothing was made yet
  warm_start.WarmStart()
  assert idle.lines() == expected


def test_one_that_is_looked_at_elsewhere():
  gin_bindings.parse([], [_ANNEAL, 'other/WarmStart.bc_steps = 5'])
  warm_start.WarmStart()
  with gin.config_scope('other'):
    warm_start.WarmStart()
  assert idle.lines() == []


def test_a_file_for_all_methods_may_bind_it(tmp_path, monkeypatch):
  (tmp_path / 'agents').mkdir()
  (tmp_path / 'agents' / 'mine.gin').write_text(_ANNEAL)
  (tmp_path / 'mine.gin').write_text(_ANNEAL)
  monkeypatch.chdir(tmp_path)
  told = []
  for name in ('agents/mine.gin', 'mine.gin'):
    gin_bindings.parse([name])
    warm_start.WarmStart()
    told.append(idle.lines())
  assert told == [
    [],
    [_TOLD.replace(f'--gin_bindings={_ANNEAL}', 'mine.gin:1')],
  ]


def test_the_rules_are_of_parameters_that_there_are():
  for rule in idle._RULES:
    for binding in (*rule.idle, rule.by):
      selector, parameter = _selector(binding)
      assert parameter in configurables.parameters_of(selector)


def test_no_recipe_binds_what_changes_nothing(root, monkeypatch):
  monkeypatch.setattr(gin_bindings, 'in_use', lambda b: [_value(b)])
  folder = root / 'gin_configs'
  files = [*folder.glob('*_*.gin'), *(folder / 'paper').glob('*_*.gin')]
  assert len(files) > 50
  for path in files:
    gin_bindings.parse([str(path)])
    assert idle.lines() == [], path.name
