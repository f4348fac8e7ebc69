"""Blocks, partial blocks, and whole data sets in random order."""

import collections

import numpy as np
import pytest

from tfirl.replay.errors import BlockedWriterError
from tfirl.replay.writers import write_shuffled


def _counts(replay, num_rows):
  """How often each row's number is drawn; sweeps many blocks."""
  rows = replay.sampler('policy', num_rows).sample()
  return collections.Counter(rows.observation.numpy()[:, 0].astype(int))


def test_rows_enter_the_table_as_blocks_fill_up(make_replay, make_rows):
  replay = make_replay()
  writer = replay.writer('policy')
  writer.append(make_rows([0, 1, 2]))
  assert replay.size('policy') == 0
  assert len(writer.partial_rows) == 3
  writer.append(make_rows([3, 4]))
  assert replay.size('policy') == 4
  assert writer.partial_rows[:, 0].tolist() == [4.0]
  assert set(_counts(replay, 400)) == {0, 1, 2, 3}


def test_one_large_append_writes_every_row(make_replay, make_rows):
  replay = make_replay()
  replay.writer('policy').append(make_rows(range(600)))
  assert replay.size('policy') == 600
  assert set(_counts(replay, 600 * 30)) == set(range(600))


def test_capacity_drops_the_oldest_block_first(make_replay, make_rows):
  replay = make_replay(capacity=10)  # two whole blocks of four
  for number in range(12):
    replay.writer('policy').append(make_rows([number]))
  assert replay.size('policy') == 8
  assert set(_counts(replay, 400)) == set(range(4, 12))


def test_unsampled_table_blocks_the_writer_within_its_timeout(
  make_replay, make_rows
):
  replay = make_replay(samples_per_insert=2.0, error_buffer=8, timeout_ms=200)
  with pytest.raises(BlockedWriterError, match="table 'policy' .*error_buffer"):
    replay.writer('policy').append(make_rows(range(100)))


def test_write_shuffled_writes_each_row_once_when_blocks_fill(
  make_replay, make_rows
):
  replay = make_replay()
  writer = replay.writer('policy')
  written = write_shuffled(
    writer, make_rows(range(40)), np.random.default_rng(0)
  )
  assert written == replay.size('policy') == 40
  rows = replay.sampler('policy', 4 * 500).sample()
  numbers = rows.observation.numpy()[:, 0].astype(int)
  assert set(numbers) == set(range(40))


def test_write_shuffled_breaks_up_the_order(make_replay, make_rows):
  replay = make_replay()
  rng = np.random.default_rng(0)
  write_shuffled(replay.writer('policy'), make_rows(range(400)), rng)
  blocks = [
    np.sort(replay.sampler('policy', 4).sample().observation.numpy()[:, 0])
    for _ in range(10)
  ]
  assert np.mean([block[-1] - block[0] for block in blocks]) > 50


def test_write_shuffled_leaves_no_row_out_and_favours_none(
  make_replay, make_rows
):
  replay = make_replay()
  writer = replay.writer('policy')
  written = write_shuffled(
    writer, make_rows(range(10)), np.random.default_rng(0)
  )
  assert written == 20  # two passes: 10 rows do not fill blocks of 4
  assert not len(writer.partial_rows)
  counts = _counts(replay, 40_000)
  assert set(counts) == set(range(10))
  # A row lies in two blocks of five; 10,000 draws: 4000 +- 63 each.
  assert max(abs(count - 4000) for count in counts.values()) < 500


def test_write_shuffled_writes_as_many_as_are_waited_for(
  make_replay, make_rows
):
  replay = make_replay(min_size=30)
  rows, rng = make_rows(range(4)), np.random.default_rng(0)
  assert replay.least_rows('policy') == 28
  writer = replay.writer('policy')
  written = write_shuffled(writer, rows, rng, replay.least_rows('policy'))
  assert written == replay.size('policy') == 28
  counts = _counts(replay, 28_000)  # 7000 +- 73 each
  assert max(abs(counts[number] - 7000) for number in range(4)) < 500


def test_write_shuffled_refuses_partial_rows(make_replay, make_rows):
  writer = make_replay().writer('policy')
  writer.append(make_rows([7]))
  with pytest.raises(ValueError, match='1 partial rows'):
    write_shuffled(writer, make_rows(range(4)), np.random.default_rng(0))
