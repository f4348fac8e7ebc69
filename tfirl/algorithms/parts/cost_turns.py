"""The cost player's turns: on the latest rows of training, or on rollouts."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import gin
import numpy as np

from tfirl import checks, tasks, types
from tfirl.agents import relabeling
from tfirl.algorithms.parts import clock as clock_lib
from tfirl.algorithms.parts import collecting
from tfirl.costs import episode_rows
from tfirl.costs import learner as cost_learner
from tfirl.networks import encoding


class Turn(NamedTuple):
  """What a turn of the cost was played on, and how it went."""

  losses: Mapping[str, float]
  learner: types.Transition  # [N, ...], in the order they were made
  rows: episode_rows.EpisodeRows  # the same, each with its time
  rollout_steps: int  # taken for this turn alone

  @property
  def difference(self) -> float:
    """How far the learner is told from the expert, 0 (not at all) to 1.

    The larger of what their rows differ by, by the cost (2 AUC - 1), and their
    shares of time after an early end, where the cost has a level that sees it.
    """
    rows = 2.0 * self.losses['cost_auc'] - 1.0
    ours, theirs = (
      self.losses.get(f'cost_ended_{side}', 0.0)
      for side in ('expert', 'learner')
    )
    return float(np.clip(max(rows, abs(theirs - ours)), 0.0, 1.0))


@gin.configurable(denylist=['task', 'demos', 'seed', 'steps_per_round'])
class CostTurns:
  """Shows the cost what the policy does, when it is due.

  Attributes:
    cost_update_period: between turns, in what the algorithm counts them by.
    learner: the cost, a trackable.
    rows_have_reward: False: rewards are the cost's.

  Args:
    task: what makes the environment.
    demos: the expert's side of the game.
    seed: of the environment, the cost and the policy's actions.
    steps_per_round: env steps that `note` gets at a time.
    cost_update_period: between turns; env steps of training for the
      model-free methods, gradient steps of the policy for hyper.
    cost_updates: gradient steps in each.
    first_cost_updates: gradient steps of a turn before the policy's first;
      0 for no such turn.
    window: the learner's side is the latest so many real rows of training,
      of the policies that made them, and no step is taken for the cost. None
      rolls out the present policy, as the published runs do.
    cost_rollout_episodes: whole episodes of each rollout.
    stochastic: sample the actions of rollouts, or take the mean.

  Raises: ValueError if a parameter is out of its range; a window has to hold
    a round at least.
  """

  rows_have_reward = False

  @checks.checked
  def __init__(
    self,
    task: tasks.Task,
    demos: types.Demonstrations,
    seed: int,
    steps_per_round: int,
    *,
    cost_update_period: checks.Count = gin.REQUIRED,
    cost_updates: checks.Count = 5,
    first_cost_updates: checks.CountOrZero = 0,
    window: checks.Count | None = 5000,
    cost_rollout_episodes: checks.Count = 4,
    stochastic: bool = True,
  ):
    """Makes the cost; for rollouts also an environment, without FILTER's
    resets.
    """
    env_seed, _, actions_seed, cost_seed = (
      np.random.SeedSequence(seed).generate_state(4).tolist()
    )
    self._window = self._env = self._rollouts = None
    if window is not None:
      self._window = _make_window(demos, window, steps_per_round)
    self._rng = np.random.default_rng(actions_seed)
    self._expert = episode_rows.of(demos.transitions, demos.steps_in_episode)
    self.learner = _make_learner(demos, cost_seed)
    self.learner.take_level(self._expert)
    self.cost_update_period = cost_update_period
    self._is_told = False  # that it is shorter than a round
    self._cost_rollout_episodes = cost_rollout_episodes
    self._cost_updates = cost_updates
    self._first_cost_updates = first_cost_updates
    self._stochastic = stochastic
    if window is None:  # last: nothing that fails leaves it open
      self._env = task.make_env(env_seed)

  @property
  def reward_fn(self) -> relabeling.RewardFn:
    """Maps observation [B, O] and action [B, A] to rewards [B] by the cost."""
    return self.learner.reward_fn

  @property
  def latest(self) -> types.Transition | None:
    """What the learner did last, [N, ...] in order: the window's rows, or the
    latest rollouts of this process; None before there are any.
    """
    if self._window is None:
      return self._rollouts
    return self._window.read()[0]

  def relabeled(self, agent) -> relabeling.RewardRelabelingAgent:
    """What trains `agent` on rewards of the cost as it is then."""
    return relabeling.RewardRelabelingAgent(agent, self.reward_fn)

  def is_due(self, before: int, now: int) -> bool:
    """Whether a turn lies in the steps (before, now], those of a round; warns
    once if several do, for there is one.
    """
    length = now - before
    if length > self.cost_update_period and not self._is_told:
      self._is_told = True
      logging.warning(
        'CostTurns.cost_update_period is %d, and a round is %d of its steps: '
        'there is a turn a round; expected %d or more',
        self.cost_update_period,
        length,
        length,
      )
    return clock_lib.crosses(self.cost_update_period, before, now)

  def note(self, rows: types.Transition, times: np.ndarray) -> None:
    """Sees a round of training [M, ...], and when in its episode each lies."""
    if self._window is not None:
      self._window.add(rows, times)

  def open(self, policy: Callable) -> Turn | None:
    """The turn before the policy's first, if there is one."""
    if not self._first_cost_updates:
      return None
    return self._play(policy, self._first_cost_updates)

  def play(self, policy: Callable) -> Turn:
    """One turn against `policy`, or against those that filled the window."""
    return self._play(policy, self._cost_updates)

  def trackables(self) -> Mapping[str, Any]:
    """What a checkpoint must hold."""
    window = {} if self._window is None else {'cost_window': self._window}
    return {'cost': self.learner, **window}

  def get_state(self) -> Mapping[str, Any]:
    """All that is not in a trackable, JSON-able."""
    return {
      'rng': self._rng.bit_generator.state,
      'learner_rng': self.learner.get_state(),
      'env': None if self._env is None else self._env.get_state(),
    }

  def set_state(self, state: Mapping[str, Any]) -> None:
    """Takes up what `get_state` gave."""
    self._rng.bit_generator.state = state['rng']
    self.learner.set_state(state['learner_rng'])
    if self._env is not None:
      self._env.set_state(state['env'])

  def close(self) -> None:
    """Closes the environment of rollouts, if there is one."""
    if self._env is not None:
      self._env.close()

  def _play(self, policy: Callable, num_updates: int) -> Turn:
    if self._window is None:
      rewarded, times = collecting.run_episodes(
        self._env,
        policy,
        self._cost_rollout_episodes,
        self._rng if self._stochastic else None,
      )
      transition, rollout_steps = rewarded.transition, len(times)
      self._rollouts = transition
    else:
      (transition, times), rollout_steps = self._window.read(), 0
    rows = episode_rows.of(transition, times)
    losses = self.learner.update(rows, self._expert, num_updates)
    named = {f'cost_{name}': value for name, value in losses.items()}
    return Turn(named, transition, rows, rollout_steps)


def _make_window(
  demos: types.Demonstrations, size: int, steps_per_round: int
) -> episode_rows.Window:
  checks.require(
    'CostTurns.window',
    size,
    f'at least the {steps_per_round} steps of a round (steps_per_round), or '
    'None for rollouts',
    size >= steps_per_round,
  )
  return episode_rows.Window(*demos.sizes, size)


def _make_learner(
  demos: types.Demonstrations, seed: int
) -> cost_learner.CostLearner:
  seen = encoding.make_encoding(demos.observations)
  return cost_learner.CostLearner(
    *demos.sizes, seed, seen and seen.without_waves()
  )
