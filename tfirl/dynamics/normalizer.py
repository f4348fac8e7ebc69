"""Inputs of mean 0 and standard deviation 1."""

import numpy as np
import tensorflow as tf

# A column that hardly moves is shifted, not blown up.
_LEAST_STD = 1e-12


class Normalizer(tf.keras.layers.Layer):
  """(x - mean) / std, computed in float64: x may be large and move little."""

  def __init__(self, size: int):
    """Args: `size` is the number of columns. Starts as the identity."""
    super().__init__(name='normalizer', dtype='float64', autocast=False)
    self.mean, self.std = (
      self.add_weight(
        f'normalizer/{name}', [size], initializer=initial, trainable=False
      )
      for name, initial in (('mean', 'zeros'), ('std', 'ones'))
    )
    self.build((None, size))

  def fit(self, rows: np.ndarray) -> None:
    """Takes mean and standard deviation of `rows` [N, size]."""
    rows = np.asarray(rows, np.float64)
    std = rows.std(0)
    self.mean.assign(rows.mean(0))
    self.std.assign(np.where(std < _LEAST_STD, 1.0, std))

  def call(self, rows):
    """Normalises `rows` [..., size]; returns float32."""
    centered = tf.cast(rows, tf.float64) - self.mean
    return tf.cast(centered / self.std, tf.float32)
