"""What training's own episodes returned, to be looked at."""

import numpy as np


class TrainingReturns:
  """Sums the task's reward over the episodes of training.

  Nothing is trained on it. Episodes that began in the middle (FILTER's, or that
  of a resumed run) have no return, and are left out.
  """

  def __init__(self):
    """Nothing was seen yet."""
    self._sum: float | None = None  # of the episode under way
    self._next_time = 0
    self._ended: list[float] = []

  def add(self, rewards: np.ndarray, times: np.ndarray) -> None:
    """Args: steps in order, [M], and how many into its episode each lies."""
    for reward, time in zip(rewards.tolist(), times.tolist(), strict=True):
      if time != self._next_time or time == 0:
        if self._sum is not None:
          self._ended.append(self._sum)
        self._sum = 0.0 if time == 0 else None
      if self._sum is not None:
        self._sum += reward
      self._next_time = time + 1

  def take(self) -> float | None:
    """The mean return of the episodes since the last call; None of none.

    An episode counts when the next one begins.
    """
    ended, self._ended = self._ended, []
    return float(np.mean(ended)) if ended else None
