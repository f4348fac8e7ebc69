"""A table read in full: every row once, those of the partial block too."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl import types
from tfirl.replay import reading, tables
from tfirl.replay.errors import StarvedTableError


def _rows(number, start=0):
  values = np.arange(start, start + number, dtype=np.float32)
  return types.Transition(
    np.stack([values, -values], -1), values[:, None], values % 2, 2 * values
  )


@pytest.fixture
def replay():
  """Table `t`: room for 64 rows in blocks of 4."""
  spec = types.Transition(
    tf.TensorSpec([2]), tf.TensorSpec([1]), tf.TensorSpec([]), tf.TensorSpec([])
  )
  config = tables.table('t', capacity=64, rows_per_item=4, min_size=1)
  made = tables.Replay([config], spec)
  yield made
  made.close()


@pytest.mark.parametrize('number', [0, 1, 3, 4, 5, 39, 64])
def test_reads_each_row_once(replay, number):
  rows = _rows(number)
  replay.writer('t').append(rows)
  found = replay.read('t')
  order = np.argsort(found.observation[:, 0])
  for field, expected in zip(found, rows, strict=True):
    np.testing.assert_array_equal(field[order], expected)


def test_reads_what_is_still_there(replay):
  """70 rows: the first two blocks have made room for the last."""
  replay.writer('t').append(_rows(70))
  found = np.sort(replay.read('t').observation[:, 0])
  np.testing.assert_array_equal(found, np.arange(4, 70))


def test_a_cleared_table_is_empty_and_takes_rows_again(replay):
  replay.writer('t').append(_rows(10))
  replay.clear('t')
  assert replay.size('t') == 0
  assert len(replay.read('t').discount) == 0
  replay.writer('t').append(_rows(5, start=100))
  np.testing.assert_array_equal(
    np.sort(replay.read('t').observation[:, 0]), np.arange(100, 105)
  )


def test_blocks_that_are_not_there_end_in_an_error(replay, monkeypatch):
  replay.writer('t').append(_rows(8))
  with pytest.raises(StarvedTableError, match='2 of its 3 blocks'):
    reading.read_blocks(
      replay._client.server_address, 't', (4, 5), 3, 500, lambda: 'table t'
    )


def test_an_unknown_table(replay):
  for call in (replay.read, replay.clear):
    with pytest.raises(KeyError, match="no table 'x'"):
      call('x')


def test_a_shut_limiter_is_waited_for_once(monkeypatch):
  """Not once for each of the draws that may be needed."""
  draws = []
  make = reading.reverb.TrajectoryDataset
  monkeypatch.setattr(
    reading.reverb,
    'TrajectoryDataset',
    lambda **kwargs: (draws.append(1), make(**kwargs))[1],
  )
  spec = types.Transition(
    tf.TensorSpec([2]), tf.TensorSpec([1]), tf.TensorSpec([]), tf.TensorSpec([])
  )
  config = tables.table(
    't', capacity=64, rows_per_item=4, min_size=40, timeout_ms=100
  )
  replay = tables.Replay([config], spec)
  replay.writer('t').append(_rows(8))
  with pytest.raises(StarvedTableError, match='0 of its 2 blocks'):
    replay.read('t')
  assert len(draws) == 1
  replay.close()
