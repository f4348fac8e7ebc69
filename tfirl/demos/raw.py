"""What a reader of demonstrations hands over."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np


@dataclasses.dataclass
class RawDemonstrations:
  """What a reader found, unchecked and in the environment's action scale.

  Attributes:
    source: the file or data set, for messages.
    columns: arrays of one row a transition: observations, actions,
      next_observations, terminals, timeouts; qpos, qvel, goal, rewards, seed
      (of the row's episode) if recorded; success, of a maze, if the step
      that reached the goal is missing after a row.
    env_id: '' if the source doesn't say.
    env_kwargs: what the environment was made with; None if it doesn't say.
    episode_returns: [K] as recorded, or None: summed from `rewards`.
    num_attempts: episodes played to record those here; None if unknown.
    wrappers: names of those around the environment that change what is
      observed or done, and through which it was recorded.
  """

  source: str
  columns: dict[str, np.ndarray]
  env_id: str = ''
  env_kwargs: Mapping[str, Any] | None = None
  versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
  episode_returns: np.ndarray | None = None
  num_attempts: int | None = None
  wrappers: tuple[str, ...] = ()

  @property
  def episode_ends(self) -> np.ndarray:
    """Exclusive end row of each episode, [K], as in `Demonstrations`."""
    columns = self.columns
    ends = (columns['terminals'] != 0) | (columns['timeouts'] != 0)
    ends[-1:] = True
    return np.flatnonzero(ends) + 1
