"""The cost player's place where there is no cost: the agent plays alone."""

import math
from collections.abc import Mapping
from typing import Any

import gin
import numpy as np

from tfirl import types


@gin.configurable
class NoCost:
  """No cost, no relabelling, no turn: for an agent that makes its own reward.

  It has what `CostTurns` has.
  """

  cost_update_period = math.inf  # between turns: none ever comes
  latest = None
  learner = None
  reward_fn = None
  rows_have_reward = False

  def __init__(self, *unused_world):
    """Is given what `CostTurns` is, and needs nothing of it."""

  def relabeled(self, agent):
    """`agent` itself."""
    return agent

  def is_due(self, before: int, now: int) -> bool:
    """False."""
    del before, now
    return False

  def note(self, rows: types.Transition, times: np.ndarray) -> None:
    """Has no use for a round of training."""

  def open(self, policy) -> None:
    """There is no turn before the policy's first."""
    del policy

  def trackables(self) -> Mapping[str, Any]:
    """Nothing."""
    return {}

  def get_state(self) -> Mapping[str, Any]:
    """Nothing."""
    return {}

  def set_state(self, state: Mapping[str, Any]) -> None:
    """Takes up nothing."""

  def close(self) -> None:
    """Has nothing to close."""


@gin.configurable
class TaskReward(NoCost):
  """No cost: the reward is the task's own, which rows then carry.

  Of ModelBased, whose ensemble learns to predict it.
  """

  rows_have_reward = True
