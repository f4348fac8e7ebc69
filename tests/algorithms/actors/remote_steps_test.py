"""Blocks of actors as a round's steps: which count, once, and in what order."""

import itertools
import json
import types

import numpy as np
import pytest

from tfirl.algorithms.actors import remote_steps, worker
from tfirl.algorithms.parts import sources
from tfirl.replay import exchange
from tfirl.replay.errors import StarvedTableError

_ROWS, _WIDTH = 6, 2 + 1 + 1 + 2 + 1


def _sender(job):
  """`send(number, value, version)`: a block of that job."""
  post = exchange.Outpost(job.address, 5.0)

  def send(number, value=0.0, version=0):
    counts = job.actor, job.life, number, version
    block = exchange.Block(
      np.full((_ROWS, _WIDTH), value, np.float32),
      np.arange(_ROWS),
      *map(np.int64, counts),
    )
    assert post.write(block, lambda: False)

  return send


def _values(steps):
  """One for each block."""
  return steps.rows.reward[::_ROWS].tolist()


@pytest.fixture
def begin(make_source, policy, monkeypatch):
  """`begin(crew, **changes)`: a source that has told its actors."""
  monkeypatch.setattr(remote_steps, '_SLICE_MS', 100)

  def make(crew, **changes):
    source = make_source(crew, **{'timeout_s': 1.0, **changes})
    source._tell(policy, True, 0)
    return source

  return make


@pytest.mark.parametrize(
  ('num_steps', 'num_actors', 'expected'),
  [(64, 1, 64), (64, 8, 8), (64, 3, 16), (10, 4, 2), (10, 20, 1), (7, 2, 1)],
)
def test_a_round_is_whole_blocks(num_steps, num_actors, expected):
  assert remote_steps.rows_per_block(num_steps, num_actors) == expected


