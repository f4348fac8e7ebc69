"""f(s, a): the cost that the learner pays, alone or as an ensemble."""

from collections.abc import Sequence

import gin
import numpy as np
import tensorflow as tf

from tfirl import acting
from tfirl.networks import encoding as encoding_lib

_REDUCERS = {
  'min': tf.reduce_min,  # optimistic: the learner pays the least of the costs
  'mean': tf.reduce_mean,
  'max': tf.reduce_max,
}


@gin.configurable
class CostNetwork(tf.Module):
  """An ensemble of ReLU MLPs with linear heads, fused into batched matmuls.

  The network of the cost: the discriminator of GAIL and DAC.
  High on the learner, low on the expert; a reward is its negative. Kernels are
  orthogonal (gain 1), biases start at zero.

  Source of the ensemble and its min: Ren et al. 2024, appendix.
  """

  def __init__(
    self,
    observation_size: int,
    action_size: int,
    seed: int,
    encoding: acting.Encoding | None = None,
    layers: Sequence[int] = (256, 256),
    num_members: int = 1,
    reduce: str = 'min',
    clip: float | None = None,
    head_scale: float = 1.0,
  ):
    """Creates the variables.

    Args:
      observation_size: O.
      action_size: A.
      seed: of the initial weights.
      encoding: of observations, [B, O] to [B, O].
      layers: hidden units of each hidden layer.
      num_members: E.
      reduce: 'min', 'mean' or 'max', how members make one cost.
      clip: bound on each member's output, [-clip, clip]; None for no bound.
        Gradients are zero beyond it.
      head_scale: factor of the last layer's initial kernel. At 1 the first
        policy already pays for a random function of where it is; at 0 for
        nothing, and later for what tells it from the expert only.

    Raises:
      ValueError: a parameter is out of its range.
    """
    super().__init__('cost_network')
    _check('reduce', reduce, f'one of {sorted(_REDUCERS)}', reduce in _REDUCERS)
    _check('num_members', num_members, 'at least 1', num_members >= 1)
    _check('clip', clip, 'None or positive', clip is None or clip > 0)
    _check('head_scale', head_scale, 'at least 0', head_scale >= 0)
    self.num_members = num_members
    self._encoding = encoding
    self._reduce = _REDUCERS[reduce]
    self._clip = clip
    self._kernels = []
    self._biases = []
    rng = np.random.default_rng(seed)
    sizes = [observation_size + action_size, *layers, 1]
    for index, (inputs, units) in enumerate(
      zip(sizes[:-1], sizes[1:], strict=True)
    ):
      kernel = np.stack(
        [_orthogonal(rng, inputs, units) for _ in range(num_members)]
      )
      if index == len(layers):
        kernel = np.float32(head_scale) * kernel
      self._kernels.append(tf.Variable(kernel, name=f'kernel_{index}'))
      self._biases.append(
        tf.Variable(tf.zeros([num_members, 1, units]), name=f'bias_{index}')
      )

  def members(self, observation, action):
    """Each member's cost, [E, B], of observation [B, O] and action [B, A]."""
    observation = encoding_lib.encode(observation, self._encoding)
    hidden = tf.concat([observation, action], axis=-1)
    if self.num_members == 1:
      outputs = self._forward_single(hidden)[None]
    else:
      outputs = self._forward_batched(hidden)
    if self._clip is not None:
      outputs = tf.clip_by_value(outputs, -self._clip, self._clip)
    return outputs

  def __call__(self, observation, action):
    """The reduced cost, [B], of observation [B, O] and action [B, A]."""
    members = self.members(observation, action)
    return members[0] if self.num_members == 1 else self._reduce(members, 0)

  def _forward_single(self, hidden):
    """[B, O + A] -> [B]; plain matmuls, faster than batched ones on a CPU."""
    for kernel, bias in zip(self._kernels, self._biases, strict=True):
      is_head = kernel is self._kernels[-1]
      hidden = tf.matmul(hidden, kernel[0]) + bias[0]
      hidden = hidden if is_head else tf.nn.relu(hidden)
    return hidden[:, 0]

  def _forward_batched(self, hidden):
    """[B, O + A] -> [E, B]."""
    hidden = tf.repeat(hidden[None], self.num_members, axis=0)
    for kernel, bias in zip(self._kernels, self._biases, strict=True):
      is_head = kernel is self._kernels[-1]
      hidden = tf.matmul(hidden, kernel) + bias
      hidden = hidden if is_head else tf.nn.relu(hidden)
    return hidden[..., 0]


def _orthogonal(rng, inputs, units):
  """A float32 [inputs, units] matrix with orthonormal rows or columns."""
  tall = rng.normal(size=(max(inputs, units), min(inputs, units)))
  basis, triangle = np.linalg.qr(tall)
  basis = basis * np.sign(np.diag(triangle))  # uniform over rotations
  return (basis if inputs >= units else basis.T).astype(np.float32)


def _check(name, value, expected, is_valid):
  if not is_valid:
    raise ValueError(f'CostNetwork.{name} must be {expected}; found {value!r}.')
