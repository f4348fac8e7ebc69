"""How training's own episodes went, to be looked at."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class _Episode(NamedTuple):
  """One that began at its reset."""

  length: int
  total: float  # of the task's rewards
  is_terminated: bool


class TrainingEpisodes:
  """Sums the task's reward over the episodes of training, and their steps.

  Nothing is trained on it. Episodes that began in the middle (FILTER's, or that
  of a resumed run) have no return, and are left out.
  """

  def __init__(self):
    """Nothing was seen yet."""
    # By the stream: the episode under way, and the time of its next step.
    self._current: dict[int, _Episode | None] = {}
    self._next_time: dict[int, int] = {}
    self._ended: list[_Episode] = []

  def add(
    self,
    rewards: np.ndarray,
    discounts: np.ndarray,
    times: np.ndarray,
    streams: np.ndarray,
  ) -> None:
    """Args: steps, [M], and how many into its episode each lies; a discount is
    0 only where an episode terminated. Those of one stream are one
    environment's, in order and none left out.
    """
    columns = rewards, discounts, times, streams
    steps = zip(*(column.tolist() for column in columns), strict=True)
    for reward, discount, time, stream in steps:
      current = self._current.get(stream)
      # After an end FILTER may reset to the very time that would have come.
      has_ended = current is not None and current.is_terminated
      if has_ended or time == 0 or time != self._next_time.get(stream, 0):
        if current is not None:
          self._ended.append(current)
        current = _Episode(0, 0.0, False) if time == 0 else None
      if current is not None:
        length, total, _ = current
        current = _Episode(length + 1, total + reward, discount == 0.0)
      self._current[stream] = current
      self._next_time[stream] = time + 1

  def forget(self) -> None:
    """Those that have ended; one under way goes on."""
    self._ended = []

  def columns(self) -> Mapping[str, float]:
    """Columns of metrics.csv, of the episodes that ended since `forget`: their
    mean return and length, and the share that terminated; {} of none.

    An episode counts when the next one begins.
    """
    if not self._ended:
      return {}
    lengths, returns, terminated = zip(*self._ended, strict=True)
    return {
      'training_return': float(np.mean(returns)),
      'training_length': float(np.mean(lengths)),
      'training_terminated': float(np.mean(terminated)),
    }
