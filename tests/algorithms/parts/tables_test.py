"""The pace of the tables as algorithms use them: a round in, a round out."""

import contextlib
import dataclasses

import gin
import numpy as np
import pytest
import reverb_ports

from tfirl.algorithms.parts import tables as algorithm_tables
from tfirl.replay import errors, tables, writers
from tfirl.types import Demonstrations, Transition


@pytest.fixture(autouse=True)
def bindings():
  """Small blocks; whoever waits for itself fails within half a second."""
  gin.parse_config("""
    policy/table.rows_per_item = 4
    policy/table.timeout_ms = 500
    expert/table.rows_per_item = 8
    expert/table.timeout_ms = 500
  """)


def make_rows(start, stop):
  numbers = np.arange(start, stop, dtype=np.float32)
  return Transition(
    observation=np.stack([numbers, numbers], 1),
    action=numbers[:, np.newaxis],
    discount=np.ones_like(numbers),
    next_observation=np.stack([numbers, numbers], 1) + 1,
  )


@pytest.fixture
def open_replay():
  replays = []

  def make(config):
    spec = algorithm_tables.transition_spec(2, 1)
    replays.append(tables.Replay([config], spec))
    return replays[-1]

  yield make
  for replay in replays:
    replay.close()


def test_spec_of_a_row():
  spec = algorithm_tables.transition_spec(11, 3)
  assert isinstance(spec, Transition)
  assert [s.shape.as_list() for s in spec] == [[11], [3], [], [11]]
  assert {s.dtype.name for s in spec} == {'float32'}


def test_online_table_reads_a_batch_per_row_and_its_scope():
  config = algorithm_tables.online_table('policy', 256, 64, 1024)
  assert config.name == 'policy'
  assert config.samples_per_insert == 256
  assert config.min_size == 1024
  assert config.rows_per_item == 4  # bound in the scope of its name
  assert config.error_buffer >= 2 * 64


def test_expert_table_waits_for_every_row_without_a_ratio():
  config = algorithm_tables.expert_table(64_000)
  assert config.name == 'expert'
  assert config.samples_per_insert is None
  assert config.min_size == 64_000 <= config.capacity
  assert config.rows_per_item == 8


@pytest.mark.parametrize(
  ('steps', 'initial'), [(64, 64), (64, 1000), (8, 100), (24, 8)]
)
def test_one_thread_never_waits_for_itself(open_replay, steps, initial):
  batch_size = 16
  replay = open_replay(
    algorithm_tables.online_table('policy', batch_size, steps, initial)
  )
  writer = replay.writer('policy')
  sampler = replay.sampler('policy', steps * batch_size)
  written = 0
  for _ in range(-(-initial // steps) + 12):
    writer.append(make_rows(written, written + steps))
    written += steps
    if written >= initial:
      assert sampler.sample().discount.shape == (steps * batch_size,)


def test_a_reader_ahead_of_its_ratio_is_stopped(open_replay):
  replay = open_replay(algorithm_tables.online_table('policy', 4, 8, 8))
  replay.writer('policy').append(make_rows(0, 16))
  sampler = replay.sampler('policy', 8 * 4)
  with pytest.raises(errors.StarvedTableError, match='policy'):
    for _ in range(20):
      sampler.sample()


@pytest.mark.parametrize('num_rows', [3, 8, 20, 37])
def test_all_expert_rows_can_be_read_and_again(open_replay, num_rows):
  replay = open_replay(algorithm_tables.expert_table(num_rows))
  writers.write_shuffled(
    replay.writer('expert'), make_rows(0, num_rows), np.random.default_rng(0)
  )
  sampler = replay.sampler('expert', 600)
  seen = set(sampler.sample().action.numpy()[:, 0].tolist())
  assert seen == set(range(num_rows))
  for _ in range(5):
    sampler.sample()


def _demos(start, stop):
  rows = make_rows(start, stop)
  return Demonstrations(
    observations=rows.observation,
    actions=rows.action,
    next_observations=rows.next_observation,
    terminals=np.zeros(stop - start, bool),
    timeouts=np.arange(start, stop) == stop - 1,
    rewards=10.0 * np.arange(start, stop),
    source='my.npz',
  )


def _open(demos, restore_from=None, mixed=()):
  names = [config.name for config in mixed]
  return contextlib.closing(
    algorithm_tables.open_with_demos(mixed, demos, restore_from, 0, mixed=names)
  )


def _numbers(replay):
  replay.sampler('expert', 8).sample()  # there are enough
  return set(replay.read('expert').action[:, 0].tolist())


@pytest.mark.parametrize('stop', [103, 140, 400])
def test_other_demonstrations_take_the_place_of_a_checkpoints(tmp_path, stop):
  """Fewer, as many or more; and so again, from a checkpoint of these."""
  with _open(_demos(0, 40)) as replay:
    assert _numbers(replay) == set(range(40))
    replay.save(tmp_path / 'old')
  others, expected = _demos(100, stop), set(range(100, stop))
  for number in range(2):
    with _open(others, tmp_path / ('new' if number else 'old')) as replay:
      assert _numbers(replay) == expected
      if not number:
        replay.save(tmp_path / 'new')


@pytest.mark.parametrize('stop', [103, 140, 400])
def test_and_beside_other_rows_one_for_one(tmp_path, stop):
  """32 demonstrated rows, and 5 more of a block that is not full."""
  own = make_rows(-9, -1)
  mixed = [algorithm_tables.read_table('mixed')]
  with _open(_demos(0, 40), None, mixed) as replay:
    for rows in (own, make_rows(0, 37)):
      replay.writer('mixed').append(rows)
    replay.save(tmp_path / 'old')
  for demos, expected in (
    (_demos(0, 40), set(range(37))),
    (_demos(100, stop), set(range(100, stop))),
  ):
    with _open(demos, tmp_path / 'old', mixed) as replay:
      found = replay.read('mixed').action[:, 0].tolist()
    others = [number for number in found if number >= 0]
    assert sorted(set(found) - set(others)) == list(range(-9, -1))
    assert len(others) == 37 and set(others) <= expected
    counts = [others.count(number) for number in expected]
    assert max(counts) - min(counts) <= 1  # none is favoured


def test_too_many_for_a_checkpoint_are_refused(tmp_path, monkeypatch):
  expert_table = algorithm_tables.expert_table
  monkeypatch.setattr(
    algorithm_tables,
    'expert_table',
    lambda num_rows: dataclasses.replace(expert_table(num_rows), capacity=40),
  )
  with _open(_demos(0, 40)) as replay:
    replay.save(tmp_path / 'old')
  monkeypatch.undo()
  expected = 'my.npz: found 48 transitions; expected at most 40, to go'
  with reverb_ports.none_left_open(), pytest.raises(ValueError, match=expected):
    _open(_demos(0, 48), tmp_path / 'old')


def test_rows_of_demonstrations_carry_rewards_where_they_are_asked_for():
  demos = _demos(0, 16)
  with contextlib.closing(
    algorithm_tables.open_with_demos([], demos, None, 0, has_reward=True)
  ) as replay:
    found = replay.sampler('expert', 8).sample()
  np.testing.assert_array_equal(found.reward, 10 * found.action[:, 0])
