"""Behaviour cloning: TF-Agents' agent with a deterministic actor."""

from collections.abc import Sequence

import gin
import numpy as np
import tensorflow as tf
from tf_agents.agents.behavioral_cloning import behavioral_cloning_agent
from tf_agents.trajectories import time_step as ts
from tf_agents.trajectories import trajectory

from tfirl import acting, checks, types
from tfirl.agents import actor_critic
from tfirl.networks import actor as actor_lib
from tfirl.networks import encoding


def as_trajectory(batch: types.Transition) -> trajectory.Trajectory:
  """Expert rows [B, ...] in the form that TF-Agents' BC agent trains on."""
  num_rows = tf.shape(batch.discount)[0]
  step_type = tf.fill([num_rows], ts.StepType.MID)
  return trajectory.Trajectory(
    step_type=step_type,
    observation=batch.observation,
    action=batch.action,
    policy_info=(),
    next_step_type=step_type,
    reward=tf.zeros([num_rows]),
    discount=batch.discount,
  )


@gin.configurable(denylist=['observation_size', 'action_size', 'observations'])
class BcAgent(behavioral_cloning_agent.BehavioralCloningAgent):
  """Regression of expert actions: mean squared error of a tanh policy."""

  @checks.checked
  def __init__(
    self,
    observation_size: int,
    action_size: int,
    observations: np.ndarray | None = None,
    *,
    learning_rate: checks.Positive = 3e-4,
    hidden: Sequence[checks.Count] = (256, 256),
  ):
    """Makes the network and its optimiser.

    Args:
      observation_size: O.
      action_size: A.
      observations: [N, O], those of the demonstrations, for `make_encoding`.
      learning_rate: Adam's.
      hidden: units of each hidden layer.
    """
    specs = actor_critic.make_specs(observation_size, action_size)
    self._encoding = encoding.make_encoding(observations)
    super().__init__(
      *specs,
      cloning_network=actor_lib.make_deterministic_actor(
        specs[0].observation, specs[1], hidden, self._encoding
      ),
      # A number would be kept by checkpoints, and come back from them.
      optimizer=tf.keras.optimizers.legacy.Adam(lambda: learning_rate),
      # TF-Agents' default is one counter for all agents of a process.
      train_step_counter=tf.Variable(0, trainable=False, dtype=tf.int64),
    )
    self.initialize()
    # Now, not at the first update: a tf.function then traces only once.
    self._optimizer._create_all_weights(
      self.cloning_network.trainable_variables
    )

  def mlp_policy(self) -> acting.MlpPolicy:
    """The current policy in NumPy."""
    return actor_lib.mlp_policy(
      self.cloning_network.variables,
      self.action_spec.shape[0],
      encoding=self._encoding,
    )
