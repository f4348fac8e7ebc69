"""Where episodes end, learned from the real ones that ended."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import gin
import numpy as np
import tensorflow as tf

from tfirl import checks, types
from tfirl.dynamics import holdout
from tfirl.dynamics.normalizer import Normalizer

_ROWS_AT_A_TIME = 8192  # whose logits are computed: bounds memory
# No logit is above it, each is above its negative; and what a checkpoint holds
# must be finite.
_NOBODY = np.finfo(np.float32).max


_TwoOrMore = Annotated[int, checks.Range(least=2)]


class EndRecord(NamedTuple):
  """What one fit did; the shares are of held-out rows, after the fit."""

  recall: float  # of terminals, called an end; nan: none is held out
  false_alarms: float  # of the others, called an end; nan: none is held out
  num_terminals: int  # fitted; with none so far nobody ends

  def columns(self) -> dict[str, float]:
    """As columns of metrics.csv, without those that are nan: a run whose
    losses are not finite is stopped.
    """
    columns = {
      'learned_end_recall': self.recall,
      'learned_end_false_alarms': self.false_alarms,
      'learned_end_terminals': float(self.num_terminals),
    }
    return {k: v for k, v in columns.items() if not np.isnan(v)}


@gin.configurable(denylist=['observation_size', 'seed'])
class LearnedEnd(tf.Module):
  """Tells ends from other states, for tasks that have no `is_healthy`.

  A classifier of the next state, fitted again and again beside the dynamics:
  to terminals, rows of discount 0, against all others. A time-out is of the
  others. Until a terminal was fitted, nobody ends; until another row was, as
  where each episode is one step, everybody does.

  A state is an end where the logit is above a threshold, which is chosen on
  the fitted rows (`choose_threshold`). Of its two errors a false end is the
  worse one:
   - A fall that is missed lets the imagined episode go on, and the policy takes
     the cost's reward for where it lies. But a body falls further: a step later
     it is farther beyond the bound, and found. If the policy comes to like it
     there, real episodes end there, and the next fit knows.
   - A false end strikes where the policy is fine, and at any step: of rollouts
     of 100 steps, .5 % end two in five. Where an end is worth less than life
     (an absorbing level) the policy keeps away, and no real row comes to tell.
     No later step takes it back.
  So false alarms are bounded, and within the bound as many terminals are found
  as can be. Where terminals are rare the bound alone would let through far more
  false ends than true ones: so another terminal is worth ten of them at most.

  What it can't know: ends that no episode met, a fall backward where all were
  forward; and ends that the next state does not show.

  Network, normaliser, threshold and optimiser are in a checkpoint of this
  object; `get_state` / `set_state` hold its generator.

  Args:
    observation_size: O.
    seed: of the initial weights and of the batches.
    layers: units of each hidden layer.
    learning_rate: of Adam.
    weight_decay: L2, added to the gradients. Terminals are few and fits are
      many: without it the fitted ones are learned by heart.
    batch_size: half of it terminals, half others.
    steps_per_fit: gradient steps; a fit goes on from the weights of the last.
    holdout_share: of terminals and of others that are never fitted.
    most_false_alarms: share of the other rows that may be called an end.
    false_alarm_price: terminals that a false alarm must find, within that
      bound. At 1 the most rows are told right; at 0 the bound alone counts.
    std_floor: the least deviation that an input is divided by.
    clip: bound on the normalised inputs.

  Raises:
    ValueError: a parameter is out of its range.
  """

  @checks.checked
  def __init__(
    self,
    observation_size: int,
    seed: int,
    *,
    layers: Sequence[checks.Count] = (64, 64),
    learning_rate: checks.Positive = 3e-3,
    weight_decay: checks.NonNegative = 3e-3,
    batch_size: _TwoOrMore = 256,
    steps_per_fit: checks.Count = 400,
    holdout_share: checks.Share = 0.2,
    most_false_alarms: checks.Share = 0.005,
    false_alarm_price: checks.NonNegative = 0.1,
    std_floor: checks.Positive = 1e-3,
    clip: checks.Positive = 10.0,
  ):
    """Creates the network and its optimiser."""
    super().__init__('learned_end')
    network_seed, rng_seed = np.random.SeedSequence(seed).spawn(2)
    self._network = _network(observation_size, layers, network_seed)
    self._normalizer = Normalizer(observation_size, std_floor)
    self._threshold = tf.Variable(_NOBODY, trainable=False, name='threshold')
    self._variables = list(self._network.trainable_variables)
    # A number would be kept by checkpoints, and come back from them.
    self._optimizer = tf.keras.optimizers.legacy.Adam(lambda: learning_rate)
    self._optimizer._create_all_weights(self._variables)
    self._rng = np.random.default_rng(rng_seed)
    self._weight_decay = weight_decay
    self._batch = steps_per_fit, batch_size // 2
    self._holdout_share = holdout_share
    self._most_false_alarms = most_false_alarms
    self._false_alarm_price = false_alarm_price
    self._clip = clip
    rows = tf.TensorSpec([None, observation_size], tf.float32)
    drawn = tf.TensorSpec(self._batch, tf.int32)
    self._train = tf.function(
      self._train_steps, input_signature=[rows, rows, drawn, drawn]
    )

  def is_healthy(self, next_observation):
    """Where episodes go on, as the functions of `termination` say it.

    It reads variables: a graph that was traced once knows of every later fit.

    Args:
      next_observation: [..., O].

    Returns:
      bool [...]; False too where a number is not finite.
    """
    is_finite = tf.reduce_all(tf.math.is_finite(next_observation), -1)
    return is_finite & (self._logits(next_observation) <= self._threshold)

  def fit(self, rows: types.Transition) -> EndRecord:
    """Fits `rows`, NumPy [N, ...]: all there are, of the whole run.

    A row is held out by its content: it is always on the same side.
    """
    keys = holdout.keys_of(rows)
    is_out = keys < holdout.bound_of(self._holdout_share, keys, None)
    is_end = rows.discount == 0.0
    states = rows.next_observation
    ends, others = states[is_end & ~is_out], states[~is_end & ~is_out]
    if len(ends) and len(others):
      self._normalizer.fit(states[~is_out])
      draws = [
        self._rng.integers(len(side), size=self._batch, dtype=np.int32)
        for side in (ends, others)
      ]
      self._train(ends, others, *draws)
      threshold = choose_threshold(
        self._logits_in_parts(ends),
        self._logits_in_parts(others),
        self._most_false_alarms,
        self._false_alarm_price,
      )
      self._threshold.assign(threshold)
    elif len(ends):
      self._threshold.assign(-_NOBODY)
    return EndRecord(
      recall=self._share_of_ends(states[is_end & is_out]),
      false_alarms=self._share_of_ends(states[~is_end & is_out]),
      num_terminals=len(ends),
    )

  def get_state(self) -> dict:
    """State of the NumPy generator, JSON-able."""
    return self._rng.bit_generator.state

  def set_state(self, state: dict) -> None:
    """Takes up what `get_state` gave."""
    self._rng.bit_generator.state = state

  @property
  def num_traces(self) -> int:
    """How often a fit was traced; more than 1 means a mistake."""
    return self._train.experimental_get_tracing_count()

  def _logits(self, states):
    """[...] of states [..., O]; the higher, the more of an end."""
    inputs = self._normalizer(states)
    inputs = tf.clip_by_value(inputs, -self._clip, self._clip)
    return self._network(inputs)[..., 0]

  def _logits_in_parts(self, states: np.ndarray) -> np.ndarray:
    parts = [
      self._logits(states[begin : begin + _ROWS_AT_A_TIME])
      for begin in range(0, len(states), _ROWS_AT_A_TIME)
    ]
    return np.concatenate(parts)

  def _share_of_ends(self, states: np.ndarray) -> float:
    if not len(states):
      return float('nan')
    is_end = self._logits_in_parts(states) > self._threshold.numpy()
    return float(is_end.mean())

  def _train_steps(self, ends, others, end_draws, other_draws):
    """Gradient steps, in a graph.

    Args:
      ends, others: [N, O] and [M, O].
      end_draws, other_draws: [steps, B / 2], the rows of either in each batch.
    """
    for i in tf.range(self._batch[0]):
      self._train_step(
        tf.gather(ends, end_draws[i]), tf.gather(others, other_draws[i])
      )

  @tf.autograph.experimental.do_not_convert
  def _train_step(self, ends, others):
    """One, on [B / 2, O] of either."""
    labels = tf.repeat([1.0, 0.0], self._batch[1])
    batch = tf.concat([ends, others], 0)
    with tf.GradientTape() as tape:
      loss = tf.reduce_mean(
        tf.nn.sigmoid_cross_entropy_with_logits(labels, self._logits(batch))
      )
    gradients = tape.gradient(loss, self._variables)
    self._optimizer.apply_gradients(
      [
        (gradient + self._weight_decay * variable, variable)
        for gradient, variable in zip(gradients, self._variables, strict=True)
      ]
    )


def choose_threshold(
  ends: np.ndarray, others: np.ndarray, most_false_alarms: float, price: float
) -> float:
  """The logit above which a state is called an end.

  Args:
    ends: [N >= 1], logits of terminals.
    others: [M >= 1], of other rows.
    most_false_alarms: share of `others` that may be above the threshold.
    price: what each of them costs, in terminals below it.

  Returns:
    Of the thresholds within the bound the one where terminals above it, less
    the price of others above it, are most; the strictest of equals. It lies
    halfway between the last terminal above it and the next row of the others.
    Above everything, if no terminal is worth its price.
  """
  others = np.sort(others)
  found = np.sort(ends)[::-1]
  # As many others would be false alarms, were the threshold just below each.
  alarms = len(others) - np.searchsorted(others, found)
  gains = np.arange(1, len(found) + 1) - price * alarms
  gains = np.where(alarms > most_false_alarms * len(others), -np.inf, gains)
  best = int(np.argmax(gains))
  if gains[best] <= 0:
    return float(_NOBODY)
  num_below = len(others) - alarms[best]
  below = others[num_below - 1] if num_below else found[best] - 1.0
  return float(found[best] + below) / 2.0


def _network(
  size: int, layers: Sequence[int], seed: np.random.SeedSequence
) -> tf.keras.Sequential:
  """A ReLU MLP of one output."""
  seeds = seed.generate_state(len(layers) + 1).tolist()
  activations = ['relu'] * len(layers) + [None]
  network = tf.keras.Sequential()
  for units, activation, layer_seed in zip(
    [*layers, 1], activations, seeds, strict=True
  ):
    initializer = tf.keras.initializers.GlorotUniform(layer_seed)
    network.add(tf.keras.layers.Dense(units, activation, True, initializer))
  network.build([None, size])
  return network
