"""TF-Agents' SAC at the settings of the hybrid IRL papers, plus a BC term."""

import math
from collections.abc import Callable, Sequence

import gin
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.agents.sac import sac_agent
from tf_agents.specs import tensor_spec
from tf_agents.trajectories import time_step as ts

from tfirl import acting, types
from tfirl.losses import behavior_cloning
from tfirl.networks import actor as actor_lib
from tfirl.networks import critic as critic_lib

gin.external_configurable(
  tf.keras.optimizers.legacy.Adam, module='tf.keras.optimizers.legacy'
)


def make_specs(observation_size: int, action_size: int):
  """(time step spec, action spec) of O float32 numbers and [-1, 1]^A."""
  observation = tensor_spec.TensorSpec([observation_size], tf.float32)
  action = tensor_spec.BoundedTensorSpec([action_size], tf.float32, -1.0, 1.0)
  return ts.time_step_spec(observation), action


@gin.configurable('tfirl.SacAgent')  # TF-Agents registers a SacAgent of its own
class SacAgent(sac_agent.SacAgent):
  """Soft actor-critic (Haarnoja et al. 2018), temperature learned.

  Attributes:
    learning_rate_scale: [] variable; multiplies the learning rate of actor,
      critics and temperature. The algorithm moves it between rounds.
  """

  def __init__(
    self,
    observation_size: int,
    action_size: int,
    *,
    make_optimizer: Callable = gin.REQUIRED,
    learning_rate: float = gin.REQUIRED,
    hidden: Sequence[int] = (256, 256),
    gamma: float = gin.REQUIRED,
    tau: float = gin.REQUIRED,
    target_update_period: int = 1,
    target_entropy: float | None = None,
    fixed_alpha: float | None = None,
    bc_weight: float = 0.0,
    critic_layer_norm: bool = False,
    use_ema: bool = False,
    ema_decay: float = 0.9998,
  ):
    """Args: `make_optimizer(learning_rate=...)` makes the actor's and critics'
    optimiser (the temperature's is Adam); `target_entropy` is -A if None;
    `fixed_alpha` is the temperature, None to learn it; `bc_weight` multiplies
    the behaviour-cloning loss on expert rows; `critic_layer_norm` normalises
    the critics' hidden layers; `use_ema` acts by the
    exponential moving average of the actor's weights, which keeps `ema_decay`
    of itself at each update.
    """
    time_step_spec, action_spec = make_specs(observation_size, action_size)
    observation_spec = time_step_spec.observation
    scale = tf.Variable(1.0, trainable=False, name='learning_rate_scale')

    def current_learning_rate():
      return learning_rate * scale

    shape = observation_spec, action_spec, hidden
    super().__init__(
      time_step_spec,
      action_spec,
      critic_network=critic_lib.make_critic(*shape, critic_layer_norm),
      critic_network_2=critic_lib.make_critic(*shape, critic_layer_norm),
      actor_network=actor_lib.make_gaussian_actor(*shape),
      actor_optimizer=make_optimizer(learning_rate=current_learning_rate),
      critic_optimizer=make_optimizer(learning_rate=current_learning_rate),
      alpha_optimizer=tf.keras.optimizers.legacy.Adam(
        current_learning_rate if fixed_alpha is None else 0.0
      ),
      initial_log_alpha=math.log(fixed_alpha or 1.0),
      target_update_tau=tau,
      target_update_period=target_update_period,
      gamma=gamma,
      target_entropy=-action_size if target_entropy is None else target_entropy,
      # TF-Agents' default is one counter for all agents of a process.
      train_step_counter=tf.Variable(0, trainable=False, dtype=tf.int64),
    )
    self.learning_rate_scale = scale
    self._bc_weight = bc_weight
    self._expert = None
    self._ema_decay = ema_decay
    averaged = self._actor_network.variables if use_ema else []
    self._ema = [tf.Variable(weight, trainable=False) for weight in averaged]
    self.initialize()
    self._create_optimizer_slots()

  @property
  def uses_expert_rows(self) -> bool:
    """Whether `train` needs `expert=`, a Transition of expert rows."""
    return self._bc_weight > 0.0

  @property
  def alpha(self) -> tf.Tensor:
    """The temperature, []."""
    return tf.exp(self._log_alpha)

  def named_losses(self, info: tf_agent.LossInfo) -> dict[str, tf.Tensor]:
    """What `train` returned, under the names of metrics.csv."""
    return {
      'actor_loss': info.extra.actor_loss,
      'critic_loss': info.extra.critic_loss,
      'alpha_loss': info.extra.alpha_loss,
      'alpha': self.alpha,
    }

  def mlp_policy(self) -> acting.MlpPolicy:
    """The current policy in NumPy; the averaged one with `use_ema`."""
    weights = self._ema or self._actor_network.variables
    return actor_lib.mlp_policy(weights, self.action_spec.shape[0])

  def sample_actions(self, observation):
    """Samples pi(a | s) of observations [B, O], in a graph. Returns [B, A]."""
    step_type = tf.fill(tf.shape(observation)[:1], ts.StepType.MID)
    distribution, _ = self._actor_network(
      observation, step_type=step_type, network_state=(), training=False
    )
    return distribution.sample()

  def clone(self, expert: types.Transition) -> tf.Tensor:
    """One step of behaviour cloning on expert rows [B, ...]. Returns the loss.

    The averaged policy stays behind until `initialize` makes it equal again.
    """
    variables = self._actor_network.trainable_variables
    with tf.GradientTape() as tape:
      loss = self._bc_loss(expert)
    gradients = tape.gradient(loss, variables)
    self._actor_optimizer.apply_gradients(
      zip(gradients, variables, strict=True)
    )
    return loss

  def _initialize(self) -> None:
    super()._initialize()
    # Empty without `use_ema`.
    pairs = zip(self._ema, self._actor_network.variables, strict=False)
    for mean, weight in pairs:
      mean.assign(weight)

  def _create_optimizer_slots(self) -> None:
    """Now, not at the first update: a tf.function then traces only once."""
    critics = [
      *self._critic_network_1.trainable_variables,
      *self._critic_network_2.trainable_variables,
    ]
    self._critic_optimizer._create_all_weights(critics)
    self._actor_optimizer._create_all_weights(
      self._actor_network.trainable_variables
    )
    self._alpha_optimizer._create_all_weights([self._log_alpha])

  def _train(
    self, experience, weights=None, expert: types.Transition | None = None
  ):
    self._expert = expert
    loss_info = super()._train(experience, weights)
    self._expert = None
    # Empty without `use_ema`.
    pairs = zip(self._ema, self._actor_network.variables, strict=False)
    for mean, weight in pairs:
      mean.assign_add((1.0 - self._ema_decay) * (weight - mean))
    return loss_info

  def actor_loss(self, time_steps, weights=None, training=True):
    """SAC's actor loss + bc_weight * mean |mode(pi(s)) - a|^2, expert rows."""
    loss = super().actor_loss(time_steps, weights, training)
    if not self.uses_expert_rows:
      return loss
    if self._expert is None:
      raise ValueError(
        f'tfirl.SacAgent.bc_weight is {self._bc_weight}, but train() was '
        'given no expert rows; expected expert=Transition'
      )
    return loss + self._bc_weight * self._bc_loss(self._expert, training)

  def _bc_loss(self, expert: types.Transition, training=True) -> tf.Tensor:
    step_type = tf.fill(tf.shape(expert.discount), ts.StepType.MID)
    distribution, _ = self._actor_network(
      expert.observation,
      step_type=step_type,
      network_state=(),
      training=training,
    )
    return behavior_cloning.behavior_cloning_loss(
      distribution.mode(), expert.action
    )
