"""Inputs of mean 0 and standard deviation 1."""

import numpy as np
import tensorflow as tf

# A column that hardly moves is shifted, not blown up.
_LEAST_STD = 1e-12


class Normalizer(tf.keras.layers.Layer):
  """(x - mean) / std, computed in float64: x may be large and move little."""

  def __init__(self, size: int, std_floor: float = 0.0):
    """Starts as the identity.

    Args:
      size: the number of columns.
      std_floor: the least deviation that a column which moves is divided by.
    """
    super().__init__(name='normalizer', dtype='float64', autocast=False)
    self.mean, self.std = (
      self.add_weight(
        f'normalizer/{name}', [size], initializer=initial, trainable=False
      )
      for name, initial in (('mean', 'zeros'), ('std', 'ones'))
    )
    self._std_floor = std_floor
    self.build((None, size))

  def fit(self, rows: np.ndarray) -> None:
    """Takes mean and standard deviation of `rows` [N, size]."""
    rows = np.asarray(rows, np.float64)
    std = rows.std(0)
    self.mean.assign(rows.mean(0))
    floored = np.maximum(std, self._std_floor)
    self.std.assign(np.where(std < _LEAST_STD, 1.0, floored))

  def call(self, rows):
    """Normalises `rows` [..., size]; returns float32."""
    centered = tf.cast(rows, tf.float64) - self.mean
    return tf.cast(centered / self.std, tf.float32)
