"""What is drawn: uniform, fresh, whole, paced, and exactly mixed."""

import time

import numpy as np
import pytest
import tensorflow as tf

from tfirl.replay.errors import StarvedTableError
from tfirl.replay.sampling import mix
from tfirl.types import Transition


def _numbers(rows):
  return rows.observation.numpy()[:, 0].astype(int)


def _num_sampled(replay):
  info = replay._client.server_info()['policy']
  return info.rate_limiter_info.sample_stats.completed


def _is_uniform(counts):
  """Chi-square; Reverb's draws have no seed, so 7 deviations are allowed."""
  expected = np.mean(counts)
  statistic = np.sum((counts - expected) ** 2) / expected
  freedom = len(counts) - 1
  return statistic < freedom + 7 * np.sqrt(2 * freedom)


@pytest.mark.parametrize('rows_per_item', [1, 4])
def test_rows_are_drawn_uniformly(make_replay, make_rows, rows_per_item):
  replay = make_replay(rows_per_item=rows_per_item)
  replay.writer('policy').append(make_rows(range(128)))
  numbers = _numbers(replay.sampler('policy', 128 * 100).sample())
  counts = np.bincount(numbers, minlength=128)
  # The rows of a block are drawn together: one count speaks for all four.
  blocks = counts.reshape(-1, rows_per_item)
  assert (blocks == blocks[:, :1]).all()
  assert _is_uniform(blocks[:, 0])


def test_uniformity_check_can_fail():
  assert not _is_uniform(np.r_[np.full(64, 60), np.full(64, 140)])


def test_rows_of_a_block_are_scattered(make_replay, make_rows):
  replay = make_replay(rows_per_item=16, min_size=16)
  replay.writer('policy').append(make_rows(range(1024)))
  numbers = _numbers(replay.sampler('policy', 1600).sample())
  assert np.mean(np.diff(numbers) == 1) < 0.05


def test_rows_stay_whole(make_replay, make_rows):
  replay = make_replay()
  replay.writer('policy').append(make_rows(range(64)))
  rows = replay.sampler('policy', 30).sample()
  expected = make_rows(rows.observation.numpy()[:, 0])
  for field, found in zip(expected, rows, strict=True):
    np.testing.assert_array_equal(found, field)
    assert found.dtype == tf.float32


def test_orders_follow_the_seed(make_replay, make_rows):
  def draw():
    replay = make_replay(rows_per_item=64, min_size=64)
    replay.writer('policy').append(make_rows(range(64)))
    return _numbers(replay.sampler('policy', 64).sample()).tolist()

  first = draw()
  assert first == draw()
  assert first != sorted(first)


def test_what_goes_on_draws_other_orders(make_replay, make_rows, tmp_path):
  """Not those of the beginning again; the same each time."""
  replay = make_replay(rows_per_item=64, min_size=64)
  replay.writer('policy').append(make_rows(range(64)))
  orders = [_numbers(replay.sampler('policy', 64).sample()).tolist()]
  replay.save(tmp_path)
  for _ in range(2):
    replay = make_replay(restore_from=tmp_path, rows_per_item=64, min_size=64)
    orders.append(_numbers(replay.sampler('policy', 64).sample()).tolist())
  assert orders[0] != orders[1] == orders[2]


def test_nothing_is_prefetched(make_replay, make_rows):
  replay = make_replay(capacity=64)
  writer, sampler = replay.writer('policy'), replay.sampler('policy', 32)
  writer.append(make_rows(range(64)))
  for i in range(1, 4):
    sampler.sample()
    assert _num_sampled(replay) == 8 * i
  writer.append(make_rows(range(1000, 1064)))  # pushes out all old rows
  assert _numbers(sampler.sample()).min() >= 1000


def test_rows_left_of_a_block_open_the_next_call(make_replay, make_rows):
  replay = make_replay()
  replay.writer('policy').append(make_rows(range(64)))
  sampler = replay.sampler('policy', 6)
  for _ in range(10):
    assert len(_numbers(sampler.sample())) == 6
  assert _num_sampled(replay) == 15  # 60 rows, not 10 x 2 blocks


