"""Rewards from the current cost, put in at the moment of training."""

from collections.abc import Callable

import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.trajectories import policy_step, trajectory
from tf_agents.trajectories import time_step as ts

from tfirl import types

RewardFn = Callable[[types.Array, types.Array], types.Array]


def as_experience(
  batch: types.Transition | types.RewardedTransition,
  reward: tf.Tensor | None = None,
) -> trajectory.Transition:
  """A batch [B, ...] in the form that TF-Agents' agents train on.

  Args:
    batch: transitions.
    reward: [B], or None for that of `batch`. Transitions without one get NaN:
      an agent that is not relabeled then stops at its first loss rather than
      train on a made-up reward.
  """
  num_rows = tf.shape(batch.discount)[0]
  if reward is None:
    reward = getattr(batch, 'reward', tf.fill([num_rows], float('nan')))
  zeros = tf.zeros([num_rows])
  ones = tf.ones([num_rows])
  step_type = tf.fill([num_rows], ts.StepType.MID)
  return trajectory.Transition(
    ts.TimeStep(step_type, zeros, ones, batch.observation),
    policy_step.PolicyStep(batch.action),
    ts.TimeStep(step_type, reward, batch.discount, batch.next_observation),
  )


class RewardRelabelingAgent(tf_agent.TFAgent):
  """Wraps any agent: trains it on rewards of the current `reward_fn`.

  The reward of every batch is replaced inside `train`, so it is never older
  than the cost: a dataset map would relabel when it prefetches.
  """

  def __init__(self, agent: tf_agent.TFAgent, reward_fn: RewardFn):
    """`reward_fn` maps observation [B, O], action [B, A] to reward [B]."""
    super().__init__(
      agent.time_step_spec,
      agent.action_spec,
      agent.policy,
      agent.collect_policy,
      train_sequence_length=None,
      train_step_counter=agent.train_step_counter,
    )
    self._agent = agent
    self._reward_fn = reward_fn

  def _initialize(self):
    self._agent.initialize()

  def _train(self, experience, weights=None, **kwargs):
    reward = self._reward_fn(
      experience.time_step.observation, experience.action_step.action
    )
    next_time_step = experience.next_time_step._replace(reward=reward)
    return self._agent.train(
      experience._replace(next_time_step=next_time_step), weights, **kwargs
    )
