"""What networks see of an observation: standardised, positions as waves too."""

import gin
import numpy as np
import tensorflow as tf

from tfirl import acting, checks

# Of a maze's observation: x-y of the robot, and of the goal.
_POSITIONS = (0, 1, -2, -1)


@gin.configurable(denylist=['observations'])
@checks.checked
def make_encoding(
  observations: np.ndarray | None,
  standardize: bool = False,
  std_floor: checks.Positive = 0.01,
  clip: checks.Positive = 5.0,
  num_frequencies: checks.CountOrZero = 0,
) -> acting.Encoding | None:
  """How the actors and critics of a run encode observations, and its cost.

  An MLP that reads coordinates learns their low frequencies first, and a way
  through a maze turns within centimetres: sines and cosines of the coordinates
  let it (Tancik et al. 2020, Fourier features).

  Args:
    observations: [N, O], of the demonstrations; None if there are none.
    standardize: shift and scale each number to mean 0, variance 1 over
      `observations` (Fujimoto and Gu 2021, section 5).
    std_floor: the least deviation that a number is divided by. One that never
      changes in the demonstrations, and so tells no scale, is only shifted.
    clip: bound on the standardised numbers. A learner gets where the expert
      never was, an ant on its back hundreds of deviations away; what reads
      that as it is diverges.
    num_frequencies: K; of the positions of a maze (the first two and last two
      numbers, standardised: z) sin and cos of pi k z / 2 for k = 1 ... K are
      put behind the observation. 0 for none. A cost sees none of them.

  Returns: what maps [..., O] to [..., O + 8 K]; None if nothing is asked.

  Raises: ValueError if a parameter is out of its range, or there are no
    observations to standardise by, or no positions in them.
  """
  if not standardize and not num_frequencies:
    return None
  if observations is None:
    raise ValueError(
      'make_encoding: there are no demonstrations to standardise by; expected '
      'make_encoding.standardize = False and .num_frequencies = 0'
    )
  mean = observations.mean(0, dtype=np.float64)
  std = observations.std(0, dtype=np.float64)
  std = np.where(std > 1e-6, np.maximum(std, std_floor), 1.0)
  checks.require(
    'make_encoding.num_frequencies',
    num_frequencies,
    '0 for observations of one number, which has no positions',
    not num_frequencies or len(mean) > 1,
  )
  waves = np.arange(1, num_frequencies + 1) * np.pi / 2
  angles = np.zeros((len(mean), len(_POSITIONS) * num_frequencies))
  for i, position in enumerate(_POSITIONS if num_frequencies else ()):
    columns = slice(i * num_frequencies, (i + 1) * num_frequencies)
    angles[position, columns] = waves / std[position]
  scale = 1.0 / std if standardize else np.ones_like(std)
  shift = mean if standardize else np.zeros_like(mean)
  arrays = shift, scale, angles, -mean @ angles
  arrays = (array.astype(np.float32) for array in arrays)
  return acting.Encoding(*arrays, clip if standardize else float('inf'))


def encode(observation, encoding: acting.Encoding | None):
  """`encoding` of observation [B, O], in a graph; the same if it is None."""
  if encoding is None:
    return observation
  standardized = tf.clip_by_value(
    (observation - encoding.shift) * encoding.scale,
    -encoding.clip,
    encoding.clip,
  )
  if not encoding.phases.size:
    return standardized
  angles = tf.matmul(observation, encoding.angles) + encoding.phases
  return tf.concat([standardized, tf.sin(angles), tf.cos(angles)], axis=-1)


class EncodingLayer(tf.keras.layers.Layer):
  """`encode` for a network that is made of layers."""

  def __init__(self, encoding: acting.Encoding, **kwargs):
    super().__init__(**kwargs)
    self._encoding = encoding

  def get_config(self):
    # TF-Agents copies a layer by its configuration.
    return {**super().get_config(), 'encoding': self._encoding}

  def call(self, observation):
    return encode(observation, self._encoding)
