"""A probabilistic ensemble: E networks that each predict a Gaussian."""

import itertools
from collections.abc import Sequence

import gin
import numpy as np
import tensorflow as tf

from tfirl import checks
from tfirl.machine import memory
from tfirl.networks import ensemble_dense


@gin.configurable(
  denylist=['observation_size', 'action_size', 'seed', 'predicts_reward']
)
class GaussianEnsemble(tf.keras.Model):
  """SiLU MLPs with mean and log variance heads, fused into batched matmuls.

  Kernels start truncated normal with std 1 / (2 sqrt(fan_in)), biases at zero.
  Log variances are softly bounded. All variables are there
  from the start: `summary`, `save_weights` and `load_weights` need no call.

  Layers: `hidden_0`, ..., `head` of the means and the log variances,
  `log_variance_bounds`.

  Source: Chua et al. 2018 (PETS); settings of Janner et al. 2019 (MBPO).

  Attributes:
    num_members: E.

  Args:
    observation_size: O, the number of outputs, D.
    action_size: A; there are O + A inputs.
    seed: of the initial weights.
    predicts_reward: one output more, the last: D = O + 1.
    num_members: E.
    layers: hidden units of each hidden layer.
    clip_mean: bound on the mean, [-clip_mean, clip_mean]; None for no bound.
      Gradients are zero beyond it.
    log_variance_bounds: the soft bounds, or where they start.
    learn_log_variance_bounds: whether they learn; the published ones don't.

  Raises:
    ValueError: a parameter is out of its range, or training the ensemble
      would not fit into memory.
  """

  @checks.checked
  def __init__(
    self,
    observation_size: int,
    action_size: int,
    seed: int,
    *,
    predicts_reward: bool = False,
    num_members: checks.Count = 7,
    layers: Sequence[checks.Count] = (200, 200, 200, 200),
    clip_mean: checks.Positive | None = None,
    log_variance_bounds: tuple[float, float] = (-10.0, 0.5),
    learn_log_variance_bounds: bool = True,
  ):
    """Creates the variables, stacked over members."""
    super().__init__(name='gaussian_ensemble')
    low, high = log_variance_bounds
    checks.require(
      'GaussianEnsemble.log_variance_bounds',
      log_variance_bounds,
      'rising',
      low < high,
    )
    num_outputs = observation_size + predicts_reward
    sizes = [observation_size + action_size, *layers, 2 * num_outputs]
    _check_memory(num_members, sizes)
    self.num_members = num_members
    self._clip_mean = clip_mean
    self._dense = ensemble_dense.make_mlps(
      num_members, sizes, _silu, _kernel_initializer(seed)
    )
    self._bounds = SoftBounds(
      num_outputs,
      low,
      high,
      learn_log_variance_bounds,
      name='log_variance_bounds',
    )
    self.built = True

  @property
  def member_variables(self) -> list[tf.Variable]:
    """The variables that have a leading axis E; the bounds are shared."""
    kernels = [layer.kernel for layer in self._dense]
    return kernels + [layer.bias for layer in self._dense]

  @property
  def bound_variables(self) -> list[tf.Variable]:
    """The bounds' that learn: both, or none."""
    return list(self._bounds.trainable_variables)

  @property
  def min_log_variance(self) -> tf.Variable:
    """[D], the lower soft bound."""
    return self._bounds.low

  @property
  def max_log_variance(self) -> tf.Variable:
    """[D], the upper soft bound."""
    return self._bounds.high

  def call(self, inputs, members=None):
    """Predicts by all members, or by some.

    Outputs are nowhere normalised: the members are fitted to differences as
    they are.

    Args:
      inputs: [E, B, O + A], normalised; slice i is member i's.
      members: [M] int, which members get the slices of `inputs` [M, B, O + A].

    Returns:
      mean and log variance of s' - s, and of the reward if it is predicted;
      both [E or M, B, D].
    """
    hidden = inputs
    for layer in self._dense:
      hidden = layer(hidden, members)
    mean, log_variance = tf.split(hidden, 2, axis=-1)
    if self._clip_mean is not None:
      mean = tf.clip_by_value(mean, -self._clip_mean, self._clip_mean)
    return mean, self._bounds(log_variance)


class SoftBounds(tf.keras.layers.Layer):
  """Keeps [..., size] softly between two bounds, which may learn.

  Attributes:
    low, high: [size] variables.
  """

  def __init__(
    self, size: int, low: float, high: float, trainable: bool, name: str
  ):
    """Creates the bounds, at `low` and `high` for every column."""
    super().__init__(name=name)
    self.low, self.high = (
      self.add_weight(
        f'{name}/{bound}',
        [size],
        initializer=tf.constant_initializer(value),
        trainable=trainable,
      )
      for bound, value in (('low', low), ('high', high))
    )
    self.build((None, None, size))

  def call(self, inputs):
    inputs = self.high - tf.nn.softplus(self.high - inputs)
    return self.low + tf.nn.softplus(inputs - self.low)


def _silu(inputs):
  """x * sigmoid(x). `tf.nn.silu` computes the sigmoid again for its gradient,
  to save memory: a fifteenth of a fit's time.
  """
  return inputs * tf.sigmoid(inputs)


def _kernel_initializer(seed):
  """Truncated normal with std 1 / (2 sqrt(fan_in)), layer after layer."""
  rng = np.random.default_rng(seed)

  def initialize(shape, dtype=None):
    del dtype  # float32 as all layers are
    kernel = _truncated_normal(rng, shape) / (2.0 * np.sqrt(shape[1]))
    return kernel.astype(np.float32)

  return initialize


def _truncated_normal(rng, shape):
  """Standard normals, drawn again beyond two standard deviations."""
  values = rng.normal(size=shape)
  while (beyond := np.abs(values) > 2.0).any():
    values[beyond] = rng.normal(size=np.count_nonzero(beyond))
  return values


def _check_memory(num_members, sizes):
  parameters = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
  memory.check(
    # The weights, their gradients, two moments of Adam, and the best so far.
    5 * 4 * num_members * parameters,
    f'an ensemble of GaussianEnsemble.num_members = {num_members} with '
    f'.layers = {tuple(sizes[1:-1])}',
  )