@pytest.mark.parametrize('num_rows', [0, 4])
def test_starved_table_is_named_within_its_timeout(
  make_replay, make_rows, num_rows
):
  replay = make_replay(min_size=8, timeout_ms=200)
  replay.writer('policy').append(make_rows(range(num_rows)))
  start = time.monotonic()
  with pytest.raises(StarvedTableError) as error:
    replay.sampler('policy', 16).sample()
  assert time.monotonic() - start > 0.15
  for part in ("'policy'", f'({num_rows} rows', 'MinSize(min_size=8 rows)'):
    assert part in str(error.value)


def test_oversampled_table_starves_and_recovers(make_replay, make_rows):
  replay = make_replay(samples_per_insert=4.0, error_buffer=16, timeout_ms=200)
  writer, sampler = replay.writer('policy'), replay.sampler('policy', 48)
  writer.append(make_rows(range(4)))
  sampler.sample()
  with pytest.raises(StarvedTableError, match='samples_per_insert=4, .*16 row'):
    sampler.sample()  # 24 blocks; the limiter allows 16 ahead
  writer.append(make_rows(range(24)))
  assert len(_numbers(sampler.sample())) == 48


def test_a_pause_longer_than_the_timeout_is_harmless(make_replay, make_rows):
  replay = make_replay(samples_per_insert=4.0, error_buffer=16, timeout_ms=200)
  writer, sampler = replay.writer('policy'), replay.sampler('policy', 16)
  for _ in range(3):
    writer.append(make_rows(range(4)))
    assert len(_numbers(sampler.sample())) == 16
    time.sleep(0.3)


def test_real_rounds_never_block(make_replay, make_rows):
  replay = make_replay(
    capacity=100_000,
    rows_per_item=16,
    samples_per_insert=256.0,
    min_size=1000,
    error_buffer=160,
  )
  writer, sampler = replay.writer('policy'), replay.sampler('policy', 64 * 256)
  writer.append(make_rows(range(1000)))
  for _ in range(40):
    writer.append(make_rows(range(64)))
    sampler.sample()
  assert replay.size('policy') == (1000 + 40 * 64) // 16 * 16
  assert _num_sampled(replay) == 40 * 1024


@pytest.mark.parametrize(
  'steps, ratio', [(50, 2.0), (7, 3.0), (1, 5.0), (20, 1.0), (34, 0.5)]
)
def test_rounds_that_do_not_fill_blocks_never_block(
  make_replay, make_rows, steps, ratio
):
  rows_per_item, rounds = 16, 200
  blocks = 1 + max(1.0, 1 / ratio)
  replay = make_replay(
    rows_per_item=rows_per_item,
    samples_per_insert=ratio,
    min_size=100,
    error_buffer=int(2 * steps + blocks * rows_per_item),
  )
  writer = replay.writer('policy')
  sampler = replay.sampler('policy', int(steps * ratio))
  writer.append(make_rows(range(100)))
  for _ in range(rounds):
    writer.append(make_rows(range(steps)))
    sampler.sample()
  rows_sampled = _num_sampled(replay) * rows_per_item
  # Only the last block's leftover has been sampled and not yet returned.
  assert 0 <= rows_sampled - rounds * steps * ratio < rows_per_item


@pytest.mark.parametrize(
  'fraction, num_expert',
  [(0.0, 0), (0.26, 3), (0.5, 5), (0.74, 7), (0.96, 10), (1.0, 10)],
)
def test_mix_takes_exactly_the_rounded_share(make_rows, fraction, num_expert):
  learner = Transition(*map(tf.constant, make_rows(range(10))))
  expert = Transition(*map(tf.constant, make_rows(range(100, 110))))
  mixed = mix(learner, expert, tf.constant(fraction))
  numbers = [100 + i if i < num_expert else i for i in range(10)]
  for field, found in zip(make_rows(numbers), mixed, strict=True):
    np.testing.assert_array_equal(found, field)


def test_mix_traces_once_with_static_shapes(make_rows):
  traced_shapes = []

  @tf.function
  def mixed(learner, expert, fraction):
    rows = mix(learner, expert, fraction)
    traced_shapes.append([field.shape.as_list() for field in rows])
    return rows

  rows = Transition(*map(tf.constant, make_rows(range(10))))
  for fraction in (0.0, 0.3, 1.0):
    mixed(rows, rows, tf.constant(fraction))
  assert traced_shapes == [[[10, 2], [10, 1], [10], [10, 2]]]
