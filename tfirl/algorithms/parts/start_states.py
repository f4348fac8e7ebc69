"""Start states that walk backwards through the demonstrations."""

from collections.abc import Mapping
from typing import Annotated

import gin
import numpy as np

from tfirl import checks, types

_PartOfOne = Annotated[float, checks.Range(above=0, most=1)]


@gin.configurable(denylist=['demos'])
class BackwardStarts:
  """Rows of a window of each trajectory, which moves from its end to its start.

  Near the goal at first, so that the policy learns the last steps before those
  that lead to them. At progress p the window is [1 - p, 1 - p + reset_window]
  of a trajectory's length (Ren et al. 2024, on mazes).
  """

  @checks.checked
  def __init__(
    self,
    demos: types.Demonstrations,
    *,
    reset_window: _PartOfOne = 0.05,
    walk_steps: checks.Count = gin.REQUIRED,
    keeps_width: bool = True,
  ):
    """Takes the trajectories apart.

    Args:
      demos: where rows are drawn from.
      reset_window: share of each trajectory, in (0, 1].
      walk_steps: env steps until the window is at the start, where it stays.
      keeps_width: begin with the last `reset_window` of a trajectory; else, as
        the authors' code, with its last row: what is beyond 1 is cut off.

    Raises: ValueError if a parameter is out of its range.
    """
    self._rows = demos.transitions
    self._stops = demos.episode_ends
    self._starts = np.concatenate([[0], self._stops[:-1]])
    self._width = reset_window
    self._walk_steps = walk_steps
    self._keeps_width = keeps_width

  def window(self, env_steps: int) -> tuple[float, float]:
    """From where to where, in shares of a trajectory's length."""
    progress = min(env_steps / self._walk_steps, 1.0)
    begin = 1.0 - progress
    if self._keeps_width:
      begin = min(begin, 1.0 - self._width)
    return begin, min(begin + self._width, 1.0)

  def rows(self, env_steps: int) -> np.ndarray:
    """Rows in the window, one at least of each trajectory; [M] int64."""
    begin, end = self.window(env_steps)
    lengths = self._stops - self._starts
    # Rounded first: 0.1 * 30 must not become 4 rows by a last binary digit.
    first = np.floor(np.round(begin * lengths, 6)).astype(np.int64)
    last = np.ceil(np.round(end * lengths, 6)).astype(np.int64)
    first = np.minimum(first, lengths - 1)
    last = np.clip(last, first + 1, lengths)
    return np.concatenate(
      list(map(np.arange, self._starts + first, self._starts + last))
    )

  def sample(
    self, env_steps: int, num_rows: int, rng: np.random.Generator
  ) -> tuple[np.ndarray, np.ndarray]:
    """Observations [N, O] and the expert's actions there [N, A]; rows of the
    window are drawn alike, with replacement.
    """
    rows = rng.choice(self.rows(env_steps), num_rows)
    return self._rows.observation[rows], self._rows.action[rows]

  def columns(self, env_steps: int) -> Mapping[str, float]:
    """The window as columns of metrics.csv."""
    begin, end = self.window(env_steps)
    return {'start_window_from': begin, 'start_window_to': end}
