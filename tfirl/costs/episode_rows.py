"""Rows of episodes, as the cost player meets them: each with its time."""

import collections
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfirl import types


class EpisodeRows(NamedTuple):
  """Steps of one side of the game."""

  observation: types.Array  # [N, O]
  action: types.Array  # [N, A]
  discount: types.Array  # [N] float32, 0 only where an episode terminated
  time: types.Array  # [N] int, how many steps into its episode a row lies


def of(transition: types.Transition, time: np.ndarray) -> EpisodeRows:
  """The rows of `transition` [N, ...], at `time` [N] of their episodes."""
  return EpisodeRows(
    transition.observation, transition.action, transition.discount, time
  )


def time_weights(learner: EpisodeRows, expert: EpisodeRows) -> np.ndarray:
  """Probabilities [N] that draw the expert's rows at the learner's times.

  The game is over sums along an episode, E[sum_t f(s_t, a_t)] (Swamy et al.
  2021, eq. 2), where step t of one side is set against step t of the other. A
  mean over all rows sets the start of a learner that falls early against the
  expert's later steps: the cost then punishes starting. Where most of the
  expert's episodes have ended, at a goal, while the learner's go on, the rows
  that are left weigh no more than before; what the others are then, the level
  knows (`costs.level`). Times that the expert never reached are left out; if
  all are, its rows weigh alike.
  """
  length = 1 + max(learner.time.max(), expert.time.max())
  wanted = np.bincount(learner.time, minlength=length)
  there = np.bincount(expert.time, minlength=length)
  both = np.minimum(wanted / wanted.max(), there / there.max())
  weights = (both / np.maximum(there, 1))[expert.time]
  if not weights.any():
    weights = np.ones(len(weights))
  return weights / weights.sum()


def ended_shares(
  learner: EpisodeRows, expert: EpisodeRows
) -> tuple[float, float]:
  """How much of an episode each side spends in the state after a terminal.

  Each side's rate of terminals a step, the expert's at the learner's times
  (an episode that began in the middle has less time left to end in), goes on
  for the longest episode of either, T steps: at a rate h the share is
  h T / (1 + h T).

  Returns: the learner's and the expert's share, each in [0, 1).
  """
  horizon = 1 + max(learner.time.max(), expert.time.max())
  weights = time_weights(learner, expert)
  rates = np.array(
    [
      np.mean(np.asarray(learner.discount) == 0.0),
      weights @ (np.asarray(expert.discount) == 0.0),
    ]
  )
  share = rates * horizon / (1.0 + rates * horizon)
  return float(share[0]), float(share[1])


class Window(tf.Module):
  """The latest real rows of training: the learner's side, at no step's cost.

  Its rows are variables, so a checkpoint holds them.
  """

  def __init__(self, observation_size: int, action_size: int, capacity: int):
    """Args: `capacity` is how many rows are kept."""
    super().__init__('window')
    self._splits = np.cumsum([observation_size, action_size, 1, 1])
    width = 2 * observation_size + action_size + 2
    self._capacity = capacity
    self._rows = tf.Variable(
      tf.zeros([0, width]), trainable=False, shape=[None, width], name='rows'
    )

  def add(self, rows: types.Transition, time: np.ndarray) -> None:
    """Takes rows [M, ...] in the order they were made, and drops the oldest."""
    packed = np.column_stack(
      [
        rows.observation,
        rows.action,
        rows.discount,
        time.astype(np.float32),  # exact: episodes are short of 2^24 steps
        rows.next_observation,
      ]
    )
    kept = np.concatenate([self._rows.numpy(), packed])[-self._capacity :]
    self._rows.assign(kept)

  def read(self) -> tuple[types.Transition, np.ndarray]:
    """All rows, oldest first but each episode's together, [N, ...], and how
    many steps into its episode each lies, [N] int.
    """
    columns = np.split(self._rows.numpy(), self._splits, axis=1)
    order = _order_of_steps(columns[0], columns[-2][:, 0], columns[-1])
    observation, action, discount, time, after = (
      column[order] for column in columns
    )
    return (
      types.Transition(observation, action, discount[:, 0], after),
      time[:, 0].astype(np.int64),
    )


def _order_of_steps(
  observation: np.ndarray, time: np.ndarray, after: np.ndarray
) -> list[int]:
  """Of rows [N, O] at times [N], each before the one that goes on from it, if
  it is there: as they are, if one environment made them; those of actors come
  in turns.

  By its time, too: in a small world episodes come by each other's states.
  """
  waiting = collections.defaultdict(collections.deque)
  for i, row in enumerate(observation):
    waiting[time[i], row.tobytes()].append(i)
  order, is_taken = [], np.zeros(len(observation), bool)
  for first in range(len(observation)):
    i = None if is_taken[first] else first
    while i is not None:
      order.append(i)
      is_taken[i] = True
      following = waiting[time[i] + 1, after[i].tobytes()]
      while following and is_taken[following[0]]:
        following.popleft()
      i = following[0] if following else None
  return order
