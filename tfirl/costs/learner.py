"""The cost player: lowers a loss of f, such as the gap, plus a penalty."""

from collections.abc import Callable, Mapping
from typing import Annotated

import gin
import numpy as np
import tensorflow as tf

from tfirl import acting, checks, schedules
from tfirl.costs import episode_rows, user_functions
from tfirl.losses import cost_losses
from tfirl.losses.gradient_penalty import gradient_penalty, interpolate
from tfirl.losses.moment_matching import moment_matching_loss
from tfirl.networks.cost import CostNetwork
from tfirl.optimizers.optimistic_adam import OptimisticAdam

# A mean over more is as good.
_MOST_ROWS_OF_LEVEL = 8192
_MakeLevel = Annotated[
  Callable,
  checks.Called(
    'called without arguments for a level, such as @AbsorbingLevel', 0
  ),
]


@gin.configurable(
  denylist=['observation_size', 'action_size', 'seed', 'encoding']
)
class CostLearner(tf.Module):
  """Learns the cost f(s, a) against the policy, whose reward it makes.

  The discriminator of GAIL and DAC.

  A `tf.train.Checkpoint` of this object holds the network, the optimiser, the
  round counter and the level of the reward; `get_state` / `set_state` hold the
  state of NumPy's draws.

  Source: Ren et al., "Hybrid Inverse Reinforcement Learning", 2024, and the
  settings of the authors' runs (gradient penalty's target norm 0.4).

  Args:
    observation_size: O.
    action_size: A.
    seed: of the weights and of the rows drawn.
    encoding: of observations, for the network.
    learning_rate: before `learning_rate_scale`.
    batch_size: rows drawn from each side at every update.
    loss_fn: what is lowered: maps costs of learner and expert, both [B], to a
      scalar; @logistic_loss (GAIL, DAC), @least_squares_loss or a user's own.
    reward_transform: maps costs [B] to rewards [B], before their level:
      @rewards.negative, .gail, .log_expert, .clipped_quadratic or a user's.
    gp_weight: weight of the gradient penalty.
    gp_target: gradient norm that the penalty pulls to, by observations in their
      own units: the larger these are, the larger are the rewards.
    fresh_optimizer: forget the optimiser's moments before every round.
    learning_rate_scale: maps the round k = 0, 1, ... to a factor of the rate;
      1 / k if not given.
    weight_decay: L2 coefficient.
    match_time: draw the expert's rows at the times of the learner's rows
      (`episode_rows.time_weights`), not evenly.
    make_level: makes what the level of the reward is, such as @FixedLevel
      or @AbsorbingLevel; None for the reward as it is.

  Raises:
    ValueError: a parameter is out of its range, or `loss_fn` or
      `reward_transform` is no such function.
  """

  @checks.checked
  def __init__(
    self,
    observation_size: int,
    action_size: int,
    seed: int,
    encoding: acting.Encoding | None = None,
    learning_rate: checks.Positive = 8e-4,
    batch_size: checks.Count = 4096,
    loss_fn: Callable = moment_matching_loss,
    reward_transform: Callable = cost_losses.negative,
    gp_weight: checks.NonNegative = 10.0,
    gp_target: checks.NonNegative = 0.4,
    fresh_optimizer: bool = True,
    learning_rate_scale: checks.Schedule = schedules.harmonic,
    weight_decay: checks.NonNegative = 0.0,
    match_time: bool = False,
    make_level: _MakeLevel | None = None,
  ):
    """Creates the cost network (gin: `CostNetwork`) and its optimiser."""
    super().__init__('cost_learner')
    user_functions.check_loss(loss_fn)
    user_functions.check_reward(reward_transform)
    network_seed, rng_seed = np.random.SeedSequence(seed).spawn(2)
    self.network = CostNetwork(
      observation_size, action_size, network_seed, encoding
    )
    self._initial_learning_rate = learning_rate
    self._learning_rate_scale = learning_rate_scale
    self._learning_rate = tf.Variable(
      self._rate_of_round(0),
      trainable=False,
      dtype=tf.float32,
      name='learning_rate',
    )
    self._optimizer = OptimisticAdam(
      self._learning_rate, weight_decay=weight_decay
    )
    self._optimizer.build(self.network.trainable_variables)
    self._rounds = tf.Variable(0, trainable=False, dtype=tf.int64)
    self._rng = np.random.default_rng(rng_seed)
    self._match_time = match_time
    self._level = None if make_level is None else make_level()
    self._shift = tf.Variable(0.0, trainable=False, name='shift')
    self._factor = tf.Variable(1.0, trainable=False, name='factor')
    self._batch_size = batch_size
    self._loss_fn = loss_fn
    self._reward_transform = reward_transform
    self._gp_weight = gp_weight
    self._gp_target = gp_target
    self._fresh_optimizer = fresh_optimizer

  @property
  def reward_transform(self) -> Callable:
    """Maps costs [B] to rewards [B], before their level."""
    return self._reward_transform

  @property
  def level(self) -> np.ndarray:
    """What is added to them, before their factor, [] float32."""
    return self._shift.numpy()

  @property
  def num_rounds(self) -> int:
    """How many rounds were played: the k of the next one."""
    return int(self._rounds.numpy())

  def reward_fn(self, observation, action):
    """`reward_transform` of f, [B], shifted to its level, times its factor, of
    observation [B, O] and action [B, A]; also in a graph.
    """
    cost = self.network(observation, action)
    return self._factor * (self._shift + self._reward_transform(cost))

  def update(self, learner, expert, num_updates=1) -> dict[str, float]:
    """Plays one round: `num_updates` steps, each on newly drawn rows.

    Args:
      learner: `EpisodeRows` [M, ...] of what the policy did, in NumPy: the
        latest of training, or rollouts.
      expert: the expert's, [N, ...]. Rows are drawn without replacement where
        there are at least `batch_size` that weigh alike, else with.
      num_updates: optimiser steps.

    Returns:
      Means over the round's updates, before each step: `loss` = that of
      `loss_fn` + gp_weight * `penalty`, `cost_learner`, `cost_expert` (means of
      f), `gap` between them whatever the loss, `auc`, the chance that a row of
      the learner's costs more than one of the expert's (ties count half), the
      round's `learning_rate`, and the columns of the level, if there is one.

    Raises:
      ValueError: one side has no rows, or there is no update.
      FloatingPointError: the loss is not finite; the network was changed by it.
    """
    checks.integer('num_updates', num_updates, 1)
    num_round = self.num_rounds
    learning_rate = self._rate_of_round(num_round)
    self._learning_rate.assign(learning_rate)
    if self._fresh_optimizer:
      self._optimizer.reset()
    _check_rows('learner', learner)
    _check_rows('expert', expert)
    weights = (
      episode_rows.time_weights(learner, expert) if self._match_time else None
    )
    totals = np.zeros(6)
    for _ in range(num_updates):
      learner_rows = self._draw(learner)
      expert_rows = self._draw(expert, weights)
      weight = self._rng.random((self._batch_size, 1), np.float32)
      totals += self._step(*learner_rows, *expert_rows, weight).numpy()
    names = ('loss', 'gap', 'penalty', 'cost_learner', 'cost_expert', 'auc')
    means = (totals / num_updates).tolist()
    metrics = dict(zip(names, means, strict=True))
    if not np.isfinite(metrics['loss']):
      raise FloatingPointError(
        f'Cost round {num_round}: found {metrics}; expected a finite loss'
      )
    self._rounds.assign_add(1)
    level = self._update_level(learner, expert)
    return {**metrics, **level, 'learning_rate': learning_rate}

  def _rate_of_round(self, num_round: int) -> float:
    scale = checks.scheduled(
      'CostLearner.learning_rate_scale',
      self._learning_rate_scale,
      num_round,
      checks.NonNegative,
    )
    return self._initial_learning_rate * scale

  def take_level(self, expert) -> None:
    """Shifts the reward to its level, before the first turn."""
    if self._level is not None:
      self._shift_to(np.mean(self._costs(expert)))

  def _update_level(self, learner, expert) -> Mapping[str, float]:
    """After a turn. Returns: named numbers of the level."""
    if self._level is None:
      return {}
    cost_learner, cost_expert = self._costs(learner), self._costs(expert)
    columns = self._level.update(cost_learner, cost_expert, learner, expert)
    self._shift_to(np.mean(cost_expert))
    return columns

  def _shift_to(self, cost_expert: float) -> None:
    self._shift.assign(cost_expert + self._level.above_expert())
    self._factor.assign(self._level.factor())

  def _costs(self, rows) -> np.ndarray:
    """The negative of the unshifted reward, f unless transformed, of some
    rows, evenly spaced among all, [M].
    """
    some = slice(None, None, -(-len(rows.observation) // _MOST_ROWS_OF_LEVEL))
    cost = self.network(rows.observation[some], rows.action[some])
    return -self._reward_transform(cost).numpy()

  def get_state(self) -> dict:
    """State of the NumPy generator, JSON-able."""
    return self._rng.bit_generator.state

  def set_state(self, state: dict) -> None:
    """Takes up what `get_state` gave."""
    self._rng.bit_generator.state = state

  def _draw(self, rows, weights=None):
    """`batch_size` rows of one side, as float32 tensors."""
    num_rows = len(rows.observation)
    picked = self._rng.choice(
      num_rows,
      self._batch_size,
      replace=weights is not None or num_rows < self._batch_size,
      p=weights,
    )
    return (
      tf.constant(np.asarray(rows.observation)[picked], tf.float32),
      tf.constant(np.asarray(rows.action)[picked], tf.float32),
    )

  @tf.function(autograph=False)
  def _step(
    self,
    learner_observation,
    learner_action,
    expert_observation,
    expert_action,
    weight,
  ):
    """One optimiser step on B rows of each side, `weight` [B, 1].

    The loss is that of the reduced cost, so with `reduce='min'` a member is
    trained on the rows where it is the least.

    Returns:
      [loss, gap, penalty, mean learner cost, mean expert cost, auc].
    """
    variables = self.network.trainable_variables
    with tf.GradientTape() as tape:
      cost_learner = self.network(learner_observation, learner_action)
      cost_expert = self.network(expert_observation, expert_action)
      gap = moment_matching_loss(cost_learner, cost_expert)
      penalty = gradient_penalty(
        self.network,
        interpolate(learner_observation, expert_observation, weight),
        interpolate(learner_action, expert_action, weight),
        self._gp_target,
      )
      loss = self._loss_fn(cost_learner, cost_expert)
      loss += self._gp_weight * penalty
    gradients = tape.gradient(loss, variables)
    self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return tf.stack(
      [
        loss,
        gap,
        penalty,
        tf.reduce_mean(cost_learner),
        tf.reduce_mean(cost_expert),
        # Rows of a batch are drawn apart: as good as all pairs.
        0.5 + 0.5 * tf.reduce_mean(tf.sign(cost_learner - cost_expert)),
      ]
    )


def _check_rows(name, rows):
  if not len(rows.observation):
    raise ValueError(
      f'CostLearner.update: {name} has no rows; expected at least one'
    )
