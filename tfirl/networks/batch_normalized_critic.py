"""Q(s, a) by a network whose layers are batch-normalised."""

from collections.abc import Sequence

import tensorflow as tf
from tf_agents.networks import network

from tfirl import acting
from tfirl.networks import critic
from tfirl.networks import encoding as encoding_lib


def make_batch_normalized_critic(
  observation_spec: tf.TensorSpec,
  action_spec: tf.TensorSpec,
  hidden: Sequence[int] = (256, 256),
  encoding: acting.Encoding | None = None,
) -> network.Network:
  """ReLU MLP on (observation [B, O], action [B, A]); puts out [B].

  The input of each layer is normalised: with `training=True` by its moments
  over the batch, towards which the running ones move; else by those.
  """
  normalized = _BatchNormalizedCritic(
    (observation_spec, action_spec), encoding, tuple(hidden)
  )
  normalized.create_variables()
  return normalized


class _BatchNormalizedCritic(network.Network):
  """Before each layer its normalisation."""

  def __init__(
    self, input_tensor_spec, encoding, hidden, name='BatchNormalizedCritic'
  ):
    super().__init__(input_tensor_spec, state_spec=(), name=name)
    self._encoding = encoding
    self._norms = [
      tf.keras.layers.BatchNormalization(momentum=0.99)
      for _ in range(len(hidden) + 1)
    ]
    self._dense = [_dense(units, 'relu') for units in hidden] + [_dense(1)]

  def call(self, inputs, step_type=(), network_state=(), training=False):
    del step_type
    observation, action = inputs
    observation = encoding_lib.encode(observation, self._encoding)
    units = tf.concat([observation, action], -1)
    for norm, dense in zip(self._norms, self._dense, strict=True):
      units = dense(norm(units, training=training))
    return units[:, 0], network_state


def _dense(units: int, activation: str | None = None) -> tf.keras.layers.Layer:
  return tf.keras.layers.Dense(
    units, activation, kernel_initializer=critic.fan_in_uniform()
  )