def test_actors_act_each_in_its_own_stream(make_source, threaded, policy):
  source = make_source(threaded)
  rounds = [
    source.take(policy, np.random.default_rng(0), updates)
    for updates in (0, 10, 20)
  ]
  for steps in rounds:
    assert len(steps.times) == len(steps.rows.reward) == 12
    assert steps.num_stale == 0
  rows, times, streams = (
    np.concatenate(parts)
    for parts in zip(
      *((s.rows.observation, s.times, s.streams) for s in rounds), strict=True
    )
  )
  actions = np.concatenate([steps.rows.action for steps in rounds])
  assert 1 <= len(set(streams)) <= 2
  names = {rows[streams == stream, 0][0] for stream in streams}
  assert len(names) == len(set(streams))  # of seeds of their own
  for stream in set(streams):
    mine = rows[streams == stream]
    assert len(set(mine[:, 0])) == 1
    # A reset takes a step of the counter, too: in order, and none is missing.
    count = np.arange(len(mine))
    np.testing.assert_array_equal(mine[:, 1], count + count // 5)
    np.testing.assert_array_equal(times[streams == stream], count % 5)
  assert len(set(actions[:, 0])) == 36  # sampled, by generators of their own


def test_the_mean_action_if_no_generator_is_given(
  make_source, threaded, policy
):
  steps = make_source(threaded).take(policy, None, 0)
  assert not steps.rows.action.any()


def test_the_age_of_a_policy_is_logged_and_bounded(begin, scripted, policy):
  source = begin(scripted, max_policy_age=100)
  one, other = map(_sender, scripted.jobs)
  one(0, 1.0, version=99)  # too old by one
  other(0, 2.0, version=100)
  one(1, 3.0, version=190)
  steps = source.take(policy, None, 200)
  assert _values(steps) == [2.0, 3.0]
  assert steps.num_stale == _ROWS
  assert steps.columns == {
    'policy_age': 55.0,
    'policy_age_max': 100.0,
    'stale_steps': 6.0,
    'actors_replaced': 0.0,
  }


def test_steps_after_those_that_were_left_out_are_another_stream(
  begin, scripted, policy
):
  """Else an episode that lost some would pass for one that ended there."""
  source = begin(scripted, max_policy_age=100)
  one = _sender(scripted.jobs[0])
  one(0), one(1), one(2, version=-1), one(3)
  rounds = [source.take(policy, None, 0)]
  one(4)
  rounds.append(source.take(policy, None, 100))
  streams = np.concatenate([steps.streams[::_ROWS] for steps in rounds])
  assert streams[0] == streams[1] != streams[2] == streams[3]


def test_what_is_sent_twice_counts_once(begin, scripted, policy):
  source = begin(scripted)
  one, other = map(_sender, scripted.jobs)
  one(0, 1.0)
  one(0, 1.0)
  other(0, 2.0)
  assert _values(source.take(policy, None, 0)) == [1.0, 2.0]
  one(0, 1.0)
  one(1, 3.0)
  other(1, 4.0)
  assert _values(source.take(policy, None, 0)) == [3.0, 4.0]


def test_who_was_killed_is_replaced_and_its_whole_blocks_stay(
  begin, scripted, policy
):
  source = begin(scripted)
  _sender(scripted.jobs[0])(0, 1.0)
  scripted.ends.append(worker.End(0, 'killed', False))
  source._replace_ended()
  first, _, again = scripted.jobs
  assert (again.actor, again.life) == (0, 1)
  assert set(again.seeds).isdisjoint(first.seeds)
  assert again.actions_seed != first.actions_seed
  _sender(again)(0, 2.0)  # the first of another life
  steps = source.take(policy, None, 0)
  assert _values(steps) == [1.0, 2.0]
  assert steps.streams[0] != steps.streams[-1]
  assert steps.columns['actors_replaced'] == 1.0


@pytest.mark.parametrize(('has_raised', 'most'), [(True, 2), (False, 10)])
def test_whoever_brings_nothing_is_not_begun_for_ever(
  begin, scripted, has_raised, most
):
  source = begin(scripted)
  end = worker.End(1, 'ValueError: no robot', has_raised)
  for _ in range(most - 1):
    scripted.ends.append(end)
    source._replace_ended()
  scripted.ends.append(end)
  words = f'actor 1 of run.num_actors = 2 ended {most} times before.*no robot'
  with pytest.raises(RuntimeError, match=words):
    source._replace_ended()


def test_one_that_hangs_while_others_go_on_is_replaced(
  begin, scripted, policy, monkeypatch, caplog
):
  """After the time, and many blocks of others; not while all are silent."""
  clock = [0.0]
  monkeypatch.setattr(
    remote_steps, 'time', types.SimpleNamespace(monotonic=lambda: clock[0])
  )
  source = begin(scripted, timeout_s=60.0)
  one, other = map(_sender, scripted.jobs)
  one(0)
  for number in range(13):
    other(number)
    if number % 2 == 0:
      clock[0] += 10.0
      source.take(policy, None, 0)
  assert clock[0] == 70.0  # one's came at 10: as long as may be
  assert len(scripted.jobs) == 2
  other(13), other(14)
  clock[0] += 0.1
  source.take(policy, None, 0)
  source._replace_ended()
  again = scripted.jobs[2]
  assert (again.actor, again.life) == (0, 1)
  assert 'actor 0 has brought nothing for 60 s, in which 13 blocks' in (
    caplog.text
  )
  clock[0] += 1000.0  # in which an evaluation is played, say
  other(15), other(16)
  source.take(policy, None, 0)
  source._replace_ended()
  assert len(scripted.jobs) == 3  # nor does it count who was just begun


def test_a_block_makes_up_for_earlier_failures(begin, scripted, policy):
  source = begin(scripted)
  end = worker.End(0, 'ValueError: now and then', True)
  for life in range(4):
    _sender(scripted.jobs[-1 if life else 0])(0)
    _sender(scripted.jobs[1])(life)
    source.take(policy, None, 0)
    scripted.ends.append(end)
    source._replace_ended()
  assert scripted.jobs[-1].life == 4


def test_no_block_in_time_is_explained(begin, scripted, policy):
  source = begin(scripted)
  words = (
    'no block of 6 steps came from the 2 actors of run.num_actors within '
    'run.actor_timeout_s = 1 s'
  )
  with pytest.raises(StarvedTableError, match=words):
    source.take(policy, None, 0)


def test_whoever_waits_can_be_stopped_and_keeps_what_came(
  begin, scripted, policy
):
  told = []
  source = begin(scripted, stop=lambda: bool(told), timeout_s=600.0)
  one = _sender(scripted.jobs[0])
  one(0, 9.0, version=0)  # too old
  one(1, 1.0, version=150)
  told.append('SIGTERM')
  with pytest.raises(sources.InterruptedRoundError):
    source.take(policy, None, 200)
  state = source.get_state()
  assert len(state['blocks']) == 1
  assert state['num_dropped'] == _ROWS
  one(2, 2.0, version=150)
  steps = source.take(policy, None, 200)
  assert _values(steps) == [1.0, 2.0]
  assert steps.num_stale == _ROWS


def test_an_error_of_the_environment_is_the_learners(
  make_source, make_seeded, threaded, policy, monkeypatch
):
  monkeypatch.setattr(remote_steps, '_SLICE_MS', 100)
  places = []

  def make_env(seed):
    if places:
      raise ValueError('the simulator has no licence')
    places.append(seed)
    return make_seeded(seed)

  source = make_source(threaded, make_env)
  with pytest.raises(RuntimeError, match='2 times before.*has no licence'):
    source.take(policy, None, 0)


def test_who_goes_on_takes_what_was_ready_once(begin, scripted, policy):
  source = begin(scripted)
  one, other = map(_sender, scripted.jobs)
  for number in range(3):
    one(number, float(number), version=4)
  state = json.loads(json.dumps(source.get_state()))
  other(0, 3.0)
  assert _values(source.take(policy, None, 4)) == [0.0, 1.0]
  assert _values(source.take(policy, None, 4)) == [2.0, 3.0]

  resumed = begin(type(scripted)())
  resumed.set_state(state)
  crew = resumed._crew
  resumed._begin(0)
  assert crew.jobs[-1].life == 1  # a stream that was not used before
  assert _values(resumed.take(policy, None, 8)) == [0.0, 1.0]
  _sender(crew.jobs[1])(0, 9.0)
  steps = resumed.take(policy, None, 8)
  assert _values(steps) == [2.0, 9.0]
  assert steps.columns['policy_age_max'] == 8.0


def test_checkpoints_that_follow_on_each_other_hold_no_more(
  begin, scripted, policy
):
  """Than two rounds, 4 blocks; what stays in the queue keeps its turn."""
  source, numbers, taken = begin(scripted), itertools.count(), []
  send = _sender(scripted.jobs[0])
  for _ in range(6):
    while source._exchange.num_waiting < 4:
      number = next(numbers)
      send(number, float(number))
    assert len(source.get_state()['blocks']) == 4
    taken += _values(source.take(policy, None, 0))
  assert taken == list(range(12))


def test_sources_take_up_each_others_state(
  make_source, make_seeded, scripted, policy
):
  """A run goes on with another number of actors, none among them."""
  own, remote = (
    sources.OwnEnvironment(make_seeded, (3,), 12),
    make_source(scripted),
  )
  before = own.take(policy, None, 0)
  remote.set_state(own.get_state())
  assert remote.get_state()['lives'] == [0, 0]
  another = sources.OwnEnvironment(make_seeded, (3,), 12)
  another.set_state(remote.get_state())
  after = another.take(policy, None, 0)
  assert after.num_stale == 0
  np.testing.assert_array_equal(after.rows.observation, before.rows.observation)


def test_blocks_of_another_size_are_given_up_and_counted_once(
  begin, scripted, policy
):
  source = begin(scripted)
  send = _sender(scripted.jobs[0])
  send(0), send(1), send(2)
  state = {**source.get_state(), 'num_dropped': _ROWS}
  assert len(state['blocks']) == 3
  other = begin(type(scripted)(), num_actors=3)
  other.set_state(state)
  state = json.loads(json.dumps(other.get_state()))
  assert state['blocks'] == []
  again = begin(type(scripted)())
  again.set_state(state)
  one = _sender(again._crew.jobs[0])
  one(0), one(1), one(2), one(3)
  steps = [again.take(policy, None, 0) for _ in range(2)]
  assert [s.num_stale for s in steps] == [4 * _ROWS, 0]
  assert steps[0].columns['stale_steps'] == 4 * _ROWS


def test_a_run_that_goes_on_without_actors_counts_what_they_had_ready(
  begin, make_seeded, scripted, policy
):
  source = begin(scripted)
  send = _sender(scripted.jobs[0])
  send(0), send(1)
  state = {**source.get_state(), 'num_dropped': _ROWS}
  for _ in range(2):  # its own state keeps the count, too
    own = sources.OwnEnvironment(make_seeded, (3,), 12)
    own.set_state(state)
    state = json.loads(json.dumps(own.get_state()))
  steps = [own.take(policy, None, 0) for _ in range(2)]
  assert [s.num_stale for s in steps] == [3 * _ROWS, 0]
