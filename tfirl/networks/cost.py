"""f(s, a): the cost that the learner pays, alone or as an ensemble."""

from collections.abc import Mapping, Sequence
from typing import Literal

import gin
import numpy as np
import tensorflow as tf

from tfirl import acting, checks
from tfirl.networks import encoding as encoding_lib
from tfirl.networks import ensemble_dense

_REDUCERS = {
  'min': tf.reduce_min,  # optimistic: the learner pays the least of the costs
  'mean': tf.reduce_mean,
  'max': tf.reduce_max,
}


@gin.configurable(
  denylist=['observation_size', 'action_size', 'seed', 'encoding']
)
class CostNetwork(tf.keras.Model):
  """An ensemble of ReLU MLPs with linear heads, fused into batched matmuls.

  The network of the cost: the discriminator of GAIL and DAC.
  High on the learner, low on the expert; a reward is its negative. Kernels are
  orthogonal (gain 1), biases start at zero. All variables are there from the
  start: `summary`, `save_weights` and `load_weights` need no call.

  Layers: `encoding` if there is one, `hidden_0`, ..., `head`.

  Source of the ensemble and its min: Ren et al. 2024, appendix.

  Args:
    observation_size, action_size: O and A.
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

  @checks.checked
  def __init__(
    self,
    observation_size: int,
    action_size: int,
    seed: int,
    encoding: acting.Encoding | None = None,
    layers: Sequence[checks.Count] = (256, 256),
    num_members: checks.Count = 1,
    reduce: Literal['min', 'mean', 'max'] = 'min',
    clip: checks.Positive | None = None,
    head_scale: checks.NonNegative = 1.0,
  ):
    """Creates the variables."""
    super().__init__(name='cost_network')
    self.num_members = num_members
    self._observation_size = observation_size
    self._reducer = reduce
    self._reduce = _REDUCERS[reduce]
    self._clip = clip
    self._seen = encoding
    self._encoding = None
    if encoding:
      self._encoding = encoding_lib.EncodingLayer(encoding, name='encoding')
      self._encoding.build([None, observation_size])  # shown by `summary`
    self._dense = ensemble_dense.make_mlps(
      num_members,
      [observation_size + action_size, *layers, 1],
      tf.nn.relu,
      _kernel_initializer(seed),
      has_member_axis=num_members > 1,
    )
    head = self._dense[-1].kernel
    head.assign(np.float32(head_scale) * head)
    self.built = True

  def members(self, observation, action):
    """Each member's cost, [E, B], of observation [B, O] and action [B, A]."""
    if self._encoding is not None:
      observation = self._encoding(observation)
    hidden = tf.concat([observation, action], axis=-1)
    if self.num_members > 1:
      hidden = tf.repeat(hidden[None], self.num_members, axis=0)
    for layer in self._dense:
      hidden = layer(hidden)
    outputs = hidden[..., 0]
    if self.num_members == 1:
      outputs = outputs[None]
    if self._clip is not None:
      outputs = tf.clip_by_value(outputs, -self._clip, self._clip)
    return outputs

  def call(self, observation, action):
    """The reduced cost, [B], of observation [B, O] and action [B, A]."""
    members = self.members(observation, action)
    return members[0] if self.num_members == 1 else self._reduce(members, 0)

  def arrays(self) -> dict[str, np.ndarray]:
    """All that makes it, in NumPy; the keys are those of cost.npz, described
    in `costs.learned_reward`.
    """
    size = self._observation_size
    shift, scale, clip = np.zeros(size), np.ones(size), np.inf
    if self._seen is not None:
      shift, scale, clip = self._seen.shift, self._seen.scale, self._seen.clip
    numbers = {'shift': shift, 'scale': scale, 'clip': clip}
    numbers['output_clip'] = np.inf if self._clip is None else self._clip
    for i, layer in enumerate(self._dense):
      numbers[f'kernel_{i}'] = layer.kernel.numpy()
      numbers[f'bias_{i}'] = layer.bias.numpy()
    return {
      'num_layers': np.array(len(self._dense)),
      'reduce': np.array(self._reducer),
      **{key: np.asarray(n, np.float32) for key, n in numbers.items()},
    }


def from_arrays(arrays: Mapping[str, np.ndarray]) -> CostNetwork:
  """The network whose `arrays` these are, whatever gin binds."""
  kernels, biases = (
    [arrays[f'{part}_{i}'] for i in range(int(arrays['num_layers']))]
    for part in ('kernel', 'bias')
  )
  shift, clip = arrays['shift'], float(arrays['output_clip'])
  no_waves = np.zeros([len(shift), 0], np.float32), shift[:0]
  network = CostNetwork(
    len(shift),
    kernels[0].shape[1] - len(shift),
    seed=0,
    encoding=acting.Encoding(
      shift, arrays['scale'], *no_waves, float(arrays['clip'])
    ),
    layers=[bias.shape[-1] for bias in biases[:-1]],
    num_members=len(kernels[0]),
    reduce=str(arrays['reduce']),
    clip=None if np.isinf(clip) else clip,
    head_scale=1.0,
  )
  for layer, kernel, bias in zip(network._dense, kernels, biases, strict=True):
    layer.set_weights([kernel, bias])
  return network


def _kernel_initializer(seed):
  """An orthogonal kernel for each member, layer after layer."""
  rng = np.random.default_rng(seed)

  def initialize(shape, dtype=None):
    del dtype  # float32 as all layers are
    num_members, inputs, units = shape
    return np.stack(
      [_orthogonal(rng, inputs, units) for _ in range(num_members)]
    )

  return initialize


def _orthogonal(rng, inputs, units):
  """A float32 [inputs, units] matrix with orthonormal rows or columns."""
  tall = rng.normal(size=(max(inputs, units), min(inputs, units)))
  basis, triangle = np.linalg.qr(tall)
  basis = basis * np.sign(np.diag(triangle))  # uniform over rotations
  return (basis if inputs >= units else basis.T).astype(np.float32)
