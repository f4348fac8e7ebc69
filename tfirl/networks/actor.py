"""pi(a | s): a squashed Gaussian for SAC, a deterministic tanh for BC."""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from tf_agents.agents.ddpg import actor_network
from tf_agents.agents.sac import tanh_normal_projection_network
from tf_agents.networks import actor_distribution_network

from tfirl import acting
from tfirl.networks import encoding as encoding_lib

LOG_STD_RANGE = (-20.0, 2.0)


def _clipped_exp(log_std):
  return tf.exp(tf.clip_by_value(log_std, *LOG_STD_RANGE))


def _projection_net(action_spec):
  return tanh_normal_projection_network.TanhNormalProjectionNetwork(
    action_spec, std_transform=_clipped_exp
  )


def make_gaussian_actor(
  observation_spec: tf.TensorSpec,
  action_spec: tf.TensorSpec,
  hidden: Sequence[int] = (256, 256),
  encoding: acting.Encoding | None = None,
) -> actor_distribution_network.ActorDistributionNetwork:
  """tanh(N(mean(s), std(s))) on [-1, 1]^A (Haarnoja et al. 2018, app. C)."""
  network = actor_distribution_network.ActorDistributionNetwork(
    observation_spec,
    action_spec,
    preprocessing_layers=encoding and encoding_lib.EncodingLayer(encoding),
    fc_layer_params=tuple(hidden),
    continuous_projection_net=_projection_net,
  )
  network.create_variables()
  return network


def sample_and_log_prob(
  distribution, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
  """Samples a Gaussian actor's actions, with their log density.

  What TFP's chain of bijectors computes, in a tenth of its operations: with
  u = mean + std n and a = tanh(u),

    log pi(a) = sum_i log N(n_i) - log std_i - log(1 - a_i^2),
    log(1 - a^2) = 2 (log 2 - u - softplus(-2 u)).

  Source: Haarnoja et al. 2018, appendix C, equation 21.

  Args:
    distribution: pi(. | s) of B observations.
    seed: int32 [2], of a stateless operation.

  Returns: actions [B, A] in [-1, 1], and log pi(a | s) [B].
  """
  normal = distribution.input_distribution
  std = normal.scale.diag_part()
  noise = tf.random.stateless_normal(tf.shape(normal.loc), seed=seed)
  unsquashed = normal.loc + std * noise
  log_slope = 2.0 * (
    math.log(2.0) - unsquashed - tf.nn.softplus(-2.0 * unsquashed)
  )
  log_density = -0.5 * (tf.square(noise) + math.log(2.0 * math.pi))
  log_prob = tf.reduce_sum(log_density - tf.math.log(std) - log_slope, -1)
  return tf.tanh(unsquashed), log_prob


def make_deterministic_actor(
  observation_spec: tf.TensorSpec,
  action_spec: tf.TensorSpec,
  hidden: Sequence[int] = (256, 256),
  encoding: acting.Encoding | None = None,
) -> actor_network.ActorNetwork:
  """tanh(MLP(s)) on [-1, 1]^A."""
  network = _ActorNetwork(
    observation_spec, action_spec, encoding, tuple(hidden)
  )
  network.create_variables()
  return network


class _ActorNetwork(actor_network.ActorNetwork):
  """TF-Agents', of encoded observations."""

  def __init__(
    self,
    input_tensor_spec,
    output_tensor_spec,
    encoding,
    fc_layer_params,
    name='ActorNetwork',
  ):
    super().__init__(
      input_tensor_spec,
      output_tensor_spec,
      fc_layer_params=fc_layer_params,
      name=name,
    )
    self._encoding = encoding

  def call(self, observations, *args, **kwargs):
    observations = encoding_lib.encode(observations, self._encoding)
    return super().call(observations, *args, **kwargs)


def mlp_policy(
  weights: Sequence[tf.Variable],
  num_actions: int,
  exploration_noise: float = 0.0,
  encoding: acting.Encoding | None = None,
) -> acting.MlpPolicy:
  """A NumPy copy of an actor's weights: kernel, bias, kernel, ... of either."""
  values = [weight.numpy() for weight in weights]
  layers = list(zip(values[::2], values[1::2], strict=True))
  return acting.MlpPolicy(
    layers, num_actions, LOG_STD_RANGE, exploration_noise, encoding
  )


def with_std(
  layers: acting.Layers, num_actions: int, std: float
) -> acting.Layers:
  """The layers of a Gaussian actor; a deterministic one's get `std`."""
  *hidden, (kernel, bias) = layers
  if len(bias) == 2 * num_actions:
    return layers
  log_std = np.full_like(bias, math.log(std))
  kernel = np.concatenate([kernel, np.zeros_like(kernel)], axis=1)
  return [*hidden, (kernel, np.concatenate([bias, log_std]))]


def without_std(layers: acting.Layers, num_actions: int) -> acting.Layers:
  """The layers of the mean action, of either actor."""
  *hidden, (kernel, bias) = layers
  return [*hidden, (kernel[:, :num_actions], bias[:num_actions])]
