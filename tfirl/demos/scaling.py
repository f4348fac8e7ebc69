"""Actions of an environment's scale, in [-1, 1]."""

import numpy as np

from tfirl.demos.checking import check

# tanh^-1 of an action of exactly +-1 is infinite.
_MAX_ACTION = 1.0 - 1e-6
# Actions stored as float32 may pass the bound by rounding; by no more.
_RANGE_TOLERANCE = 1e-4


def scale_actions(
  source: str,
  actions: np.ndarray,
  action_low: np.ndarray,
  action_high: np.ndarray,
) -> np.ndarray:
  """Actions of the environment's scale [N, A] in [-1, 1], float32.

  Clipped to +-(1 - 1e-6). Raises ValueError beyond the environment's range.
  """
  low = np.asarray(action_low, np.float64)
  high = np.asarray(action_high, np.float64)
  center, half_range = (high + low) / 2, (high - low) / 2
  scaled = (np.asarray(actions, np.float64) - center) / half_range
  worst = float(np.abs(scaled).max())
  if worst > 1.0 + _RANGE_TOLERANCE:
    row, column = np.unravel_index(np.abs(scaled).argmax(), scaled.shape)
    check(
      False,
      source,
      'actions',
      f'{actions[row, column]:.6g} in row {row}, column {column}',
      f'the range [{low[column]:g}, {high[column]:g}] of the environment',
    )
  # The largest float32 below the bound: rounding may not bring +-1 back.
  limit = np.nextafter(np.float32(_MAX_ACTION), np.float32(0))
  return np.clip(scaled.astype(np.float32), -limit, limit)
