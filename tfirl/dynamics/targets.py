"""What an ensemble is fitted to: s' - s, and the task's reward."""

import numpy as np
import tensorflow as tf

from tfirl import types

_LEAST_VARIANCE = 1e-10  # of an output that varies; a maze's goal does not


def of(
  rows: types.Transition | types.RewardedTransition, has_reward: bool
) -> np.ndarray:
  """s' - s of rows [N, ...], then the reward if `has_reward`; [N, D].

  A reward that was not recorded is nan.
  """
  difference = rows.next_observation - rows.observation
  if not has_reward:
    return difference
  return np.concatenate([difference, rows.reward[:, np.newaxis]], -1)


def is_known(targets: tf.Tensor, observation_size: int) -> tf.Tensor:
  """Where there are `targets` [..., D], bool: a reward may be nan.

  A successor may not: there it counts as known, so that losses show it.
  """
  is_successor = tf.range(tf.shape(targets)[-1]) < observation_size
  return is_successor | ~tf.math.is_nan(targets)


def variances(targets: np.ndarray) -> np.ndarray:
  """Of the columns of [N, D] where they are known, [D]; nan if one does not
  vary.
  """
  known = [column[~np.isnan(column)] for column in targets.T]
  found = np.array([column.var() if len(column) else 0.0 for column in known])
  return np.where(found < _LEAST_VARIANCE, np.nan, found)
