"""Replays whose rows carry a number, so that each can be told apart."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.replay.tables import Replay, table
from tfirl.types import Transition

SPEC = Transition(
  tf.TensorSpec([2], tf.float32),
  tf.TensorSpec([1], tf.float32),
  tf.TensorSpec([], tf.float32),
  tf.TensorSpec([2], tf.float32),
)


@pytest.fixture
def make_rows():
  """`make_rows(numbers)`: rows whose every field is a function of a number."""

  def make(numbers):
    numbers = np.asarray(numbers, np.float32)
    return Transition(
      observation=np.stack([numbers, numbers + 0.25], 1),
      action=-numbers[:, np.newaxis],
      discount=numbers % 2,
      next_observation=np.stack([numbers + 1, numbers + 1.25], 1),
    )

  return make


@pytest.fixture
def make_replay():
  """`make_replay(restore_from=None, **table)`: one table, 'policy'.

  `tables` are the bindings of each of several instead, by name.
  """
  replays = []

  def make(restore_from=None, tables=None, **bindings):
    defaults = {
      'capacity': 1024,
      'rows_per_item': 4,
      'min_size': 4,
      **bindings,
    }
    configs = [
      table(name, **{**defaults, **of_table})
      for name, of_table in (tables or {'policy': {}}).items()
    ]
    replays.append(Replay(configs, SPEC, restore_from=restore_from))
    return replays[-1]

  yield make
  for replay in replays:
    replay.close()
