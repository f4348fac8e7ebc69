"""IQ-Learn: SAC that needs no reward, for its critic says what it must be."""

from typing import Literal, NamedTuple

import gin
import numpy as np
import tensorflow as tf
from tf_agents.agents import tf_agent

from tfirl import checks, types
from tfirl.agents import relabeling, sac
from tfirl.losses import iq_learn


class IqLearnLossInfo(NamedTuple):
  """SAC's, and the mean rewards that the critics imply."""

  critic_loss: tf.Tensor
  actor_loss: tf.Tensor
  alpha_loss: tf.Tensor
  q_mean: tf.Tensor
  entropy: tf.Tensor
  largest_reward: tf.Tensor  # nan: there is none
  implied_reward_expert: tf.Tensor
  implied_reward_policy: tf.Tensor


@gin.configurable(
  'tfirl.IqLearnAgent',
  denylist=['observation_size', 'action_size', 'observations'],
)
class IqLearnAgent(sac.SacAgent):
  """Inverse soft Q-learning (Garg et al. 2021): no cost, a critic alone.

  A policy's own critic implies the reward r = Q(s, a) - gamma V(s'). It is
  fitted so that this is high on expert rows and, beside what the policy is
  worth, low elsewhere; the actor is SAC's. Both learn from all rows that
  `train` is given, the policy's and the expert's.

  V is the smaller of both critics' at one sampled action, less its entropy
  term; gamma V(s') is the target critics', and has no gradient.

  The settings of `tfirl.SacAgent` hold for it, too.

  Args:
    observation_size: O.
    action_size: A.
    observations: [N, O], of the demonstrations, for `make_encoding`.
    value_term: where the policy's worth is measured: 'value', V(s) - gamma
      V(s') over rows of both sides; 'value_expert', the same over the expert's;
      'v0', (1 - gamma) V(s) over the expert's states, as in the authors' code
      (their paper has start states, and finds that they overfit).
    chi2_alpha: the larger, the larger rewards may be.
    **settings: those of `tfirl.SacAgent`, for what gin has not bound.

  Raises:
    ValueError: a parameter is out of its range.
  """

  _gin_name = 'tfirl.IqLearnAgent'
  needs_reward = False

  @checks.checked
  def __init__(
    self,
    observation_size: int,
    action_size: int,
    observations: np.ndarray | None = None,
    *,
    value_term: Literal['value', 'value_expert', 'v0'] = 'value',
    chi2_alpha: checks.Positive = 0.5,
    **settings,
  ):
    """Makes SAC's networks and optimisers."""
    super().__init__(observation_size, action_size, observations, **settings)
    self._value_term = value_term
    self._chi2_alpha = chi2_alpha
    self._mean_rewards = None

  @property
  def uses_expert_rows(self) -> bool:
    """True: they are half of what it learns from."""
    return True

  def named_losses(self, info: tf_agent.LossInfo) -> dict[str, tf.Tensor]:
    """What `train` returned, under the names of metrics.csv."""
    extra = info.extra
    gap = extra.implied_reward_expert - extra.implied_reward_policy
    return {**super().named_losses(info), 'implied_reward_gap': gap}

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
    """IQ-Learn's, summed over both critics; TF-Agents halves that. Rewards and
    weights are not read.

    Args: as of TF-Agents' `SacAgent.critic_loss`.
    """
    del td_errors_loss_fn, reward_scale_factor, weights, training
    policy = types.Transition(
      time_steps.observation,
      actions,
      next_time_steps.discount,
      next_time_steps.observation,
    )
    num_policy = tf.shape(policy.discount)[0]
    rows = tf.nest.map_structure(_concat, policy, self._expert)
    next_value = tf.stop_gradient(
      self._value(
        rows.next_observation,
        self._target_critic_network_1,
        self._target_critic_network_2,
      )
    )
    drop = self._value_drop(rows, next_value, gamma, num_policy)
    losses, rewards = [], []
    for critic in (self._critic_network_1, self._critic_network_2):
      q = _q(critic, rows.observation, rows.action)
      reward = iq_learn.implied_reward(q, next_value, rows.discount, gamma)
      expert = reward[num_policy:]
      losses.append(
        iq_learn.iq_learn_loss(expert, drop, reward, self._chi2_alpha)
      )
      rewards.append(
        (tf.reduce_mean(expert), tf.reduce_mean(reward[:num_policy]))
      )
    self._mean_rewards = tf.reduce_mean(rewards, 0)
    self._mean_q = tf.reduce_mean(q)
    return losses[0] + losses[1]

  def actor_loss(self, time_steps, weights=None, training=True):
    """SAC's, at the states of both sides."""
    both = self._with_experts(time_steps)
    return super().actor_loss(both, weights, training)

  def alpha_loss(self, time_steps, weights=None, training=False):
    """SAC's, at the states of both sides."""
    both = self._with_experts(time_steps)
    return super().alpha_loss(both, weights, training)

  def _with_experts(self, time_steps):
    expert = relabeling.as_experience(self._expert).time_step
    return tf.nest.map_structure(_concat, time_steps, expert)

  def _train(
    self, experience, weights=None, expert: types.Transition | None = None
  ):
    info = super()._train(experience, weights, expert)
    extra = IqLearnLossInfo(*info.extra, *tf.unstack(self._mean_rewards))
    self._mean_rewards = None
    return info._replace(extra=extra)

  def _check_expert_rows(self, expert: types.Transition | None) -> None:
    if expert is None:
      raise ValueError(
        f'{self._gin_name}: train() was given no expert rows; expected '
        'expert=Transition'
      )

  def _value_drop(self, rows, next_value, gamma, num_policy):
    """What `value_term` says, [M], of rows [B] whose last are the expert's."""
    if self._value_term != 'value':
      rows = tf.nest.map_structure(lambda x: x[num_policy:], rows)
      next_value = next_value[num_policy:]
    value = self._value(
      rows.observation, self._critic_network_1, self._critic_network_2
    )
    if self._value_term == 'v0':
      return (1.0 - gamma) * value
    return iq_learn.implied_reward(value, next_value, rows.discount, gamma)

  def _value(self, observation, critic, other_critic):
    """V(s) of observations [B, O] by one sampled action each, [B]."""
    action, log_prob = self._sample(observation)
    q = tf.minimum(
      _q(critic, observation, action), _q(other_critic, observation, action)
    )
    return q - self.alpha * log_prob


def _q(critic, observation, action):
  """Q(s, a), [B]."""
  # An MLP asks for a step's type, and does not use it.
  return critic((observation, action), step_type=(), training=False)[0]


def _concat(*fields):
  return tf.concat(fields, 0)
