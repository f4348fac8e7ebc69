"""Fits the ensemble: bootstrap, hold-out, best weights of each member."""

import itertools
import os
import time
from collections.abc import Callable
from typing import Annotated

import gin
import numpy as np
import tensorflow as tf

from tfirl import checks, types
from tfirl.dynamics import holdout
from tfirl.dynamics import targets as targets_lib
from tfirl.dynamics.fit_record import FitRecord
from tfirl.dynamics.model import DynamicsModel
from tfirl.losses import gaussian_nll

_EVALUATION_ROWS = 2048  # at a time: bounds memory


_InnerShare = Annotated[float, checks.Range(above=0, below=1)]


@gin.configurable(denylist=['model', 'seed'])
class DynamicsTrainer(tf.Module):
  """Fits a `DynamicsModel` to transitions, again and again as they grow.

  Optimiser and epoch count go on from one fit to the next, and are in a
  checkpoint of this object; `get_state` / `set_state` hold its generator.
  Learned bounds of the log variance are restored with the members: to what they
  were in the last epoch that some member's best weights are of.

  Source: Janner et al. 2019, and mbrl-lib (Pineda et al. 2021) for stopping
  and the hold-out score. Unlike there, every member keeps its own best weights.

  Args:
    model: what is fitted.
    seed: of bootstraps and of the rows' order.
    learning_rate: of Adam.
    weight_decay: L2, added to the gradients.
    batch_size: rows of each member's batch; all of them if there are fewer.
    holdout_share: of rows that are never fitted.
    holdout_most_rows: or so many, if they are fewer: errors on 5,000 rows say
      enough, and the others are worth more fitted. None for no limit.
    patience: a fit ends after so many epochs in which no member improved.
    max_epochs: or after so many; None for no limit.
    min_improvement: of the hold-out mse, relative, to count as one.
    cosine_half_period: gradient steps, of all fits, in which the learning rate
      falls along a cosine to `cosine_floor`; in as many it rises again, and so
      on. None for a constant one.
    cosine_floor: a learning rate, the lowest.

  Raises:
    ValueError: a parameter is out of its range; the floor is to be below
      `learning_rate`.
  """

  @checks.checked
  def __init__(
    self,
    model: DynamicsModel,
    seed: int,
    *,
    learning_rate: checks.Positive = 3e-4,
    weight_decay: checks.NonNegative = 5e-5,
    batch_size: checks.Count = 256,
    holdout_share: _InnerShare = 0.2,
    holdout_most_rows: checks.Count | None = 5000,
    patience: checks.Count = 10,
    max_epochs: checks.Count | None = None,
    min_improvement: checks.NonNegative = 0.01,
    cosine_half_period: checks.Count | None = None,
    cosine_floor: checks.NonNegative = 0.0,
  ):
    """Creates the optimiser."""
    super().__init__('dynamics_trainer')
    checks.require(
      'DynamicsTrainer.cosine_floor',
      cosine_floor,
      f'less than learning_rate = {learning_rate}',
      cosine_floor < learning_rate,
    )
    self._model = model
    self._num_outputs = model.observation_size + model.predicts_reward
    self._variables = list(model.ensemble.trainable_variables)
    self._members = model.ensemble.member_variables
    self._bounds = model.ensemble.bound_variables
    self._best, self._best_bounds = (
      [tf.Variable(v, trainable=False) for v in variables]
      for variables in (self._members, self._bounds)
    )
    self._initial_learning_rate = learning_rate
    self._optimizer = tf.keras.optimizers.legacy.Adam(self.learning_rate)
    self._optimizer._create_all_weights(self._variables)
    self._epochs = tf.Variable(0, trainable=False, dtype=tf.int64)
    self._rng = np.random.default_rng(seed)
    self._weight_decay = weight_decay
    self._batch_size = batch_size
    self._holdout_share = holdout_share
    self._holdout_most_rows = holdout_most_rows
    self._holdout_bound = tf.Variable(
      holdout.NUM_KEYS, trainable=False, dtype=tf.int64
    )
    self._patience = patience
    self._max_epochs = max_epochs
    self._min_improvement = min_improvement
    self._cosine_half_period = cosine_half_period
    self._cosine_floor = cosine_floor

  @property
  def has_fitted(self) -> bool:
    """Whether there was a fit, in an earlier process perhaps."""
    return bool(self._epochs.numpy())

  @property
  def holdout_bound(self) -> int:
    """Rows whose key (`holdout.keys_of`) is below it have never been fitted by
    `fit(rows)`; it falls as there are more rows than may be held out.
    """
    return int(self._holdout_bound.numpy())

  def hold_out(self, rows: types.Transition) -> np.ndarray:
    """Which of `rows` [N, ...] are not to be fitted, by their content.

    A row that is not held out now never will be; one that is may be fitted
    later, when `holdout_most_rows` others are held out.

    Returns: bool [N].
    """
    keys = holdout.keys_of(rows)
    bound = holdout.bound_of(self._holdout_share, keys, self._holdout_most_rows)
    self._holdout_bound.assign(min(bound, self.holdout_bound))
    return keys < self.holdout_bound

  def fit(
    self,
    rows: types.Transition | types.RewardedTransition,
    is_held_out: np.ndarray | None = None,
    draw: Callable | None = None,
    tell: Callable[[str], bool] = lambda doing: False,
  ) -> FitRecord:
    """Fits the model to `rows`, NumPy [N, ...]; its elites are ranked anew.

    Args:
      rows: to fit, and to hold out; with rewards if the model predicts them.
        A reward that is nan is not fitted, its row's successor is.
      is_held_out: bool [N]; None for `hold_out`.
      draw: maps (M, generator) to M indices of rows that are not held out: a
        member's bootstrap, which inputs are normalised by; None for rows alike.
      tell: is called with 'model epoch 1' and so on: there is no saying how
        many it will take. Once it returns true there is no more than one.

    Raises:
      ValueError: no rows to fit, or no hold-out.
      FloatingPointError: the loss is not finite.
    """
    start = time.monotonic()
    if is_held_out is None:
      is_held_out = self.hold_out(rows)
    num_holdout = int(is_held_out.sum())
    num_rows = len(is_held_out) - num_holdout
    if not num_rows or not num_holdout:
      raise ValueError(
        f'DynamicsTrainer.fit: found {num_rows} rows to fit and {num_holdout} '
        'held out; expected at least one of either: see DynamicsTrainer.'
        f'holdout_share = {self._holdout_share:g}, .holdout_most_rows = '
        f'{self._holdout_most_rows}'
      )
    inputs = np.concatenate([rows.observation, rows.action], -1)
    targets = targets_lib.of(rows, self._model.predicts_reward)
    bootstrap = self._bootstrap(num_rows, draw)
    drawn = slice(None) if draw is None else bootstrap.ravel()
    self._model.normalizer.fit(inputs[~is_held_out][drawn])
    training = self._tensors(inputs[~is_held_out], targets[~is_held_out])
    held_out = self._tensors(inputs[is_held_out], targets[is_held_out])
    losses, best, was_stopped = self._fit_epochs(
      training, held_out, bootstrap, tell
    )
    elites = np.sort(np.argsort(best)[: self._model.elites.shape[0]])
    self._model.elites.assign(elites)
    per_output = self._evaluate(*held_out).numpy()[elites].mean(0)
    r2 = 1.0 - per_output / targets_lib.variances(held_out[1].numpy())
    size = self._model.observation_size
    return FitRecord(
      losses=np.asarray(losses),
      holdout_mse=best,
      holdout_mse_per_output=per_output[:size],
      r2_per_output=r2[:size],
      elites=elites,
      epochs=len(losses),
      num_rows=num_rows,
      num_holdout=num_holdout,
      wall_s=time.monotonic() - start,
      updates=len(losses) * -(-num_rows // self._batch_size),
      reward_r2=float(r2[size]) if self._model.predicts_reward else None,
      was_stopped=was_stopped,
    )

  def get_state(self) -> dict:
    """State of the NumPy generator, JSON-able."""
    return self._rng.bit_generator.state

  def set_state(self, state: dict) -> None:
    """Takes up what `get_state` gave."""
    self._rng.bit_generator.state = state

  @property
  def num_traces(self) -> int:
    """How often an epoch was traced; more than 1 means a mistake."""
    return self._epoch.experimental_get_tracing_count()

  def _is_known(self, targets):
    return targets_lib.is_known(targets, self._model.observation_size)

  def _tensors(self, inputs, targets):
    return (
      self._model.normalizer(tf.constant(inputs, tf.float32)),
      tf.constant(targets, tf.float32),
    )

  def _bootstrap(self, num_rows: int, draw: Callable | None) -> np.ndarray:
    """The rows that each member fits, [E, num_rows] int32."""
    num_members = self._model.ensemble.num_members
    if draw is None:
      shape = num_members, num_rows
      return self._rng.integers(num_rows, size=shape, dtype=np.int32)
    members = [draw(num_rows, self._rng) for _ in range(num_members)]
    return np.stack(members).astype(np.int32)

  def _fit_epochs(self, training, held_out, bootstrap, tell):
    """Returns: the losses of all epochs, each member's best mse [E], and
    whether `tell` ended it.
    """
    # What an improvement is measured against. The weights from before the fit
    # are no candidates for the best: new rows would often change nothing.
    counts_from = self._evaluate(*held_out).numpy().mean(1)
    best = np.full_like(counts_from, np.inf)
    losses, stale, was_stopped = [], 0, False
    limit = self._max_epochs or np.inf
    while stale < self._patience and len(losses) < limit:
      if tell(f'model epoch {len(losses) + 1}') and losses:
        was_stopped = True
        break
      order = self._rng.permuted(bootstrap, axis=1)
      losses.append(float(self._epoch(*training, order)))
      self._epochs.assign_add(1)
      mse = self._evaluate(*held_out).numpy().mean(1)
      if not np.isfinite([losses[-1], *mse]).all():
        raise FloatingPointError(
          f'DynamicsTrainer.fit, epoch {len(losses)}: loss {losses[-1]}, '
          f'hold-out mse {mse}; expected finite numbers'
        )
      # The best weights are kept however small the step; patience is not.
      self._keep_best(mse < best)
      best = np.minimum(best, mse)
      improved = mse < counts_from * (1.0 - self._min_improvement)
      counts_from = np.where(improved, mse, counts_from)
      stale = 0 if improved.any() else stale + 1
    for variable, value in zip(
      [*self._members, *self._bounds],
      [*self._best, *self._best_bounds],
      strict=True,
    ):
      variable.assign(value)
    return losses, best, was_stopped

  def learning_rate(self) -> tf.Tensor:
    """That of the next gradient step, [] float32; also in a graph.

    At step t, floor + (rate - floor) (1 + cos(pi t / half period)) / 2:
    Loshchilov and Hutter 2017, eq. 5, without their restarts.
    """
    rate, floor = self._initial_learning_rate, self._cosine_floor
    if self._cosine_half_period is None:
      return tf.constant(rate)
    half = self._cosine_half_period
    # Whole periods are taken off as integers: float32 can't hold many steps.
    phase = tf.cast(self._optimizer.iterations % (2 * half), tf.float32) / half
    return floor + (rate - floor) * 0.5 * (1.0 + tf.cos(np.pi * phase))

  @tf.function(
    input_signature=[
      tf.TensorSpec([None, None], tf.float32),
      tf.TensorSpec([None, None], tf.float32),
      tf.TensorSpec([None, None], tf.int32),
    ]
  )
  def _epoch(self, inputs, targets, order):
    """Fits every row once a member.

    Args:
      inputs: [N, O + A], normalised.
      targets: [N, D].
      order: [E, N], each member's rows in the order it meets them.

    Returns:
      The mean loss of a batch and member.
    """
    num_rows = tf.shape(order)[1]
    num_batches = (num_rows + self._batch_size - 1) // self._batch_size
    total = 0.0
    for i in tf.range(num_batches):
      rows = order[:, i * self._batch_size : (i + 1) * self._batch_size]
      total += self._step(tf.gather(inputs, rows), tf.gather(targets, rows))
    return total / tf.cast(num_batches, tf.float32)

  def _predict_in_parts(self, inputs):
    """The ensemble's mean and log variance of [E, B, O + A].

    A part of the rows for each thread: TensorFlow runs their chains of layers,
    and of gradients, side by side. Sharing out one layer after the other among
    the threads gains next to nothing at these sizes.
    """
    num_rows, num_parts = tf.shape(inputs)[1], _num_threads()
    bounds = [num_rows * i // num_parts for i in range(num_parts + 1)]
    parts = [
      self._model.ensemble(inputs[:, begin:end])
      for begin, end in itertools.pairwise(bounds)
    ]
    return [tf.concat(outputs, 1) for outputs in zip(*parts, strict=True)]

  @tf.autograph.experimental.do_not_convert
  def _step(self, inputs, targets):
    """One step on [E, B, ...]; returns the members' mean loss."""
    ensemble = self._model.ensemble
    with tf.GradientTape() as tape:
      mean, log_variance = self._predict_in_parts(inputs)
      member_losses = gaussian_nll.gaussian_nll(
        mean,
        log_variance,
        targets,
        self._is_known(targets) if self._model.predicts_reward else None,
      )
      loss = tf.reduce_sum(member_losses) + gaussian_nll.bound_penalty(
        ensemble.min_log_variance, ensemble.max_log_variance
      )
    gradients = tape.gradient(loss, self._variables)
    if self._weight_decay:
      gradients = [
        gradient + self._weight_decay * variable
        for gradient, variable in zip(gradients, self._variables, strict=True)
      ]
    self._optimizer.apply_gradients(
      zip(gradients, self._variables, strict=True)
    )
    return tf.reduce_mean(member_losses)

  @tf.function(
    input_signature=[
      tf.TensorSpec([None, None], tf.float32),
      tf.TensorSpec([None, None], tf.float32),
    ]
  )
  def _evaluate(self, inputs, targets):
    """Mean squared error of each member and output, [E, D]; 0 of an output
    that no row has.
    """
    # Of one output TensorFlow would not know that sums keep its shape.
    targets = tf.ensure_shape(targets, [None, self._num_outputs])
    num_rows = tf.shape(inputs)[0]
    num_members = self._model.ensemble.num_members
    total = tf.zeros([num_members, self._num_outputs])
    count = tf.zeros([self._num_outputs])
    for begin in tf.range(0, num_rows, _EVALUATION_ROWS):
      chunk = slice(begin, begin + _EVALUATION_ROWS)
      total += self._squared_errors(inputs[chunk], targets[chunk])
      known = tf.cast(self._is_known(targets[chunk]), tf.float32)
      count += tf.reduce_sum(known, 0)
    return tf.math.divide_no_nan(total, count)

  @tf.autograph.experimental.do_not_convert
  def _squared_errors(self, inputs, targets):
    """Their sums over the rows, [E, D], of [B, O + A] and [B, D]."""
    ensemble = self._model.ensemble
    mean, _ = ensemble(tf.repeat(inputs[None], ensemble.num_members, axis=0))
    errors = tf.math.squared_difference(mean, targets)
    return tf.reduce_sum(tf.where(self._is_known(targets), errors, 0.0), 1)

  @tf.function(input_signature=[tf.TensorSpec([None], tf.bool)])
  def _keep_best(self, is_better):
    """Copies the weights of the members for which `is_better` [E] holds, and
    the bounds if there is any.
    """
    for variable, best in zip(self._members, self._best, strict=True):
      best.assign(tf.where(is_better[:, None, None], variable, best))
    for variable, best in zip(self._bounds, self._best_bounds, strict=True):
      best.assign(tf.where(tf.reduce_any(is_better), variable, best))


def _num_threads() -> int:
  """How many operations TensorFlow runs at a time."""
  chosen = tf.config.threading.get_inter_op_parallelism_threads()
  return chosen or os.cpu_count() or 1
