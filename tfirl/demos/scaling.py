"""Actions of an environment's scale, in [-1, 1]."""

import logging

import numpy as np

from tfirl.demos.checking import check, option

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
  check_range(source, actions, action_low, action_high, clips)
  scaled = _scaled(actions, action_low, action_high)
  # The largest float32 below the bound: rounding may not bring +-1 back.
  limit = np.nextafter(np.float32(_MAX_ACTION), np.float32(0))
  return np.clip(scaled, -limit, limit).astype(np.float32)


def check_range(
  source: str,
  actions: np.ndarray,
  action_low: np.ndarray,
  action_high: np.ndarray,
  clips: bool,
) -> None:
  """Raises ValueError if actions lie beyond the range; args as above.

  With `clips` the share of them and the largest excess are said instead.
  """
  scaled = np.abs(_scaled(actions, action_low, action_high))
  beyond = scaled > 1.0 + _RANGE_TOLERANCE
  if not beyond.any():
    return
  row, column = np.unravel_index(scaled.argmax(), scaled.shape)
  worst = f'{actions[row, column]:.6g} in row {row}, column {column}'
  bounds = f'[{action_low[column]:g}, {action_high[column]:g}]'
  share = f'{beyond.any(axis=1).mean():.2%} of the rows'
  found = f'{worst}, the farthest; {share} are beyond the range'
  way = option(source, 'clip_actions')
  expected = f'the range {bounds} of the environment, or {way}'
  check(clips, source, 'actions', found, expected)
  logging.warning('%s: actions: found %s %s: clipped', source, found, bounds)


def _scaled(actions, action_low, action_high) -> np.ndarray:
  """[N, A] float64, in [-1, 1] what is within the range."""
  low = np.asarray(action_low, np.float64)
  high = np.asarray(action_high, np.float64)
  center, half_range = (high + low) / 2, (high - low) / 2
  return (np.asarray(actions, np.float64) - center) / half_range
