"""CrossQ: SAC without target networks, of batch-normalised critics."""

import gin
import numpy as np
import tensorflow as tf
from tf_agents.agents import tf_agent

from tfirl import checks, types
from tfirl.agents import sac
from tfirl.networks import batch_normalized_critic


@gin.configurable(
  'tfirl.CrossQAgent',
  denylist=['observation_size', 'action_size', 'observations'],
)
class CrossQAgent(sac.SacAgent):
  """CrossQ (Bhatt et al. 2024): what SAC learns, in fewer updates.

  A critic is shown (s, a) and (s', a') as one batch, whose moments normalise
  both, and so needs no slow copy of itself to aim at. Its rate may be thrice
  SAC's.

  The settings of `tfirl.SacAgent` hold for it, too, but for `tau`,
  `target_update_period` and `critic_layer_norm`, which it has no use for.

  Args:
    observation_size: O.
    action_size: A.
    observations: [N, O], of the demonstrations, for `make_encoding`.
    policy_delay: updates of the critics for each of actor and temperature.
    **settings: those of `tfirl.SacAgent`, for what gin has not bound.

  Raises:
    ValueError: a parameter is out of its range.
  """

  _gin_name = 'tfirl.CrossQAgent'

  @checks.checked
  def __init__(
    self,
    observation_size: int,
    action_size: int,
    observations: np.ndarray | None = None,
    *,
    policy_delay: checks.Count = 3,
    **settings,
  ):
    """Makes the networks and optimisers."""
    self._policy_delay = policy_delay
    super().__init__(observation_size, action_size, observations, **settings)
    # Of the last update of the actor: its loss, the temperature's, the entropy.
    self._latest = tf.Variable(tf.zeros([3]), trainable=False)

  def critic_loss(
    self,
    time_steps,
    actions,
    next_time_steps,
    td_errors_loss_fn=None,
    gamma=1.0,
    reward_scale_factor=1.0,
    weights=None,
    training=False,
  ):
    """SAC's, its target by the critics themselves. No weights.

    Args: as of TF-Agents' `SacAgent.critic_loss`.
    """
    del weights
    next_actions, next_log_probs = self._actions_and_log_probs(next_time_steps)
    both = (
      tf.concat([time_steps.observation, next_time_steps.observation], 0),
      tf.concat([actions, next_actions], 0),
    )
    values, next_values = zip(
      *(
        tf.split(critic(both, step_type=(), training=training)[0], 2)
        for critic in (self._critic_network_1, self._critic_network_2)
      ),
      strict=True,
    )
    next_value = tf.minimum(*next_values) - self.alpha * next_log_probs
    targets = tf.stop_gradient(
      reward_scale_factor * next_time_steps.reward
      + gamma * next_time_steps.discount * next_value
    )
    errors = [td_errors_loss_fn(targets, value) for value in values]
    return tf.reduce_mean(errors[0] + errors[1])

  def _make_critic(self, observation_spec, action_spec, hidden, layer_norm):
    checks.require(
      'tfirl.SacAgent.critic_layer_norm',
      layer_norm,
      'False: tfirl.CrossQAgent normalises by batches',
      not layer_norm,
    )
    return batch_normalized_critic.make_batch_normalized_critic(
      observation_spec, action_spec, hidden, self._encoding
    )

  def _get_target_updater(self, tau=1.0, period=1):
    del tau, period
    return lambda: None

  def _train(
    self, experience, weights=None, expert: types.Transition | None = None
  ):
    if self._policy_delay == 1:
      return super()._train(experience, weights, expert)
    return tf.cond(
      self.train_step_counter % self._policy_delay == 0,
      lambda: self._train_all(experience, weights, expert),
      lambda: self._train_critics_alone(experience),
    )

  def _train_all(self, experience, weights, expert) -> tf_agent.LossInfo:
    info = super()._train(experience, weights, expert)
    extra = info.extra
    self._latest.assign([extra.actor_loss, extra.alpha_loss, extra.entropy])
    return info

  def _train_critics_alone(self, experience) -> tf_agent.LossInfo:
    loss = self.train_critics(experience)
    self.train_step_counter.assign_add(1)
    actor_loss, alpha_loss, entropy = tf.unstack(self._latest)
    extra = sac.SacInfo(
      loss,
      actor_loss,
      alpha_loss,
      self._mean_q,
      entropy,
      sac.largest_reward(experience),
    )
    self._forget_update()
    self._update_average()
    return tf_agent.LossInfo(loss + actor_loss + alpha_loss, extra)
