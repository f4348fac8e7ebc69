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
def test_reads_each_row_once_as_they_were_written(replay, number):
  rows = _rows(number)
  replay.writer('t').append(rows)
  for field, expected in zip(replay.read('t'), rows, strict=True):
    np.testing.assert_array_equal(field, expected)


def test_reads_what_is_still_there(replay):
  """70 rows: the first two blocks have made room for the last."""
  replay.writer('t').append(_rows(70))
  found = replay.read('t').observation[:, 0]
  np.testing.assert_array_equal(found, np.arange(4, 70))


def test_a_table_is_drawn_bit_by_bit(replay, monkeypatch):
  """Not all draws at once: each block comes about ten times."""
  monkeypatch.setattr(reading, '_MOST_PER_BATCH', 3)
  replay.writer('t').append(_rows(64))
  found = replay.read('t').observation[:, 0]
  np.testing.assert_array_equal(found, np.arange(64))


def test_rows_move_to_another_table(make_replay, make_rows):
  """10 of one, behind 3 of the other, which has room for 12, in blocks of 4."""
  replay = make_replay(tables={'one': {}, 'other': {'capacity': 12}})
  replay.writer('one').append(make_rows(range(10)))
  replay.writer('other').append(make_rows(range(100, 103)))
  replay.move('one', 'other')
  assert (replay.size('one'), len(replay.read('one').discount)) == (0, 0)
  found = replay.read('other').observation[:, 0]
  np.testing.assert_array_equal(found, [100, 101, 102, *range(10)])
  replay.writer('other').append(make_rows([10, 11, 12]))  # a block too many
  found = replay.read('other').observation[:, 0]
  np.testing.assert_array_equal(found, range(1, 13))


def test_a_restored_table_is_read_in_order(make_replay, make_rows, tmp_path):
  replay = make_replay()
  replay.writer('policy').append(make_rows(range(100)))
  replay.clear('policy')
  replay.writer('policy').append(make_rows(range(18)))
  replay.save(tmp_path)
  replay = make_replay(restore_from=tmp_path)
  replay.writer('policy').append(make_rows(range(18, 30)))
  found = replay.read('policy').observation[:, 0]
  np.testing.assert_array_equal(found, range(30))


def test_a_cleared_table_is_empty_and_takes_rows_again(replay):
  replay.writer('t').append(_rows(10))
  replay.clear('t')
  assert replay.size('t') == 0
  assert len(replay.read('t').discount) == 0
  replay.writer('t').append(_rows(5, start=100))
  np.testing.assert_array_equal(
    replay.read('t').observation[:, 0], np.arange(100, 105)
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
