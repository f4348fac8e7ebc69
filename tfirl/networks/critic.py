"""Q(s, a)."""

from collections.abc import Sequence

import tensorflow as tf
from tf_agents.agents.ddpg import critic_network

from tfirl import acting
from tfirl.networks import encoding as encoding_lib


def make_critic(
  observation_spec: tf.TensorSpec,
  action_spec: tf.TensorSpec,
  hidden: Sequence[int] = (256, 256),
  layer_norm: bool = False,
  encoding: acting.Encoding | None = None,
) -> critic_network.CriticNetwork:
  """ReLU MLP on (observation [B, O], action [B, A]); puts out [B].

  With `layer_norm` every hidden layer is normalised before its ReLU (without a
  learned scale). It bounds what the critic says of actions that no row has,
  and so keeps many updates a step from diverging (Ball et al. 2023, RLPD).

  TF-Agents' default initialiser of kernels, U(+-1/sqrt(fan_in)), is PyTorch's,
  too, by which the published runs started; theirs draws biases likewise, which
  are 0 here.
  """
  network = _CriticNetwork(
    (observation_spec, action_spec),
    encoding,
    joint_fc_layer_params=tuple(hidden),
    activation_fn=_normalized_relu if layer_norm else tf.nn.relu,
    last_kernel_initializer=fan_in_uniform(),
  )
  network.create_variables()
  return network


def fan_in_uniform() -> tf.keras.initializers.Initializer:
  """U(+-1/sqrt(fan_in)) of a kernel."""
  # The v1 class draws anew for each layer; v2's repeats itself.
  return tf.compat.v1.keras.initializers.VarianceScaling(
    1.0 / 3.0, 'fan_in', 'uniform'
  )


class _CriticNetwork(critic_network.CriticNetwork):
  """TF-Agents', of encoded observations."""

  def __init__(
    self,
    input_tensor_spec,
    encoding,
    joint_fc_layer_params,
    activation_fn,
    last_kernel_initializer,
    name='CriticNetwork',
  ):
    super().__init__(
      input_tensor_spec,
      joint_fc_layer_params=joint_fc_layer_params,
      activation_fn=activation_fn,
      last_kernel_initializer=last_kernel_initializer,
      name=name,
    )
    self._encoding = encoding

  def call(self, inputs, *args, **kwargs):
    observation, action = inputs
    observation = encoding_lib.encode(observation, self._encoding)
    return super().call((observation, action), *args, **kwargs)


def _normalized_relu(units):
  """ReLU of [B, units], each row shifted and scaled to mean 0, variance 1."""
  return tf.nn.relu(_normalize(units))


@tf.custom_gradient
def _normalize(units):
  """Its gradient by hand: TensorFlow's takes three times the operations."""
  centered = units - tf.reduce_mean(units, -1, keepdims=True)
  variance = tf.reduce_mean(tf.square(centered), -1, keepdims=True)
  scale = tf.math.rsqrt(variance + 1e-6)
  normalized = scale * centered

  def gradient(upstream):
    mean = tf.reduce_mean(upstream, -1, keepdims=True)
    along = tf.reduce_mean(upstream * normalized, -1, keepdims=True)
    return scale * (upstream - mean - normalized * along)

  return normalized, gradient
