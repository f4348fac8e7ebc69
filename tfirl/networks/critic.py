"""Q(s, a)."""

from collections.abc import Sequence

import tensorflow as tf
from tf_agents.agents.ddpg import critic_network


def make_critic(
  observation_spec: tf.TensorSpec,
  action_spec: tf.TensorSpec,
  hidden: Sequence[int] = (256, 256),
) -> critic_network.CriticNetwork:
  """ReLU MLP on (observation [B, O], action [B, A]); puts out [B].

  TF-Agents' default initialiser, U(+-1/sqrt(fan_in)), is PyTorch's too, so the
  published runs started from the same distribution.
  """
  network = critic_network.CriticNetwork(
    (observation_spec, action_spec),
    joint_fc_layer_params=tuple(hidden),
    # The v1 class draws anew for each layer; v2's repeats itself.
    last_kernel_initializer=tf.compat.v1.keras.initializers.VarianceScaling(
      1.0 / 3.0, 'fan_in', 'uniform'
    ),
  )
  network.create_variables()
  return network
