"""The cost player's turns: rollouts in an environment of its own, updates."""

from collections.abc import Callable, Mapping
from typing import Any

import gin
import numpy as np

from tfirl import types
from tfirl.algorithms import clock as clock_lib
from tfirl.algorithms import collecting
from tfirl.costs import episode_rows
from tfirl.costs import learner as cost_learner
from tfirl.envs import suites, wrappers


@gin.configurable(denylist=['demos', 'seed'])
class CostTurns:
  """Shows the cost whole episodes of the current policy, when it is due.

  Attributes:
    cost_update_period: between turns, in what the algorithm counts them by.
    learner: the cost, a trackable.
  """

  def __init__(
    self,
    demos: types.Demonstrations,
    seed: int,
    *,
    cost_update_period: int = gin.REQUIRED,
    cost_rollout_episodes: int = 4,
    cost_updates: int = 1,
    stochastic: bool = True,
  ):
    """Makes the cost and its environment, in gin's scope `cost_rollout`.

    Args:
      demos: the expert's side of the game.
      seed: of the environment, the cost and the policy's actions.
      cost_update_period: between turns; env steps of training for the
        model-free methods, gradient steps of the policy for hyper.
      cost_rollout_episodes: whole episodes of the learner in each.
      cost_updates: gradient steps on them in each.
      stochastic: sample the actions of the episodes, or take the mean.
    """
    if cost_rollout_episodes < 1:
      raise ValueError(
        f'CostTurns.cost_rollout_episodes is {cost_rollout_episodes}; '
        'expected at least 1'
      )
    seeds = np.random.SeedSequence(seed).generate_state(4).tolist()
    with gin.config_scope('cost_rollout'):
      self._env = wrappers.ExpertReset(
        suites.load(seed=seeds[0]), demos, seed=seeds[1]
      )
    self._rng = np.random.default_rng(seeds[2])
    self._expert = episode_rows.EpisodeRows(
      demos.observations, demos.actions, demos.steps_in_episode
    )
    self.learner = cost_learner.CostLearner(
      demos.observations.shape[1], demos.actions.shape[1], seed=seeds[3]
    )
    self.learner.take_level(self._expert)
    self.cost_update_period = cost_update_period
    self._cost_rollout_episodes = cost_rollout_episodes
    self._cost_updates = cost_updates
    self._stochastic = stochastic

  def is_due(self, before: int, now: int) -> bool:
    """Whether a turn lies in the steps (before, now]."""
    return clock_lib.crosses(self.cost_update_period, before, now)

  def play(
    self, policy: Callable
  ) -> tuple[Mapping[str, float], collecting.Rewarded]:
    """One turn. Returns: named losses, and the rows that were rolled out."""
    rows, times = collecting.run_episodes(
      self._env,
      policy,
      self._cost_rollout_episodes,
      self._rng if self._stochastic else None,
    )
    losses = self.learner.update(
      episode_rows.EpisodeRows(rows.observation, rows.action, times),
      self._expert,
      self._cost_updates,
    )
    return {f'cost_{k}': v for k, v in losses.items()}, rows

  def get_state(self) -> Mapping[str, Any]:
    """All that is not in `learner`'s variables, JSON-able."""
    return {
      'rng': self._rng.bit_generator.state,
      'learner_rng': self.learner.get_state(),
      'env': self._env.get_state(),
    }

  def set_state(self, state: Mapping[str, Any]) -> None:
    """Takes up what `get_state` gave."""
    self._rng.bit_generator.state = state['rng']
    self.learner.set_state(state['learner_rng'])
    self._env.set_state(state['env'])
