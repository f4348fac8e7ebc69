"""Exactly one budget, of a unit that the algorithm counts."""

import pytest

from tfirl.algorithms import (
  bc,
  expert,
  model_based,
  model_free,
  pretrain_dynamics,
)
from tfirl.algorithms.parts.clock import Clock
from tfirl.config import budget


def _make(units=budget.STEPS, algorithm='hype', most=None, **bound):
  names = ('real_steps', 'env_steps', 'updates')
  bound = {**dict.fromkeys(names), **bound}
  return budget.make_budget(bound, units, algorithm, most)


@pytest.mark.parametrize('unit', budget.STEPS)
def test_steps_are_real_ones_or_those_of_training(unit):
  assert _make(**{unit: 100}) == budget.Budget(unit, 100)


@pytest.mark.parametrize('unit', budget.UNITS)
def test_a_budget_of_any_unit_can_be_cut(unit):
  units = budget.UPDATES if unit == 'updates' else budget.STEPS
  assert _make(units, most=30, **{unit: 100}) == budget.Budget(
    unit, 30, cut_from=100
  )
  assert _make(units, most=300, **{unit: 100}) == budget.Budget(unit, 100)
  assert _make(units, most=100, **{unit: 100}).cut_from is None


@pytest.mark.parametrize(
  ('unit', 'spent'), [('real_steps', 110), ('env_steps', 80), ('updates', 7)]
)
def test_what_is_spent(unit, spent):
  clock = Clock(env_steps=80, rollout_steps=30, updates=7)
  assert budget.Budget(unit, 100).spent(clock) == spent
  assert not budget.Budget(unit, spent + 1).is_spent(clock)
  assert budget.Budget(unit, spent).is_spent(clock)


@pytest.mark.parametrize(
  ('bound', 'message'),
  [
    ({}, r'found no budget; expected run\.real_steps or run\.env_steps for hy'),
    (
      {'real_steps': 20, 'env_steps': 50},
      r'found run\.real_steps = 20 and run\.env_steps = 50; expected exactly '
      r'one budget: to use run\.real_steps, bind run\.env_steps = None; '
      r'to use run\.env_steps, bind run\.real_steps = None$',
    ),
    (
      {'env_steps': 50, 'updates': 3},
      r'to use run\.env_steps, bind run\.updates = None$',
    ),
    (
      {'updates': 3},
      r'found run\.updates = 3; expected run\.real_steps or run\.env_steps, '
      r'for hype counts nothing else: bind it, and run\.updates = None$',
    ),
    ({'real_steps': 0}, r'run\.real_steps is 0; expected an integer, 1 or'),
    ({'real_steps': '20k'}, r"run\.real_steps is '20k'; expected an integer"),
    ({'env_steps': 1e5}, r'run\.env_steps is 100000\.0; expected an integer'),
    ({'real_steps': 9, 'most': 2.5}, r'run\.most_steps is 2\.5; expected'),
    (
      {'real_steps': 9, 'most': 0},
      r'run\.most_steps is 0; expected an integer, 1 or more',
    ),
  ],
)
def test_refuses_another_budget_of_steps(bound, message):
  with pytest.raises(ValueError, match=message):
    _make(**bound)


@pytest.mark.parametrize(
  ('bound', 'message'),
  [
    ({}, r'expected run\.updates for bc$'),
    (
      {'real_steps': 9},
      r'found run\.real_steps = 9; expected run\.updates, .* run\.real_steps = '
      'None$',
    ),
    (
      {'env_steps': 9, 'updates': 5},
      r'exactly one budget: to use run\.updates, bind run\.env_steps = None$',
    ),
  ],
)
def test_refuses_another_budget_of_updates(bound, message):
  with pytest.raises(ValueError, match=message):
    _make(budget.UPDATES, 'bc', **bound)


def test_what_the_algorithms_count():
  step = (model_free.ModelFree, model_based.ModelBased, expert.Expert)
  assert {algorithm.budget_units for algorithm in step} == {budget.STEPS}
  do_not = (bc.BehaviorCloning, pretrain_dynamics.PretrainDynamics)
  assert {algorithm.budget_units for algorithm in do_not} == {budget.UPDATES}


@pytest.mark.parametrize(
  ('row', 'expected'),
  [
    ({'real_steps': '90', 'env_steps': '64', 'rollout_steps': '26'}, 90),
    ({'env_steps': '64', 'rollout_steps': '26'}, 90),
    ({'env_steps': '64', 'rollout_steps': ''}, 64),
    ({'env_steps': '64'}, 64),
  ],
)
def test_rows_of_before_there_was_the_column(row, expected):
  assert budget.real_steps(row) == expected
