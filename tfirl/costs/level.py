"""The level of the reward: what a step earns that is as good as the expert's.

A gap of means leaves the level of f free. Where episodes end early the level
decides whether to live is worth more than to end.
"""

from collections.abc import Mapping

import gin
import numpy as np
import tensorflow as tf

from tfirl import checks
from tfirl.costs import episode_rows


@gin.configurable
class FixedLevel(tf.Module):
  """The expert's rows earn `expert_reward` on average, from the start."""

  def __init__(self, expert_reward: float = gin.REQUIRED):
    """Args: `expert_reward` is above 0 where an early end is a failure, and
    below where it is the goal.
    """
    super().__init__('fixed_level')
    self._expert_reward = expert_reward

  def above_expert(self, unit: float) -> float:
    """What the expert's rows earn on average, whatever the unit."""
    del unit
    return self._expert_reward

  def update(self, learner, expert):
    """Nothing to learn. Returns: columns of metrics.csv."""
    del learner, expert
    return {}


@gin.configurable
class AbsorbingLevel(tf.Module):
  """An end is a state of its own, and its cost is learned from who gets there.

  A terminal leads to an absorbing state, in which the episode goes on for ever
  (Kostrikov et al. 2019). A cost that knows this state has a value for it, and
  a constant added to all costs, the absorbing state's included, changes no
  policy. So it may be taken to be 0: the reward is measured from it,

    r(s, a) = cost of the absorbing state - f(s, a),

  a terminal is worth 0, and neither replay nor imagined rows nor critics need
  know of the state. What is left of it is its cost, one number, here

    E_expert f + level * unit,

  where `unit` is the reward's spread over both sides' rows (`Spread`), so that
  the level means the same on every task. As any cost it is raised where the
  learner is and lowered where the expert is:

    level <- clip(level + rate * (learner's share of absorbed time - expert's)).

  Where only the learner falls, living pays ever more; where the expert reaches
  a goal sooner, every step costs; where both end alike the level stays. It
  moves by at most `rate` units a turn.
  """

  @checks.checked
  def __init__(
    self,
    rate: checks.Positive = 0.5,
    least: float = -1.0,
    most: float = 3.0,
    initial: float = 0.0,
  ):
    """Args:
      rate: of the level's ascent, in units a turn.
      least: bound of the level.
      most: bound of the level.
      initial: level that the first turn's ascent begins at; before it the unit
        is 0, and so is what lies above the expert.

    Raises: ValueError if a parameter is out of its range.
    """
    super().__init__('absorbing_level')
    for name, value, words, is_valid in (
      ('initial', initial, f'at least {least}', initial >= least),
      ('most', most, f'at least {initial}', most >= initial),
    ):
      checks.require(f'AbsorbingLevel.{name}', value, words, is_valid)
    self._rate = rate
    self._bounds = least, most
    self._level = tf.Variable(initial, trainable=False, name='level')

  def above_expert(self, unit: float) -> float:
    """What the expert's rows earn on average, at a spread of `unit`."""
    return float(self._level) * unit

  def update(
    self, learner: episode_rows.EpisodeRows, expert: episode_rows.EpisodeRows
  ) -> Mapping[str, float]:
    """After a turn of the cost.

    Args:
      learner: rows to count ends in.
      expert: likewise.

    Returns: columns of metrics.csv.
    """
    theirs, ours = episode_rows.ended_shares(learner, expert)
    level = float(self._level) + self._rate * (theirs - ours)
    self._level.assign(np.clip(level, *self._bounds))
    return {
      'level': float(self._level),
      'ended_learner': theirs,
      'ended_expert': ours,
    }


@gin.configurable
class Spread(tf.Module):
  """How far costs lie apart, over both sides' rows, averaged over turns."""

  @checks.checked
  def __init__(self, smoothing: checks.Share = 0.8):
    """Args: `smoothing` is how much of itself it keeps at each turn."""
    super().__init__('spread')
    self._smoothing = smoothing
    self._value = tf.Variable(0.0, trainable=False, name='value')

  @property
  def value(self) -> float:
    """`pooled_std` averaged over turns, 0 before the first."""
    return float(self._value)

  def update(self, ours: np.ndarray, theirs: np.ndarray) -> None:
    """After a turn: takes costs of both sides, [M] and [N]."""
    latest = pooled_std(ours, theirs)
    kept = self._smoothing if self.value else 0.0
    self._value.assign(kept * self.value + (1.0 - kept) * latest)


def pooled_std(ours: np.ndarray, theirs: np.ndarray) -> float:
  """Standard deviation of two samples that weigh alike, whatever their sizes;
  at least half of what their means lie apart.
  """
  within = (np.var(ours) + np.var(theirs)) / 2
  between = (np.mean(ours) - np.mean(theirs)) ** 2 / 4
  return float(np.sqrt(within + between))
