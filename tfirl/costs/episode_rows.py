"""Rows of whole episodes, as the cost player meets them."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfirl import types


class EpisodeRows(NamedTuple):
  """Steps of one side of the game, whole episodes of them."""

  observation: types.Array  # [N, O]
  action: types.Array  # [N, A]
  time: types.Array  # [N] int, how many steps into its episode a row lies


def time_weights(learner: EpisodeRows, expert: EpisodeRows) -> np.ndarray:
  """Probabilities [N] that draw the expert's rows at the learner's times.

  The game is over sums along an episode, E[sum_t f(s_t, a_t)] (Swamy et al.
  2021, eq. 2), where step t of one side is set against step t of the other. A
  mean over all rows sets the start of a learner that falls early against the
  expert's later steps: the cost then punishes starting. Times that the expert
  never reached are left out; if all are, its rows weigh alike.
  """
  length = 1 + max(learner.time.max(), expert.time.max())
  wanted = np.bincount(learner.time, minlength=length)
  there = np.bincount(expert.time, minlength=length)
  weights = (wanted / np.maximum(there, 1))[expert.time]
  if not weights.any():
    weights = np.ones(len(weights))
  return weights / weights.sum()


class KeptRounds(tf.Module):
  """The learner's rows of the latest rounds; in a checkpoint, if several."""

  def __init__(self, observation_size: int, action_size: int, num_rounds: int):
    """Args: `num_rounds` is how many, the present one included."""
    super().__init__('kept_rounds')
    self._num_rounds = num_rounds
    self._observation_size = observation_size
    if num_rounds > 1:
      width = observation_size + action_size + 1
      self._rows = tf.Variable(
        tf.zeros([0, width]), trainable=False, shape=[None, width]
      )
      self._lengths = tf.Variable(
        tf.zeros([0], tf.int64), trainable=False, shape=[None]
      )

  def add(self, rows: EpisodeRows) -> EpisodeRows:
    """Takes a round's rows. Returns: those of all rounds that are kept."""
    if self._num_rounds == 1:
      return rows
    packed = np.column_stack(rows)
    lengths = np.append(self._lengths.numpy(), len(packed))
    lengths = lengths[-self._num_rounds :]
    packed = np.concatenate([self._rows.numpy(), packed])[-lengths.sum() :]
    self._rows.assign(packed)
    self._lengths.assign(lengths)
    size = self._observation_size
    return EpisodeRows(
      packed[:, :size], packed[:, size:-1], packed[:, -1].astype(np.int64)
    )
