"""Configuration, and a checkpoint's way there and back."""

import shutil

import gin
import numpy as np
import pytest
import reverb_ports

from tfirl.replay.errors import BlockedWriterError, StarvedTableError
from tfirl.replay.tables import table

PACED = {'samples_per_insert': 2.0, 'min_size': 8, 'error_buffer': 16}


def _limiter(replay):
  info = replay._client.server_info()['policy'].rate_limiter_info
  return info.insert_stats.completed, info.sample_stats.completed


def test_each_table_takes_the_bindings_of_its_scope():
  gin.parse_config('policy/table.rows_per_item = 8\ntable.min_size = 512')
  with gin.config_scope('policy'):
    policy = table('policy')
  with gin.config_scope('expert'):
    expert = table('expert')
  assert (policy.rows_per_item, policy.min_size) == (8, 512)
  assert (expert.rows_per_item, expert.min_size) == (16, 512)


@pytest.mark.parametrize(
  'bindings, field',
  [
    ({'rows_per_item': 0}, 'rows_per_item'),
    ({'rows_per_item': 32, 'capacity': 31, 'min_size': 1}, 'capacity'),
    ({'min_size': 0}, 'min_size'),
    ({'capacity': 999, 'min_size': 1000}, 'min_size'),
    ({'samples_per_insert': 0.0}, 'samples_per_insert'),
    ({'samples_per_insert': 4.0, 'error_buffer': 31}, 'error_buffer'),
    ({'timeout_ms': 0}, 'timeout_ms'),
  ],
)
def test_impossible_values_are_refused(bindings, field):
  """One value alone, or two that contradict each other."""
  message = rf"table\.{field} is |table 'hybrid': found {field} = "
  with pytest.raises(ValueError, match=message):
    table('hybrid', **bindings)


def test_unknown_table_lists_those_there_are(make_replay):
  with pytest.raises(KeyError, match=r"'expert'.*\['policy'\]"):
    make_replay().size('expert')


@pytest.mark.parametrize('min_size, num_rows', [(10, 10), (1, 4)])
def test_min_size_that_does_not_fill_blocks_is_reached(
  make_replay, make_rows, min_size, num_rows
):
  replay = make_replay(min_size=min_size)
  replay.writer('policy').append(make_rows(range(num_rows)))
  assert replay.sampler('policy', 8).sample().discount.shape == [8]


def test_a_writer_that_fails_to_close_keeps_no_server_open(
  make_replay, monkeypatch
):
  def fail():
    raise OSError('the socket is gone')

  with reverb_ports.none_left_open():
    replay = make_replay()
    monkeypatch.setattr(replay.writer('policy'), 'close', fail)
    with pytest.raises(OSError, match='the socket is gone'):
      replay.close()


def test_no_row_is_lost_across_save_and_restore(
  make_replay, make_rows, tmp_path
):
  replay = make_replay()
  replay.writer('policy').append(make_rows(range(0, 50)))
  replay.save(tmp_path / 'saved')
  replay.writer('policy').append(make_rows(range(500, 600)))
  replay.close()

  restored = make_replay(restore_from=tmp_path / 'saved')
  assert restored.size('policy') == 48
  restored.writer('policy').append(make_rows(range(50, 60)))
  assert restored.size('policy') == 60
  rows = restored.sampler('policy', 60 * 60).sample()
  numbers = rows.observation.numpy()[:, 0]
  assert set(numbers.astype(int)) == set(range(60))
  expected = make_rows(numbers)
  for field, found in zip(expected, rows, strict=True):
    np.testing.assert_array_equal(found, field)


_FOUR_TABLES = {
  'expert': {'rows_per_item': 8, 'min_size': 40},
  'policy': {'rows_per_item': 4, **PACED},
  'hybrid': {'rows_per_item': 1},
  'learner': {'rows_per_item': 16, 'min_size': 16, 'capacity': 32},
}


def test_four_tables_keep_their_rows_apart(make_replay, make_rows, tmp_path):
  """Each has numbers of its own, with block sizes and limiters that differ."""
  replay = make_replay(tables=_FOUR_TABLES)
  written = {
    'expert': range(0, 40),
    'policy': range(100, 118),
    'hybrid': range(200, 205),
    'learner': range(300, 370),
  }
  for name, numbers in written.items():
    replay.writer(name).append(make_rows(numbers))

  def check(replay, kept):
    assert {name: replay.size(name) for name in replay.names} == {
      name: len(numbers) for name, numbers in kept.items()
    }
    for name, numbers in kept.items():
      rows = replay.sampler(name, 8).sample()
      found = rows.observation.numpy()[:, 0]
      assert len(found) == 8 and set(found.astype(int)) <= set(numbers)
      for field, expected in zip(rows, make_rows(found), strict=True):
        np.testing.assert_array_equal(field, expected)

  # Whole blocks; the learner's table holds two, the oldest goes first.
  kept = {**written, 'policy': range(100, 116), 'learner': range(332, 364)}
  check(replay, kept)
  replay.save(tmp_path / 'saved')
  replay.close()

  restored = make_replay(tmp_path / 'saved', tables=_FOUR_TABLES)
  assert restored.names == list(_FOUR_TABLES)
  check(restored, kept)
  partial = {n: len(restored.writer(n).partial_rows) for n in restored.names}
  assert partial == {'expert': 0, 'policy': 2, 'hybrid': 0, 'learner': 6}
  restored.writer('learner').append(make_rows(range(370, 380)))
  restored.writer('policy').append(make_rows([118, 119]))
  kept.update(policy=range(100, 120), learner=range(348, 380))
  check(restored, kept)


