"""Actions of an environment's scale, in [-1, 1]."""

import numpy as np
from absl import logging

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
  clips: bool = False,
) -> np.ndarray:
  """Actions of the environment's scale [N, A] in [-1, 1], float32.

  Clipped to +-(1 - 1e-6). Raises ValueError beyond the environment's range,
  unless it `clips`: then the share and the largest excess are said.
  """
  low = np.asarray(action_low, np.float64)
  high = np.asarray(action_high, np.float64)
  center, half_range = (high + low) / 2, (high - low) / 2
  scaled = (np.asarray(actions, np.float64) - center) / half_range
  beyond = np.abs(scaled) > 1.0 + _RANGE_TOLERANCE
  if beyond.any():
    row, column = np.unravel_index(np.abs(scaled).argmax(), scaled.shape)
    worst = f'{actions[row, column]:.6g} in row {row}, column {column}'
    expected = f'the range [{low[column]:g}, {high[column]:g}]'
    share = f'{beyond.any(axis=1).mean():.2%} of the rows'
    check(
      clips,
      source,
      'actions',
      f'{worst}, and {share} beyond the range',
      f'{expected} of the environment, or --clip_actions '
      '(load_demonstrations.clip_actions)',
    )
    logging.warning(
      '%s: actions: clipped in %s; the farthest is %s, of %s',
      source,
      share,
      worst,
      expected,
    )
  # The largest float32 below the bound: rounding may not bring +-1 back.
  limit = np.nextafter(np.float32(_MAX_ACTION), np.float32(0))
  return np.clip(scaled, -limit, limit).astype(np.float32)
