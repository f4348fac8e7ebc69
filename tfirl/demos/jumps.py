"""Where the state of one row is not what the row before led to."""

import numpy as np

# Of a column's deviation: noise of storage and sensors is less.
_BREAK = 0.01
# A leap is so many times what all but one in a hundred steps keep within, in
# so large a part of the columns: an impact moves a few velocities at once, a
# reset moves everything.
_LEAP = 3.0
_ORDINARY = 0.99
_PART = 0.2


def spread(values: np.ndarray) -> np.ndarray:
  """Deviation of each column of [N, O], [O] float64, never 0."""
  values = values.astype(np.float64)
  floor = 1e-6 * (1.0 + np.abs(values).max(axis=0))
  return np.maximum(values.std(axis=0), floor)


def breaks(
  observations: np.ndarray, next_observations: np.ndarray
) -> np.ndarray:
  """Rows whose successor is not the next row's observation, [N - 1] bool.

  Args:
    observations, next_observations: [N, O].
  """
  gap = next_observations[:-1].astype(np.float64) - observations[1:]
  return (np.abs(gap) > _BREAK * spread(observations)).any(axis=1)


def leaps(states: np.ndarray) -> np.ndarray:
  """Rows from which the state leaps to the next row's, [N - 1] bool.

  For states without recorded successors: what is a leap is told by the other
  steps. Resets are found where episodes are longer than a hundred steps or so.

  Args:
    states: [N, .]; positions tell more than velocities.
  """
  steps = np.abs(np.diff(states.astype(np.float64), axis=0))
  if not len(steps):
    return np.zeros(0, bool)
  ordinary = np.quantile(steps, _ORDINARY, axis=0)
  moving = ordinary > 0
  if not moving.any():
    return np.zeros(len(steps), bool)
  far = steps[:, moving] > _LEAP * ordinary[moving]
  return far.mean(axis=1) >= _PART