def test_saved_replay_goes_on_and_saves_again(make_replay, make_rows, tmp_path):
  replay = make_replay()
  for i in range(3):
    replay.writer('policy').append(make_rows(range(6 * i, 6 * i + 6)))
    replay.save(tmp_path / str(i))
  sizes = []
  for i in range(3):
    restored = make_replay(restore_from=tmp_path / str(i))
    partial = len(restored.writer('policy').partial_rows)
    sizes.append((restored.size('policy'), partial))
  assert sizes == [(4, 2), (12, 0), (16, 2)]


def test_restored_limiter_goes_on_where_it_was(
  make_replay, make_rows, tmp_path
):
  replay = make_replay(**PACED)
  replay.writer('policy').append(make_rows(range(16)))
  replay.sampler('policy', 24).sample()
  assert _limiter(replay) == (4, 6)
  replay.save(tmp_path / 'saved')

  restored = make_replay(
    restore_from=tmp_path / 'saved', timeout_ms=200, **PACED
  )
  assert _limiter(restored) == (4, 6)
  writer, sampler = restored.writer('policy'), restored.sampler('policy', 32)
  for _ in range(5):
    writer.append(make_rows(range(16)))
    sampler.sample()
  # Six samples ahead of 2 x (inserts - 2), of eight allowed.
  with pytest.raises(StarvedTableError):
    restored.sampler('policy', 32).sample()
  with pytest.raises(BlockedWriterError):
    writer.append(make_rows(range(100)))


@pytest.mark.parametrize(
  'change',
  [
    {'samples_per_insert': 3.0},
    {'samples_per_insert': None},
    {'min_size': 12},
    {'error_buffer': 20},
    {'capacity': 2048},
    {'rows_per_item': 2},
  ],
)
def test_changed_config_is_refused_by_name(
  make_replay, make_rows, tmp_path, change
):
  replay = make_replay(**PACED)
  replay.writer('policy').append(make_rows(range(8)))
  replay.save(tmp_path / 'saved')
  (field,) = change
  with pytest.raises(ValueError, match=f"'policy': found {field} = "):
    make_replay(restore_from=tmp_path / 'saved', **{**PACED, **change})


def test_timeout_may_change(make_replay, make_rows, tmp_path):
  replay = make_replay()
  replay.writer('policy').append(make_rows(range(8)))
  replay.save(tmp_path / 'saved')
  restored = make_replay(restore_from=tmp_path / 'saved', timeout_ms=999)
  assert restored.size('policy') == 8


def test_missing_and_damaged_checkpoints_are_named(
  make_replay, make_rows, tmp_path
):
  with pytest.raises(FileNotFoundError, match='nowhere'):
    make_replay(restore_from=tmp_path / 'nowhere')
  replay = make_replay()
  replay.writer('policy').append(make_rows(range(8)))
  replay.save(tmp_path / 'saved')
  shutil.copytree(tmp_path / 'saved', tmp_path / 'no_partial')
  (tmp_path / 'no_partial' / 'partial_policy.npz').unlink()
  with reverb_ports.none_left_open():
    with pytest.raises(FileNotFoundError, match='partial_policy.npz'):
      make_replay(restore_from=tmp_path / 'no_partial')
  (tmp_path / 'saved' / 'reverb' / 'items.tfrecord').write_bytes(b'')
  with pytest.raises(ValueError, match="'policy'|saved"):
    make_replay(restore_from=tmp_path / 'saved')


def test_failed_save_leaves_nothing_half_written(
  make_replay, make_rows, tmp_path, monkeypatch
):
  replay = make_replay()
  replay.writer('policy').append(make_rows(range(8)))

  def full_disk():
    raise RuntimeError('No space left on device')

  with monkeypatch.context() as patch:
    patch.setattr(replay._client, 'checkpoint', full_disk)
    with pytest.raises(OSError, match='reverb: .*No space left'):
      replay.save(tmp_path / 'saved')
  assert not list((tmp_path / 'saved').iterdir())
  replay.save(tmp_path / 'saved')
  assert make_replay(restore_from=tmp_path / 'saved').size('policy') == 8
