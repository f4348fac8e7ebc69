"""TF-Agents' SAC at the settings of the hybrid IRL papers, plus a BC term."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import gin
import numpy as np
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.agents.sac import sac_agent

from tfirl import acting, checks, types
from tfirl.agents import actor_critic
from tfirl.losses import behavior_cloning
from tfirl.networks import actor as actor_lib
from tfirl.networks import encoding


class SacInfo(NamedTuple):
  """TF-Agents' `SacLossInfo`, and what else an update tells of itself."""

  critic_loss: tf.Tensor
  actor_loss: tf.Tensor
  alpha_loss: tf.Tensor
  q_mean: tf.Tensor  # of the second critic, over the batch
  entropy: tf.Tensor  # -log pi(a | s) / A, of samples; log 2 if uniform
  largest_reward: tf.Tensor  # |r| over the batch; nan if it has none


# TF-Agents registers a SacAgent of its own.
@gin.configurable(
  'tfirl.SacAgent',
  denylist=['observation_size', 'action_size', 'observations'],
)
class SacAgent(actor_critic.ActorCriticAgent, sac_agent.SacAgent):
  """Soft actor-critic (Haarnoja et al. 2018), temperature learned.

  Args:
    observation_size: O.
    action_size: A.
    observations: [N, O], of the demonstrations, for `make_encoding`.
    make_optimizer: maps `learning_rate=` to an optimiser, of the actor and of
      the critics; the temperature's is Adam.
    learning_rate: of all three.
    scale_alpha_rate: let `learning_rate_scale` of an algorithm move the
      temperature's rate as it moves the others'.
    actor_learning_rate: of actor and temperature in its place; None for the
      same.
    hidden: units of each hidden layer.
    gamma: discount.
    tau: share of the critics that their targets take up at an update.
    target_update_period: updates from one of the targets to the next.
    target_entropy: the temperature's goal; None for -A.
    fixed_alpha: the temperature; None to learn it.
    initial_alpha: where it is learned from.
    clone_std: how wide a cloned actor's samples are, on actions of [-1, 1].
    bc_weight: of the mean squared error on expert rows, over rows and actions.
    clone_weight: of the mean squared difference from the clone's action, over
      all rows of a batch and actions: what holds the actor where no expert has
      been (behaviour regularisation, Wu et al. 2019). The clone is the actor as
      the game found it, of an earlier run's policy if it starts as that.
    critic_layer_norm: normalise the critics' hidden layers.
    use_ema: act by the exponential moving average of the actor's weights.
    ema_decay: how much of itself that average keeps at an update.

  Raises:
    ValueError: a parameter is out of its range.
  """

  _make_actor = staticmethod(actor_lib.make_gaussian_actor)
  _gin_name = 'tfirl.SacAgent'

  @checks.checked
  def __init__(
    self,
    observation_size: int,
    action_size: int,
    observations: np.ndarray | None = None,
    *,
    make_optimizer: checks.MakeOptimizer = gin.REQUIRED,
    learning_rate: checks.NonNegative = gin.REQUIRED,
    scale_alpha_rate: bool = True,
    actor_learning_rate: checks.NonNegative | None = None,
    hidden: Sequence[checks.Count] = (256, 256),
    gamma: checks.Share = gin.REQUIRED,
    tau: checks.Share = gin.REQUIRED,
    target_update_period: checks.Count = 1,
    target_entropy: float | None = None,
    fixed_alpha: checks.Positive | None = None,
    initial_alpha: checks.Positive = 1.0,
    clone_std: checks.Positive = 0.1,
    bc_weight: checks.NonNegative = 0.0,
    clone_weight: checks.NonNegative = 0.0,
    critic_layer_norm: bool = False,
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
      **self._temperature(fixed_alpha, initial_alpha),
      target_update_tau=tau,
      target_update_period=target_update_period,
      td_errors_loss_fn=self._squared_error,
      gamma=gamma,
      target_entropy=-action_size if target_entropy is None else target_entropy,
      bc_weight=bc_weight,
      clone_weight=clone_weight,
      use_ema=use_ema,
      ema_decay=ema_decay,
    )
    self._scale_alpha_rate, self._clone_std = scale_alpha_rate, clone_std
    self._alpha_optimizer._create_all_weights([self._log_alpha])
    self._forget_update()

  def _forget_update(self) -> None:
    """Lets go of what is known of the update under way as it is traced."""
    self._expert = self._mean_q = self._log_prob = self._mode = None

  def _temperature(
    self, fixed: float | None, initial: float
  ) -> dict[str, float | tf.keras.optimizers.legacy.Optimizer]:
    """What moves it, and from where, by the names of TF-Agents' parameters."""
    rate = self._alpha_learning_rate if fixed is None else 0.0
    return {
      'alpha_optimizer': tf.keras.optimizers.legacy.Adam(rate),
      'initial_log_alpha': math.log(fixed or initial),
    }

  @property
  def alpha(self) -> tf.Tensor:
    """The temperature, []."""
    return tf.exp(self._log_alpha)

  def named_losses(self, info: tf_agent.LossInfo) -> dict[str, tf.Tensor]:
    """What `train` returned, under the names of metrics.csv."""
    extra = info.extra._asdict()
    if not self.needs_reward:
      del extra['largest_reward']
    return {**extra, 'alpha': self.alpha}

  def mlp_policy(self) -> acting.MlpPolicy:
    """The current policy in NumPy; the averaged one with `use_ema`."""
    return actor_lib.mlp_policy(
      self._acting_weights,
      self.action_spec.shape[0],
      encoding=self._encoding,
    )

  def sample_actions(self, observation):
    """Samples pi(a | s) of observations [B, O], in a graph. Returns [B, A]."""
    return self._sample(observation)[0]

  def _actor_layers(self, layers: acting.Layers) -> acting.Layers:
    return actor_lib.with_std(
      layers, self.action_spec.shape[0], self._clone_std
    )

  def _train(
    self, experience, weights=None, expert: types.Transition | None = None
  ):
    self._check_expert_rows(expert)
    self._expert = expert
    info = super()._train(experience, weights)
    extra = SacInfo(
      info.extra.critic_loss,
      info.extra.actor_loss,
      info.extra.alpha_loss,
      self._mean_q,
      -self._log_prob / self.action_spec.shape[0],
      largest_reward(experience),
    )
    self._forget_update()
    self._update_average()
    return info._replace(extra=extra)

  def actor_loss(self, time_steps, weights=None, training=True):
    """SAC's actor loss + `_holding_loss`."""
    loss = super().actor_loss(time_steps, weights, training)
    return loss + self._holding_loss(
      time_steps.observation, self._mode, self._expert
    )

  def _actions_and_log_probs(self, time_steps, training=False):
    """TF-Agents' samples pi(a | s) and log pi, by noise of our own."""
    del training  # the networks have no layer that minds
    distribution = self._distribution(time_steps.observation)
    actions, log_probs = actor_lib.sample_and_log_prob(
      distribution, self._noise.next_seed()
    )
    self._mode, self._log_prob = distribution.mode(), tf.reduce_mean(log_probs)
    return actions, log_probs

  def _squared_error(self, target, value) -> tf.Tensor:
    """[B]; takes note of a critic's values."""
    self._mean_q = tf.reduce_mean(value)
    return tf.math.squared_difference(target, value)

  def _alpha_learning_rate(self) -> tf.Tensor:
    if self._scale_alpha_rate:
      return self._actor_learning_rate()
    return self._actor_ratio * self._learning_rate * self.actor_scale

  def _value_error(self, time_steps, actions, next_time_steps) -> tf.Tensor:
    # As TF-Agents weighs it: critics alone take steps as long as all do.
    return self._critic_loss_weight * self.critic_loss(
      time_steps,
      actions,
      next_time_steps,
      td_errors_loss_fn=self._td_errors_loss_fn,
      gamma=self._gamma,
      training=True,
    )

  def _cloning_loss(self, expert: types.Transition) -> tf.Tensor:
    """Mean (a_sample - a)^2 + 2 clone_std^2 / A log pi(a_sample), expert rows.

    A regression of the mode alone leaves the samples, which act in the game, as
    wide as at first. This one has its minimum, by a standard deviation, at
    `clone_std`.
    """
    action, log_prob = self._sample(expert.observation)
    loss = behavior_cloning.behavior_cloning_loss(action, expert.action)
    # The mean error is a sum over actions / A: the log density must be, too.
    weight = 2.0 * self._clone_std**2 / self.action_spec.shape[0]
    return loss + weight * tf.reduce_mean(log_prob)

  def _mean_action(self, actor, observation) -> tf.Tensor:
    return _distribution(actor, observation).mode()

  def _sample(self, observation):
    """a [B, A] and log pi(a | s) [B] of observations [B, O]."""
    return actor_lib.sample_and_log_prob(
      self._distribution(observation), self._noise.next_seed()
    )

  def _distribution(self, observation):
    """pi(. | s) of observations [B, O]."""
    return _distribution(self._actor_network, observation)


def largest_reward(experience) -> tf.Tensor:
  """The largest |r| of a batch, []."""
  return tf.reduce_max(tf.abs(experience.next_time_step.reward))


def _distribution(actor, observation):
  """An actor's actions at observations [B, O]."""
  # An MLP asks for a step's type and a state, and uses neither.
  return actor(observation, step_type=(), network_state=())[0]
