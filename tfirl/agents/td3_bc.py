"""TF-Agents' TD3 with the actor loss of TD3+BC (Fujimoto and Gu 2021)."""

from collections.abc import Sequence
from typing import NamedTuple

import gin
import numpy as np
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.agents.td3 import td3_agent
from tf_agents.trajectories import time_step as ts

from tfirl import acting, checks, types
from tfirl.agents import actor_critic
from tfirl.losses import td3
from tfirl.networks import actor as actor_lib
from tfirl.networks import encoding


class Td3BcInfo(NamedTuple):
  """What an update tells of itself."""

  actor_loss: tf.Tensor
  critic_loss: tf.Tensor
  q_mean: tf.Tensor  # of the second critic, over the batch
  largest_reward: tf.Tensor  # |r| over the batch


@gin.configurable(denylist=['observation_size', 'action_size', 'observations'])
class Td3BcAgent(actor_critic.ActorCriticAgent, td3_agent.Td3Agent):
  """Twin delayed DDPG with a normalised value and a behaviour-cloning term.

  Networks, targets and policies are TF-Agents'. Its training step is not: it
  does not keep target actions within their bounds, updates the targets at
  other steps than the actor, and pays for the actor's loss at every step.

  Args:
    observation_size: O.
    action_size: A.
    observations: [N, O], of the demonstrations, for `make_encoding`.
    make_optimizer: maps `learning_rate=` to an optimiser, of the actor and of
      the critics.
    learning_rate: of both.
    actor_learning_rate: of the actor in its place; None for the same.
    hidden: units of each hidden layer.
    gamma: discount.
    tau: share of the networks that their targets take up at an update.
    alpha: weight of the normalised value in the actor's loss.
    bc_weight: of the mean squared error on expert rows, over rows and actions.
    clone_weight: of the mean squared difference from the clone's action, over
      all rows of a batch and actions: see `tfirl.SacAgent`.
    policy_update_period: updates from one of actor and targets to the next.
    policy_noise: std of the target action's noise.
    policy_noise_clip: bound of that noise.
    exploration_noise: std of the noise of sampled actions.
    critic_clip_norm: bound of the gradient's norm over both critics; None for
      none.
    critic_layer_norm: normalise the critics' hidden layers.
    weight_decay: L2, added to all gradients after that.
    use_ema: act by the exponential moving average of the actor's weights.
    ema_decay: how much of itself that average keeps at an update.

  Raises:
    ValueError: a parameter is out of its range.
  """

  _make_actor = staticmethod(actor_lib.make_deterministic_actor)
  _gin_name = 'Td3BcAgent'
  _mean_q = _expert = None  # of the update under way, as it is traced

  @checks.checked
  def __init__(
    self,
    observation_size: int,
    action_size: int,
    observations: np.ndarray | None = None,
    *,
    make_optimizer: checks.MakeOptimizer = gin.REQUIRED,
    learning_rate: checks.NonNegative = gin.REQUIRED,
    actor_learning_rate: checks.NonNegative | None = None,
    hidden: Sequence[checks.Count] = (256, 256),
    gamma: checks.Share = gin.REQUIRED,
    tau: checks.Share = gin.REQUIRED,
    alpha: checks.Positive = 2.5,
    bc_weight: checks.NonNegative = 0.0,
    clone_weight: checks.NonNegative = 0.0,
    policy_update_period: checks.Count = 2,
    policy_noise: checks.NonNegative = 0.2,
    policy_noise_clip: checks.NonNegative = 0.5,
    exploration_noise: checks.NonNegative = 0.1,
    critic_clip_norm: checks.Positive | None = None,
    critic_layer_norm: bool = False,
    weight_decay: checks.NonNegative = 0.0,
    use_ema: bool = False,
    ema_decay: checks.Decay = 0.9998,
  ):
    """Makes the networks, their targets and optimisers."""
    self._encoding = encoding.make_encoding(observations)
    super().__init__(
      **self._make_networks(
        observation_size, action_size, hidden, critic_layer_norm
      ),
      make_optimizer=make_optimizer,
      learning_rate=learning_rate,
      actor_learning_rate=actor_learning_rate,
      exploration_noise_std=exploration_noise,
      target_update_tau=tau,
      gamma=gamma,
      target_policy_noise=policy_noise,
      target_policy_noise_clip=policy_noise_clip,
      bc_weight=bc_weight,
      clone_weight=clone_weight,
      use_ema=use_ema,
      ema_decay=ema_decay,
    )
    self._alpha, self._policy_update_period = alpha, policy_update_period
    self._critic_clip_norm, self._weight_decay = critic_clip_norm, weight_decay
    self._actor_loss = tf.Variable(0.0, trainable=False, name='actor_loss')

  def named_losses(self, info: tf_agent.LossInfo) -> dict[str, tf.Tensor]:
    """What `train` returned, under the names of metrics.csv."""
    return info.extra._asdict()

  def mlp_policy(self) -> acting.MlpPolicy:
    """The current policy in NumPy, the averaged one with `use_ema`; its samples
    have exploration noise.
    """
    return actor_lib.mlp_policy(
      self._acting_weights,
      self.action_spec.shape[0],
      self._exploration_noise_std,
      self._encoding,
    )

  def sample_actions(self, observation):
    """Explores at observations [B, O], in a graph. Returns [B, A]."""
    action = self._mean_action(self._actor_network, observation)
    noise = self._exploration_noise_std * tf.random.stateless_normal(
      tf.shape(action), seed=self._noise.next_seed()
    )
    return tf.clip_by_value(action + noise, -1.0, 1.0)

  def _actor_layers(self, layers: acting.Layers) -> acting.Layers:
    return actor_lib.without_std(layers, self.action_spec.shape[0])

  def _train(
    self, experience, weights=None, expert: types.Transition | None = None
  ):
    if weights is not None:
      raise ValueError('Td3BcAgent.train: found weights; expected none')
    self._check_expert_rows(expert)
    self._expert = expert
    time_steps, action_steps, next_time_steps = self._as_transition(experience)
    critic_loss = self._descend_critics(
      time_steps, action_steps.action, next_time_steps, self._critic_clip_norm
    )
    tf.debugging.check_numerics(critic_loss, 'Critic loss is inf or nan.')
    self.train_step_counter.assign_add(1)

    def train_actor():
      loss = self._descend_actor(lambda: self.actor_loss(time_steps))
      tf.debugging.check_numerics(loss, 'Actor loss is inf or nan.')
      self._actor_loss.assign(loss)
      return tf.no_op()

    def update_target():
      self._update_target()
      return tf.no_op()

    # As its authors have it: first at update `policy_update_period`.
    is_due = self.train_step_counter % self._policy_update_period == 0
    tf.cond(is_due, train_actor, tf.no_op)
    tf.cond(is_due, update_target, tf.no_op)
    self._update_average()
    # Between the actor's updates: that of the latest.
    extra = Td3BcInfo(
      self._actor_loss.read_value(),
      critic_loss,
      self._mean_q,
      tf.reduce_max(tf.abs(next_time_steps.reward)),
    )
    self._mean_q = self._expert = None
    return tf_agent.LossInfo(extra.actor_loss + critic_loss, extra)

  def _value_error(self, time_steps, actions, next_time_steps) -> tf.Tensor:
    """Both critics' mean squared error to the smaller target's value.

    Target: r + gamma * discount * min Q'(s', clip(pi'(s') + clipped noise)).
    Fujimoto et al. 2018, algorithm 1.
    """
    observation = next_time_steps.observation
    action = self._mean_action(self._target_actor_network, observation)
    action = td3.smoothed_action(
      action,
      tf.random.stateless_normal(
        tf.shape(action),
        seed=self._noise.next_seed(),
        stddev=self._target_policy_noise,
      ),
      self._target_policy_noise_clip,
    )
    value = tf.minimum(
      self._target_critic_network_1((observation, action))[0],
      self._target_critic_network_2((observation, action))[0],
    )
    discount = self._gamma * next_time_steps.discount
    target = tf.stop_gradient(next_time_steps.reward + discount * value)
    loss = 0.0
    for critic in (self._critic_network_1, self._critic_network_2):
      value, _ = critic((time_steps.observation, actions))
      loss += tf.reduce_mean(tf.math.squared_difference(value, target))
    self._mean_q = tf.reduce_mean(value)
    return loss

  def actor_loss(self, time_steps: ts.TimeStep, weights=None, training=True):
    """The normalised value of the actor's actions to the first critic +
    `_holding_loss`.
    """
    del weights, training
    observation = time_steps.observation
    action = self._mean_action(self._actor_network, observation)
    values, _ = self._critic_network_1((observation, action))
    loss = td3.normalized_value_loss(values, self._alpha)
    return loss + self._holding_loss(observation, action, self._expert)

  def _mean_action(self, actor, observation) -> tf.Tensor:
    """[B, O] -> [B, A] in [-1, 1]."""
    return actor(observation)[0]

  def _apply_gradients(self, gradients, variables, optimizer) -> None:
    if self._weight_decay:
      gradients = [
        gradient + self._weight_decay * variable
        for gradient, variable in zip(gradients, variables, strict=True)
      ]
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
