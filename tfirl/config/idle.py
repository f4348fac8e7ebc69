"""Bindings that change nothing beside another one, which a run tells of.

They are no errors: a file of a method may bind what another line turns off.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tfirl.config import gin_bindings


class _Rule(NamedTuple):
  """When parameters are not looked at.

  Attributes:
    idle: these,
    by: where this one
    has: has such a value;
    needed: with which they would be.
  """

  idle: Sequence[str]
  by: str
  has: Callable[[Any], bool]
  needed: str


def _is_none(value: Any) -> bool:
  return value is None


def _is_something(value: Any) -> bool:
  return value is not None


def _is_off(value: Any) -> bool:
  return not value


_RULES = (
  _Rule(
    ('CostTurns.cost_rollout_episodes', 'CostTurns.stochastic'),
    'CostTurns.window',
    _is_something,
    'None, for rollouts',
  ),
  _Rule(('CostLearner.gp_target',), 'CostLearner.gp_weight', _is_off, '10'),
  _Rule(
    ('DynamicsTrainer.cosine_floor',),
    'DynamicsTrainer.cosine_half_period',
    _is_none,
    'gradient steps',
  ),
  _Rule(
    ('WarmStart.bc_anneal', 'WarmStart.bc_trains_critics'),
    'WarmStart.bc_steps',
    _is_off,
    'gradient steps',
  ),
  _Rule(
    ('WarmStart.clone_differences',),
    'WarmStart.actor_starts_at',
    _is_off,
    'env steps',
  ),
  _Rule(
    ('tfirl.SacAgent.initial_alpha', 'tfirl.SacAgent.target_entropy'),
    'tfirl.SacAgent.fixed_alpha',
    _is_something,
    'None',
  ),
  *(
    _Rule((f'{agent}.ema_decay',), f'{agent}.use_ema', _is_off, 'True')
    for agent in ('tfirl.SacAgent', 'Td3BcAgent')
  ),
  _Rule(
    ('run.max_policy_age', 'run.actor_timeout_s'),
    'run.num_actors',
    _is_off,
    'processes that act',
  ),
)


def lines() -> list[str]:
  """What to tell, once everything has been built and called.

  Of files that are for all methods (`gin_bindings.unconsumed`) nothing is told.
  """
  told = []
  for rule in _RULES:
    values = gin_bindings.in_use(rule.by)
    if not values or not all(map(rule.has, values)):
      continue
    for binding in rule.idle:
      where = gin_bindings.written_at(binding)
      if where:
        told.append(
          f'{binding} ({where}) changes nothing: {rule.by} is {values[0]!r}; '
          f'expected {rule.needed}'
        )
  return told
