"""What the agents of the games share, whatever their losses."""

from collections.abc import Callable, Sequence
from typing import Any

import gin
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.specs import tensor_spec
from tf_agents.trajectories import time_step as ts

from tfirl import acting, checks, types
from tfirl.agents import noise
from tfirl.losses import behavior_cloning
from tfirl.networks import critic as critic_lib

gin.external_configurable(
  tf.keras.optimizers.legacy.Adam, module='tf.keras.optimizers.legacy'
)


def make_specs(observation_size: int, action_size: int):
  """(time step spec, action spec) of O float32 numbers and [-1, 1]^A."""
  observation = tensor_spec.TensorSpec([observation_size], tf.float32)
  action = tensor_spec.BoundedTensorSpec([action_size], tf.float32, -1.0, 1.0)
  return ts.time_step_spec(observation), action


class ActorCriticAgent(tf_agent.TFAgent):
  """A first base class; the second is an agent of TF-Agents with two critics.

  It makes the policy: the generator of GAIL and DAC.

  A subclass has `_gin_name`, `_encoding`, `_make_actor`, which maps
  (observation spec, action spec, hidden, encoding) to one,
  `_mean_action(actor, observation)`, `_value_error(time_steps, actions,
  next_time_steps)`, the loss of both critics, and `_actor_layers(layers)`,
  which makes its kind of actor's layers of either kind's; it may have other
  critics by `_make_critic`; its `_train` starts
  with `_check_expert_rows`, adds `_holding_loss` to the actor's, and ends with
  `_update_average`.

  Args:
    *args: TF-Agents'.
    make_optimizer: make_optimizer(learning_rate=...) makes the actor's and
      the critics' optimiser.
    learning_rate: of both.
    actor_learning_rate: the actor's, if it is another; None for the same.
    bc_weight: multiplies the behaviour-cloning loss on expert rows.
    clone_weight: multiplies the same loss to the clone's actions, on all rows
      of a batch. The clone is the actor as `take_clone` found it last, which
      `initialize` calls.
    use_ema: act by the exponential moving average of the actor's weights.
    ema_decay: what that keeps of itself at each update.
    **kwargs: TF-Agents'.

  Attributes:
    needs_reward: whether the rows of `train` must carry one.
    learning_rate_scale: [] variable; multiplies the learning rate of every
      optimiser. The algorithm moves it between rounds.
    actor_scale: [] variable; multiplies that of the actor's, and of what goes
      with it, once more. At 0 only critics learn.
    bc_scale: [] variable; multiplies `bc_weight`.
    clone_scale: [] variable; multiplies `clone_weight`.

  Raises:
    ValueError: only the actor is to learn: `learning_rate` is 0.
  """

  needs_reward = True

  def __init__(
    self,
    *args,
    make_optimizer: Callable,
    learning_rate: float,
    actor_learning_rate: float | None,
    bc_weight: float,
    clone_weight: float,
    use_ema: bool,
    ema_decay: float,
    **kwargs,
  ):
    """Makes the optimisers, and what an agent of TF-Agents needs."""
    super().__init__(
      *args,
      actor_optimizer=make_optimizer(learning_rate=self._actor_learning_rate),
      critic_optimizer=make_optimizer(learning_rate=self._scaled_learning_rate),
      # TF-Agents' default is one counter for all agents of a process.
      train_step_counter=tf.Variable(0, trainable=False, dtype=tf.int64),
      **kwargs,
    )
    self.learning_rate_scale = tf.Variable(
      1.0, trainable=False, name='learning_rate_scale'
    )
    self.actor_scale = tf.Variable(1.0, trainable=False, name='actor_scale')
    self.bc_scale = tf.Variable(1.0, trainable=False, name='bc_scale')
    self.clone_scale = tf.Variable(1.0, trainable=False, name='clone_scale')
    self._learning_rate = learning_rate
    self._actor_ratio = self._ratio(actor_learning_rate, learning_rate)
    self._noise = noise.NoiseStream()
    self._bc_weight, self._clone_weight = bc_weight, clone_weight
    self._clone_network = None
    if clone_weight > 0.0:
      self._clone_network = self._actor_network.copy(name='clone')
      self._clone_network.create_variables()
    averaged = self._actor_network.variables if use_ema else []
    self._average = [
      tf.Variable(weight, trainable=False) for weight in averaged
    ]
    self._ema_decay = ema_decay
    self.initialize()
    # Slots now, not at the first update: a tf.function then traces only once.
    self._actor_optimizer._create_all_weights(
      self._actor_network.trainable_variables
    )
    self._critic_optimizer._create_all_weights(self._critic_variables)

  def _make_networks(
    self,
    observation_size: int,
    action_size: int,
    hidden: Sequence[int],
    critic_layer_norm: bool,
  ) -> dict[str, Any]:
    """Specs, actor and both critics, by the names of TF-Agents' parameters.

    All three have layers of `hidden` units and the agent's encoding.
    """
    time_step_spec, action_spec = make_specs(observation_size, action_size)
    shape = time_step_spec.observation, action_spec, hidden
    return {
      'time_step_spec': time_step_spec,
      'action_spec': action_spec,
      'actor_network': self._make_actor(*shape, self._encoding),
      'critic_network': self._make_critic(*shape, critic_layer_norm),
      'critic_network_2': self._make_critic(*shape, critic_layer_norm),
    }

  def _make_critic(self, observation_spec, action_spec, hidden, layer_norm):
    return critic_lib.make_critic(
      observation_spec, action_spec, hidden, layer_norm, self._encoding
    )

  @property
  def uses_expert_rows(self) -> bool:
    """Whether `train` needs `expert=`, a Transition of expert rows."""
    return self._bc_weight > 0.0

  @property
  def holding_weights(self) -> dict[str, float]:
    """By name, `bc_weight` and `clone_weight` as their scales are now; those
    that are 0 whatever the scale are left out.
    """
    weights = {
      'bc_weight': (self._bc_weight, self.bc_scale),
      'clone_weight': (self._clone_weight, self.clone_scale),
    }
    return {
      name: weight * float(scale)
      for name, (weight, scale) in weights.items()
      if weight > 0.0
    }

  def clone(self, expert: types.Transition) -> tf.Tensor:
    """One step of behaviour cloning on expert rows [B, ...]. Returns the loss.

    The average, and a target of the actor, stay behind until `initialize` makes
    them equal again.
    """
    return self._descend_actor(lambda: self._cloning_loss(expert))

  def train_critics(self, experience) -> tf.Tensor:
    """One step of the critics alone, by their whole gradient, then of targets.

    Args: `experience` has rewards.
    Returns: the critics' loss.
    """
    time_steps, action_steps, next_time_steps = self._as_transition(experience)
    loss = self._descend_critics(
      time_steps, action_steps.action, next_time_steps
    )
    self._update_target()
    return loss

  @property
  def gamma(self) -> float:
    """The discount."""
    return self._gamma

  def values(self, observation, action) -> tf.Tensor:
    """The critics' lower value [B] of observations [B, O], actions [B, A]."""
    inputs = tf.convert_to_tensor(observation), tf.convert_to_tensor(action)
    values = [
      critic(inputs, step_type=(), network_state=())[0]
      for critic in (self._critic_network_1, self._critic_network_2)
    ]
    return tf.minimum(*values)

  def reset_optimizers(self) -> None:
    """The actor's and the critics' optimisers begin anew; weights stay."""
    for optimizer in (self._actor_optimizer, self._critic_optimizer):
      for variable in optimizer.variables():
        variable.assign(tf.zeros_like(variable))

  def restart_average(self) -> None:
    """The average of the actor's weights, if there is one, begins anew."""
    for mean, weight in self._averaged_weights():
      mean.assign(weight)

  def take_clone(self) -> None:
    """What `clone_weight` holds the actor to is the actor as it is now."""
    if self._clone_network is not None:
      weights = self._actor_network.variables
      for its, ours in zip(self._clone_network.variables, weights, strict=True):
        its.assign(ours)

  def start_from(self, layers: acting.Layers) -> None:
    """Gives the actor, and what follows it, the weights of another policy.

    Raises: ValueError if the layers are of other sizes.
    """
    variables = self._actor_network.variables
    weights = [w for layer in self._actor_layers(layers) for w in layer]
    found = [weight.shape for weight in weights]
    expected = [tuple(variable.shape) for variable in variables]
    if found != expected:
      raise ValueError(
        f'found a policy of kernels {found[::2]}; this agent has '
        f'{expected[::2]}: expected one of the same task, hidden layers and '
        'encoding'
      )
    for variable, weight in zip(variables, weights, strict=True):
      variable.assign(weight)
    self.initialize()

  def _descend_actor(self, loss_fn: Callable[[], tf.Tensor]) -> tf.Tensor:
    """One step of the actor's optimiser. Returns the loss before it."""
    variables = self._actor_network.trainable_variables
    return self._descend(loss_fn, variables, self._actor_optimizer)

  def _descend_critics(
    self, time_steps, actions, next_time_steps, clip_norm: float | None = None
  ) -> tf.Tensor:
    """One step of both critics. Returns their loss before it."""

    def loss_fn():
      return self._value_error(time_steps, actions, next_time_steps)

    variables = self._critic_variables
    return self._descend(loss_fn, variables, self._critic_optimizer, clip_norm)

  def _descend(self, loss_fn, variables, optimizer, clip_norm=None):
    with tf.GradientTape() as tape:
      loss = loss_fn()
    gradients = tape.gradient(loss, variables)
    if clip_norm is not None:
      gradients, _ = tf.clip_by_global_norm(gradients, clip_norm)
    self._apply_gradients(gradients, variables, optimizer)
    return loss

  def _cloning_loss(self, expert: types.Transition) -> tf.Tensor:
    return self._bc_loss(expert)

  @property
  def _critic_variables(self) -> list[tf.Variable]:
    return [
      *self._critic_network_1.trainable_variables,
      *self._critic_network_2.trainable_variables,
    ]

  @property
  def _acting_weights(self) -> list[tf.Variable]:
    """The actor's, or their average with `use_ema`."""
    return self._average or self._actor_network.variables

  def _scaled_learning_rate(self) -> tf.Tensor:
    return self._learning_rate * self.learning_rate_scale

  def _ratio(self, actor_learning_rate: float | None, others: float) -> float:
    """The actor's learning rate, as a factor of the others'."""
    if actor_learning_rate is None:
      return 1.0
    checks.require(
      f'{self._gin_name}.actor_learning_rate',
      actor_learning_rate,
      'None or 0, as learning_rate is 0',
      others > 0 or not actor_learning_rate,
    )
    return actor_learning_rate / others if others else 1.0

  def _actor_learning_rate(self) -> tf.Tensor:
    return self._actor_ratio * self._scaled_learning_rate() * self.actor_scale

  def _holding_loss(
    self,
    observation: tf.Tensor,
    action: tf.Tensor,
    expert: types.Transition | None,
  ) -> tf.Tensor | float:
    """What holds the actor to the expert and to its clone.

      bc_weight * mean (mean action(s) - a)^2, over expert rows and actions, +
      clone_weight * mean (`action` - the clone's mean action)^2,

    over `observation` [B, O] and actions: `action` [B, A] is the actor's mean
    one there.

    The latter is behaviour regularisation (Wu et al. 2019).
    """
    loss = 0.0
    if self._bc_weight > 0.0:
      loss += self._bc_weight * self.bc_scale * self._bc_loss(expert)
    if self._clone_network is not None:
      difference = behavior_cloning.behavior_cloning_loss(
        action, self._mean_action(self._clone_network, observation)
      )
      loss += self._clone_weight * self.clone_scale * difference
    return loss

  def _bc_loss(self, expert: types.Transition) -> tf.Tensor:
    return behavior_cloning.behavior_cloning_loss(
      self._mean_action(self._actor_network, expert.observation), expert.action
    )

  def _initialize(self) -> None:
    super()._initialize()
    self.restart_average()
    self.take_clone()

  def _update_average(self) -> None:
    for mean, weight in self._averaged_weights():
      mean.assign_add((1.0 - self._ema_decay) * (weight - mean))

  def _averaged_weights(self):
    """Pairs (average, weight); none without `use_ema`."""
    return zip(self._average, self._actor_network.variables, strict=False)

  def _check_expert_rows(self, expert: types.Transition | None) -> None:
    if self.uses_expert_rows and expert is None:
      raise ValueError(
        f'{self._gin_name}.bc_weight is {self._bc_weight}, but train() was '
        'given no expert rows; expected expert=Transition'
      )
