"""A probabilistic ensemble: E networks that each predict a Gaussian."""

from collections.abc import Sequence

import gin
import numpy as np
import tensorflow as tf

from tfirl.machine import memory


@gin.configurable
class GaussianEnsemble(tf.Module):
  """SiLU MLPs with mean and log variance heads, fused into batched matmuls.

  Kernels start truncated normal with std 1 / (2 sqrt(fan_in)), biases at zero.
  Log variances are softly bounded by learned bounds.

  Source: Chua et al. 2018 (PETS); settings of Janner et al. 2019 (MBPO).

  Attributes:
    num_members: E.
    min_log_variance, max_log_variance: [O] variables, the soft bounds.
  """

  def __init__(
    self,
    observation_size: int,
    action_size: int,
    seed: int,
    *,
    num_members: int = 7,
    layers: Sequence[int] = (200, 200, 200, 200),
    clip_mean: float | None = None,
    log_variance_bounds: tuple[float, float] = (-10.0, 0.5),
  ):
    """Creates the variables, stacked over members.

    Args:
      observation_size: O, the number of outputs.
      action_size: A; there are O + A inputs.
      seed: of the initial weights.
      num_members: E.
      layers: hidden units of each hidden layer.
      clip_mean: bound on the mean, [-clip_mean, clip_mean]; None for no bound.
        Gradients are zero beyond it.
      log_variance_bounds: where the soft bounds start.

    Raises:
      ValueError: a parameter is out of its range, or training the ensemble
        would not fit into memory.
    """
    super().__init__('gaussian_ensemble')
    _check('num_members', num_members, 'at least 1', num_members >= 1)
    _check('layers', layers, 'positive', all(units >= 1 for units in layers))
    _check(
      'clip_mean', clip_mean, 'None or positive', not clip_mean or clip_mean > 0
    )
    low, high = log_variance_bounds
    _check('log_variance_bounds', log_variance_bounds, 'rising', low < high)
    self.num_members = num_members
    self._clip_mean = clip_mean
    self._kernels = []
    self._biases = []
    rng = np.random.default_rng(seed)
    sizes = [observation_size + action_size, *layers, 2 * observation_size]
    parameters = sum((a + 1) * b for a, b in zip(sizes, sizes[1:]))  # noqa: B905
    memory.check(
      # The weights, their gradients, two moments of Adam, and the best so far.
      5 * 4 * num_members * parameters,
      f'an ensemble of GaussianEnsemble.num_members = {num_members} with '
      f'.layers = {tuple(layers)}',
    )
    for i, (inputs, units) in enumerate(zip(sizes, sizes[1:], strict=False)):
      shape = num_members, inputs, units
      kernel = _truncated_normal(rng, shape) / (2.0 * np.sqrt(inputs))
      self._kernels.append(
        tf.Variable(kernel.astype(np.float32), name=f'kernel_{i}')
      )
      self._biases.append(
        tf.Variable(tf.zeros([num_members, 1, units]), name=f'bias_{i}')
      )
    self.min_log_variance = tf.Variable(tf.fill([observation_size], low))
    self.max_log_variance = tf.Variable(tf.fill([observation_size], high))

  @property
  def member_variables(self) -> list[tf.Variable]:
    """The variables that have a leading axis E; the bounds are shared."""
    return [*self._kernels, *self._biases]

  def __call__(self, inputs, members=None):
    """Predicts by all members, or by some.

    Args:
      inputs: [E, B, O + A]; slice i is member i's.
      members: [M] int, which members get the slices of `inputs` [M, B, O + A].

    Returns:
      mean and log variance, both [E or M, B, O].
    """
    hidden = inputs
    for i, (kernel, bias) in enumerate(
      zip(self._kernels, self._biases, strict=True)
    ):
      if members is not None:
        kernel, bias = tf.gather(kernel, members), tf.gather(bias, members)
      hidden = _silu(hidden) if i else hidden
      hidden = tf.matmul(hidden, kernel) + bias
    mean, log_variance = tf.split(hidden, 2, axis=-1)
    if self._clip_mean is not None:
      mean = tf.clip_by_value(mean, -self._clip_mean, self._clip_mean)
    low, high = self.min_log_variance, self.max_log_variance
    log_variance = high - tf.nn.softplus(high - log_variance)
    return mean, low + tf.nn.softplus(log_variance - low)


def _silu(inputs):
  """x * sigmoid(x). `tf.nn.silu` computes the sigmoid again for its gradient,
  to save memory: a fifteenth of a fit's time.
  """
  return inputs * tf.sigmoid(inputs)


def _truncated_normal(rng, shape):
  """Standard normals, drawn again beyond two standard deviations."""
  values = rng.normal(size=shape)
  while (beyond := np.abs(values) > 2.0).any():
    values[beyond] = rng.normal(size=np.count_nonzero(beyond))
  return values


def _check(name, value, expected, is_valid):
  if not is_valid:
    raise ValueError(
      f'GaussianEnsemble.{name} must be {expected}; found {value!r}.'
    )
