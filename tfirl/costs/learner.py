"""The cost player: lowers E_expert f - E_learner f plus a gradient penalty."""

import types

import gin
import numpy as np
import tensorflow as tf

from tfirl.losses.gradient_penalty import gradient_penalty, interpolate
from tfirl.losses.moment_matching import moment_matching_loss
from tfirl.networks.cost import CostNetwork
from tfirl.optimizers.optimistic_adam import OptimisticAdam


@gin.configurable
class CostLearner(tf.Module):
  """Learns the cost f(s, a) against the policy; its reward is -f.

  A `tf.train.Checkpoint` of this object holds the network, the optimiser and
  the round counter; `get_state` / `set_state` hold the NumPy generator.

  Source: Ren et al., "Hybrid Inverse Reinforcement Learning", 2024, and the
  settings of the authors' runs (gradient penalty's target norm 0.4).
  """

  def __init__(
    self,
    observation_size: int,
    action_size: int,
    seed: int,
    learning_rate: float = 8e-4,
    batch_size: int = 4096,
    gp_weight: float = 10.0,
    gp_target: float = 0.4,
    fresh_optimizer: bool = True,
    decay_learning_rate: bool = True,
    weight_decay: float = 0.0,
    rounds_kept: int = 1,
  ):
    """Creates the cost network (gin: `CostNetwork`) and its optimiser.

    Args:
      observation_size: O.
      action_size: A.
      seed: of the weights and of the rows drawn.
      learning_rate: of rounds 0 and 1.
      batch_size: rows drawn from each side at every update.
      gp_weight: weight of the gradient penalty.
      gp_target: gradient norm that the penalty pulls to.
      fresh_optimizer: forget the optimiser's moments before every round.
      decay_learning_rate: use learning_rate / k in round k, for k >= 1.
      weight_decay: L2 coefficient.
      rounds_kept: how many rounds, the present one included, a round's rows of
        the learner are drawn from. With 1 the cost forgets what earlier
        policies did, and the game may go round in circles.

    Raises:
      ValueError: a parameter is out of its range.
    """
    super().__init__('cost_learner')
    _check('learning_rate', learning_rate, 'positive', learning_rate > 0)
    _check('batch_size', batch_size, 'at least 1', batch_size >= 1)
    _check('rounds_kept', rounds_kept, 'at least 1', rounds_kept >= 1)
    network_seed, rng_seed = np.random.SeedSequence(seed).spawn(2)
    self.network = CostNetwork(observation_size, action_size, network_seed)
    self._initial_learning_rate = learning_rate
    self._learning_rate = tf.Variable(
      learning_rate, trainable=False, dtype=tf.float32, name='learning_rate'
    )
    self._optimizer = OptimisticAdam(
      self._learning_rate, weight_decay=weight_decay
    )
    self._optimizer.build(self.network.trainable_variables)
    self._rounds = tf.Variable(0, trainable=False, dtype=tf.int64)
    self._rng = np.random.default_rng(rng_seed)
    self._rounds_kept = rounds_kept
    if rounds_kept > 1:
      width = observation_size + action_size
      self._kept_rows = tf.Variable(
        tf.zeros([0, width]), trainable=False, shape=[None, width]
      )
      self._kept_lengths = tf.Variable(
        tf.zeros([0], tf.int64), trainable=False, shape=[None]
      )
    self._batch_size = batch_size
    self._gp_weight = gp_weight
    self._gp_target = gp_target
    self._fresh_optimizer = fresh_optimizer
    self._decay_learning_rate = decay_learning_rate

  @property
  def num_rounds(self) -> int:
    """How many rounds were played: the k of the next one."""
    return int(self._rounds.numpy())

  def reward_fn(self, observation, action):
    """-f, [B], of observation [B, O] and action [B, A]; also in a graph."""
    return -self.network(observation, action)

  def update(self, learner, expert, num_updates=1) -> dict[str, float]:
    """Plays one round: `num_updates` steps, each on newly drawn rows.

    Args:
      learner: has `observation` [M, O] and `action` [M, A] (NumPy arrays) of
        the current policy's rollouts.
      expert: the same of the expert, [N, ...]. Rows are drawn without
        replacement where there are at least `batch_size`, else with.
      num_updates: optimiser steps.

    Returns:
      Means over the round's updates, before each step: `loss` = `gap` +
      gp_weight * `penalty`, `cost_learner`, `cost_expert` (means of f), and the
      round's `learning_rate`.

    Raises:
      ValueError: one side has no rows, or there is no update.
      FloatingPointError: the loss is not finite; the network was changed by it.
    """
    _check('num_updates', num_updates, 'at least 1', num_updates >= 1)
    num_round = self.num_rounds
    decay = max(1, num_round) if self._decay_learning_rate else 1
    learning_rate = self._initial_learning_rate / decay
    self._learning_rate.assign(learning_rate)
    if self._fresh_optimizer:
      self._optimizer.reset()
    learner = self._with_kept(learner)
    totals = np.zeros(5)
    for _ in range(num_updates):
      learner_rows = self._draw('learner', learner)
      expert_rows = self._draw('expert', expert)
      weight = self._rng.random((self._batch_size, 1), np.float32)
      totals += self._step(*learner_rows, *expert_rows, weight).numpy()
    names = ('loss', 'gap', 'penalty', 'cost_learner', 'cost_expert')
    means = (totals / num_updates).tolist()
    metrics = dict(zip(names, means, strict=True))
    if not np.isfinite(metrics['loss']):
      raise FloatingPointError(
        f'Cost round {num_round}: expected a finite loss; found {metrics}.'
      )
    self._rounds.assign_add(1)
    return {**metrics, 'learning_rate': learning_rate}

  def get_state(self) -> dict:
    """State of the NumPy generator, JSON-able."""
    return self._rng.bit_generator.state

  def set_state(self, state: dict) -> None:
    """Takes up what `get_state` gave."""
    self._rng.bit_generator.state = state

  def _with_kept(self, learner):
    """The rows of this round, and those of earlier ones that are kept."""
    if self._rounds_kept == 1:
      return learner
    rows = np.concatenate([learner.observation, learner.action], -1)
    lengths = np.append(self._kept_lengths.numpy(), len(rows))
    lengths = lengths[-self._rounds_kept :]
    rows = np.concatenate([self._kept_rows.numpy(), rows])[-lengths.sum() :]
    self._kept_rows.assign(rows)
    self._kept_lengths.assign(lengths)
    observation_size = learner.observation.shape[-1]
    return types.SimpleNamespace(
      observation=rows[:, :observation_size], action=rows[:, observation_size:]
    )

  def _draw(self, name, rows):
    """`batch_size` rows of one side, as float32 tensors."""
    num_rows = len(rows.observation)
    if not num_rows:
      raise ValueError(
        f'CostLearner.update: {name} has no rows; expected at least one.'
      )
    picked = self._rng.choice(
      num_rows, self._batch_size, replace=num_rows < self._batch_size
    )
    return (
      tf.constant(np.asarray(rows.observation)[picked], tf.float32),
      tf.constant(np.asarray(rows.action)[picked], tf.float32),
    )

  @tf.function
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
      [loss, gap, penalty, mean learner cost, mean expert cost].
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
      loss = gap + self._gp_weight * penalty
    gradients = tape.gradient(loss, variables)
    self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return tf.stack(
      [
        loss,
        gap,
        penalty,
        tf.reduce_mean(cost_learner),
        tf.reduce_mean(cost_expert),
      ]
    )


def _check(name, value, expected, is_valid):
  if not is_valid:
    raise ValueError(f'CostLearner.{name} must be {expected}; found {value!r}.')
