"""The learned dynamics as an environment: imagined steps and rollouts."""

from collections.abc import Callable
from typing import NamedTuple

import gin
import numpy as np
import tensorflow as tf

from tfirl import checks, types
from tfirl.dynamics.model import DynamicsModel


class Rollout(NamedTuple):
  """Imagined transitions, and what became of the rollouts."""

  # NumPy [M, ...], in random order; with rewards if the model predicts them.
  rows: types.Transition | types.RewardedTransition
  num_terminal: int  # rows that end their episode
  num_dropped: int  # steps whose outcome was not finite; not in `rows`


@gin.configurable(denylist=['model', 'is_healthy'])
class ModelEnv(tf.Module):
  """Steps batches of states by a `DynamicsModel`.

  Attributes:
    model: the dynamics.
    is_healthy: maps observations [B, O] to bool [B], False where an episode
      ends (`dynamics.termination`).
  """

  @checks.checked
  def __init__(
    self,
    model: DynamicsModel,
    is_healthy: Callable,
    *,
    chunk_rows: checks.Count = 10_000,
  ):
    """Args: `chunk_rows` start states are rolled out at a time: a bound on
    memory; the others as above.

    Raises:
      ValueError: `chunk_rows` is below 1.
    """
    super().__init__('model_env')
    self.model = model
    self.is_healthy = is_healthy
    self._chunk_rows = chunk_rows
    self._predicts_reward = model.predicts_reward
    self._row_type = (
      types.RewardedTransition if self._predicts_reward else types.Transition
    )
    self._graphs = {}

  @tf.autograph.experimental.do_not_convert
  def step(self, observation, action):
    """Args: [B, O] and [B, A]. Returns: the sampled successors [B, O], and bool
    [B] whether their episodes go on.
    """
    next_observation = self.model.sample_next(observation, action)
    return next_observation, self.is_healthy(next_observation)

  @tf.autograph.experimental.do_not_convert
  def step_with_reward(self, observation, action):
    """`step`, and a tuple of the rewards [B], empty if none are predicted."""
    if not self._predicts_reward:
      return *self.step(observation, action), ()
    outputs = self.model.sample(observation, action)
    size = self.model.observation_size
    successor = outputs[:, :size]
    return successor, self.is_healthy(successor), (outputs[:, size],)

  def rollout(
    self,
    policy: Callable,
    starts: np.ndarray,
    length: int,
    first_actions: np.ndarray | None = None,
  ) -> Rollout:
    """Rolls `policy` out from every start state.

    Args:
      policy: maps observations [B, O] to actions [B, A], in a graph.
      starts: [N, O].
      length: steps of each rollout that meets no end.
      first_actions: [N, A], taken at the start states; nan, or None for all,
        where the policy acts from the start.

    Returns:
      At most N * length transitions.

    Raises:
      ValueError: `length` is below 1, or there is no start state.
    """
    if length < 1 or not len(starts):
      raise ValueError(
        f'ModelEnv.rollout: found {len(starts)} start states and length '
        f'{length}; expected at least 1 of both'
      )
    if first_actions is None:
      first_actions = np.full((len(starts), self.model.action_size), np.nan)
    rollout_fn = self._graph(self._rollout, policy)
    chunks, num_dropped = [], 0
    for begin in range(0, len(starts), self._chunk_rows):
      chunk = slice(begin, begin + self._chunk_rows)
      rows, dropped = rollout_fn(
        tf.constant(starts[chunk], tf.float32),
        tf.constant(first_actions[chunk], tf.float32),
        length,
      )
      chunks.append(rows)
      num_dropped += int(dropped)
    # Chunks are of different starts only if those were in random order; the
    # rows of all of them are mixed here.
    rows = [tf.concat(fields, 0) for fields in zip(*chunks)]  # noqa: B905
    order = tf.random.shuffle(tf.range(tf.shape(rows[0])[0]))
    rows = self._row_type(*(tf.gather(field, order).numpy() for field in rows))
    num_terminal = int(np.count_nonzero(rows.discount == 0.0))
    return Rollout(rows, num_terminal, num_dropped)

  def paths(
    self,
    policy: Callable,
    starts: np.ndarray,
    length: int,
    first_actions: np.ndarray,
  ) -> np.ndarray:
    """The states of rollouts as `rollout` makes them, each in order.

    Args: as of `rollout`.

    Returns:
      [N, length + 1, O] float32, from the start state on; nan past a rollout's
      end, and past a successor that is not finite.
    """
    states = self._graph(self._paths, policy)(
      tf.constant(starts, tf.float32),
      tf.constant(first_actions, tf.float32),
      length,
    )
    return np.swapaxes(states.numpy(), 0, 1)

  def _graph(self, loop, policy):
    """`loop` with `policy` as a tf.function, made the first time only."""
    if (loop, policy) not in self._graphs:
      size, action_size = self.model.observation_size, self.model.action_size
      act = tf.autograph.experimental.do_not_convert(policy)

      @tf.function(
        input_signature=[
          tf.TensorSpec([None, size], tf.float32),
          tf.TensorSpec([None, action_size], tf.float32),
          tf.TensorSpec([], tf.int32),
        ]
      )
      def graph(observation, first_action, length):
        return loop(act, observation, first_action, length)

      self._graphs[loop, policy] = graph
    return self._graphs[loop, policy]

  def _paths(self, policy, observation, first_action, length):
    """States [T + 1, B, O]; dead rows stay, so that each keeps its place."""
    states = tf.TensorArray(tf.float32, length + 1)
    states = states.write(0, observation)
    is_alive = tf.fill(tf.shape(observation)[:1], True)
    for t in tf.range(length):
      action = policy(observation)
      is_given = (t == 0) & ~tf.math.is_nan(first_action)
      action = tf.where(is_given, first_action, action)
      successor, goes_on = self.step(observation, action)
      is_alive &= tf.reduce_all(tf.math.is_finite(successor), -1)
      reached = is_alive[:, tf.newaxis]
      states = states.write(t + 1, tf.where(reached, successor, np.nan))
      observation = tf.where(reached, successor, observation)
      is_alive &= goes_on
    return states.stack()

  def _rollout(self, policy, observation, first_action, length):
    """Rows [M, ...] step by step, and how many were dropped; the dead leave."""
    size, action_size = self.model.observation_size, self.model.action_size
    parts = [
      tf.TensorArray(tf.float32, 0, True, infer_shape=False, element_shape=s)
      for s in ([None, size], [None, action_size], [None], [None, size])
    ]
    if self._predicts_reward:
      parts.append(
        tf.TensorArray(
          tf.float32, 0, True, infer_shape=False, element_shape=[None]
        )
      )
    num_dropped = 0
    for t in tf.range(length):
      tf.autograph.experimental.set_loop_options(
        shape_invariants=[(observation, tf.TensorShape([None, size]))]
      )
      if tf.shape(observation)[0] == 0:  # all are dead
        break
      action = policy(observation)
      if t == 0:
        is_free = tf.math.is_nan(first_action)
        action = tf.where(is_free, action, first_action)
      successor, is_alive, reward = self.step_with_reward(observation, action)
      is_finite = tf.reduce_all(tf.math.is_finite(successor), -1)
      for values in reward:
        is_finite &= tf.math.is_finite(values)
      num_dropped += tf.math.count_nonzero(~is_finite, dtype=tf.int32)
      discount = tf.cast(is_alive, tf.float32)
      row = (observation, action, discount, successor, *reward)
      parts = [
        part.write(t, tf.boolean_mask(field, is_finite))
        for part, field in zip(parts, row)  # noqa: B905
      ]
      observation = tf.boolean_mask(successor, is_finite & is_alive)
    rows = [part.concat() for part in parts]
    return tuple(rows), num_dropped
