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

  def above_expert(self) -> float:
    """How much the level lies above the expert's mean of -f."""
    return self._expert_reward

  def factor(self) -> float:
    """What rewards are multiplied by."""
    return 1.0

  def update(self, cost_learner, cost_expert, learner, expert):
    """Nothing to learn. Returns: columns of metrics.csv."""
    del cost_learner, cost_expert, learner, expert
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

  where `unit` is the spread of f over both sides' rows (their gap included),
  averaged over turns, so that the level means the same on every task. As any
  cost it is raised where the learner is and lowered where the expert is:

    level <- clip(level + rate * (learner's share of absorbed time - expert's)).

  Where only the learner falls, living pays ever more; where the expert reaches
  a goal sooner, every step costs; where both end alike the level stays. It
  moves by at most `rate` units a turn.

  A cost that tells both sides apart goes on growing, and an actor is held to
  its demonstrations and its clone by weights that are set against rewards:
  `most_unit` scales these down to where holding means the same on every task.
  """

  @checks.checked
  def __init__(
    self,
    rate: checks.Positive = 0.5,
    least: float = -1.0,
    most: float = 3.0,
    initial: float = 0.0,
    smoothing: checks.Share = 0.8,
    most_unit: checks.Positive | None = None,
  ):
    """Args:
      rate: of the level's ascent, in units a turn.
      least: bound of the level.
      most: bound of the level.
      initial: level that the first turn's ascent begins at; before it the unit
        is 0, and so is what lies above the expert.
      smoothing: how much of itself the unit keeps at each turn.
      most_unit: rewards are divided by what the unit exceeds it by; None to
        leave them as they are.

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
    self._smoothing, self._most_unit = smoothing, most_unit
    self._level = tf.Variable(float(initial), trainable=False, name='level')
    self._unit = tf.Variable(0.0, trainable=False, name='unit')

  def above_expert(self) -> float:
    """How much the level lies above the expert's mean of -f."""
    return float(self._level * self._unit)

  def factor(self) -> float:
    """What rewards are multiplied by."""
    if self._most_unit is None:
      return 1.0
    return self._most_unit / max(self._most_unit, float(self._unit))

  def update(
    self,
    cost_learner: np.ndarray,
    cost_expert: np.ndarray,
    learner: episode_rows.EpisodeRows,
    expert: episode_rows.EpisodeRows,
  ) -> Mapping[str, float]:
    """After a turn of the cost.

    Args:
      cost_learner: f of learner's rows, [M].
      cost_expert: f of expert's rows, [N].
      learner: rows to count ends in.
      expert: likewise.

    Returns: columns of metrics.csv.
    """
    theirs, ours = episode_rows.ended_shares(learner, expert)
    level = float(self._level) + self._rate * (theirs - ours)
    self._level.assign(np.clip(level, *self._bounds))
    unit = pooled_std(cost_learner, cost_expert)
    if float(self._unit):
      kept = self._smoothing * float(self._unit)
      unit = kept + (1.0 - self._smoothing) * unit
    self._unit.assign(unit)
    return {
      'level': float(self._level),
      'level_unit': float(self._unit),
      'ended_learner': theirs,
      'ended_expert': ours,
    }


def pooled_std(ours: np.ndarray, theirs: np.ndarray) -> float:
  """Standard deviation of two samples that weigh alike, whatever their sizes;
  at least half of what their means lie apart.
  """
  within = (np.var(ours) + np.var(theirs)) / 2
  between = (np.mean(ours) - np.mean(theirs)) ** 2 / 4
  return float(np.sqrt(within + between))
