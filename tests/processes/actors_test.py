"""Runs with actors: killed, stopped, out of disk; real processes of Ray's."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import tempfile
import time

import disks
import numpy as np
import pytest
import raylets
import tensorflow as tf
from reverb.cc.checkpointing import checkpoint_pb2

from tfirl.algorithms.parts import tables as algorithm_tables
from tfirl.replay import rows, tables
from tfirl.storage import checkpoint_folders

pytest.importorskip('ray', reason="needs pip install 'tfirl[ray]'")

_NUM_ACTORS = 2
_ACTOR, _ACTS = 'ray::_Actor', 'ray::_Actor.act'  # how commands begin
_ORPHANS_S = 30
_RAY_S = 120  # Ray's own helpers try a minute to tell whoever is gone, too
_EVERY = 320  # steps between checkpoints
_TIMEOUT_S = 300
_KILLS = int(os.environ.get('TFIRL_STORM', '1'))


def _descendants(pid):
  """Process number -> words of the command, of all that `pid` began."""
  rows, found = raylets.processes(), {pid}
  while more := {p for p, up, _ in rows if up in found} - found:
    found |= more
  return {p: command for p, _, command in rows if p in found - {pid}}


def _alive(pids):
  """Those of them that are there, and no zombies."""
  return {
    p for p, _, command in raylets.processes() if p in pids and command[0]
  }


def _actors(run_process):
  """Process numbers of those that act."""
  below = _descendants(run_process.pid).items()
  return sorted(p for p, words in below if words[0].startswith(_ACTOR))


def _wait_for_no_actor(orphans, run):
  """Until those of `_descendants` that act have ended."""
  acting = {p for p, words in orphans.items() if words[0].startswith(_ACTOR)}
  _wait_until(lambda: not _alive(acting), None, run, _ORPHANS_S)


def _wait_for_none(orphans, run):
  """Likewise, and then until all of them have."""
  _wait_for_no_actor(orphans, run)
  _wait_until(lambda: not _alive(orphans.keys()), None, run, _RAY_S)


def _wait_until(condition, process, run, timeout_s=_TIMEOUT_S):
  deadline = time.monotonic() + timeout_s
  while not (found := condition()):
    if process is not None and process.poll() is not None:
      pytest.fail(f'ended early, with {process.returncode}: {run.errors}')
    assert time.monotonic() < deadline, run.errors
    time.sleep(0.1)
  return found


def _policy_rows(run):
  """All rows of the table `policy` in the newest checkpoint, [n, width].

  Read from a copy, whose limiters let as much out as is asked for.
  """
  newest, damaged = checkpoint_folders.newest_sound(run.checkpoints)
  assert damaged == {}
  with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary, 'copy')
    shutil.copytree(newest, folder)
    _lift_limits(folder / 'reverb' / 'tables.tfrecord')
    configs = []
    for values in json.loads((folder / 'tables.json').read_text()).values():
      kept = {k: v for k, v in values.items() if k not in ('size', 'width')}
      configs.append(tables.TableConfig(timeout_ms=60_000, **kept))
    spec = algorithm_tables.transition_spec(11, 3)
    replay = tables.Replay(configs, spec, restore_from=folder)
    with contextlib.closing(replay):
      return rows.RowLayout(spec).pack(replay.read('policy'))


def _lift_limits(path):
  """Of Reverb's record of its tables."""
  found = []
  for record in tf.data.TFRecordDataset([str(path)], compression_type='ZLIB'):
    table = checkpoint_pb2.PriorityTableCheckpoint.FromString(record.numpy())
    table.rate_limiter.min_diff = float(np.finfo(np.float64).min)
    found.append(table.SerializeToString())
  with tf.io.TFRecordWriter(str(path), options='ZLIB') as writer:
    for record in found:
      writer.write(record)


def _check_counts(run, env_steps):
  """As many rows as steps were counted, and none of them twice."""
  found = _policy_rows(run)
  assert len(found) == env_steps
  assert len(np.unique(found, axis=0)) == env_steps
  assert run.saved()['env_steps'] == env_steps


@pytest.fixture
def acted(run):
  """A run with two actors, that ends after some minutes if nobody ends it."""
  run.gin_folder = ''
  run.bindings |= {
    'run.num_actors': _NUM_ACTORS,
    'run.env_steps': 100_000,
    'run.eval_every': 5 * _EVERY,
    'run.checkpoint_every': _EVERY,
    'CostTurns.window': 400,
    'policy/table.rows_per_item': 8,
  }
  started, start = [], run.start

  def keep(**changes):
    started.append(start(**changes))
    return started[-1]

  run.start = keep
  yield run
  for process in started:
    process.kill()


@pytest.fixture(scope='module')
def left_behind():
  """Orphans of a killed learner, and its run: none may be there in the end.

  Whoever waited for Ray's own helpers at once would do so for a minute.
  """
  found = []
  yield found
  for orphans, run in found:
    _wait_for_none(orphans, run)


def _go_on(run):
  """Lets the same command go on for some rounds; SIGTERM ends it, its actors
  and all that they began.
  """
  kept, process = run.checkpoint_step(), run.start()
  _wait_until(lambda: run.checkpoint_step() > kept + _EVERY, process, run)
  others = _descendants(process.pid)
  process.terminate()
  assert run.finish(process) == 0, run.errors
  assert f'goes on from step {kept}' in run.errors
  assert 'SIGTERM: stopping after this round' in run.errors
  _wait_for_none(others, run)
  _check_counts(run, run.checkpoint_step())


def test_killed_actors_and_a_killed_learner_count_nothing_twice(
  acted, left_behind
):
  run, process = acted, acted.start()
  _wait_until(lambda: run.checkpoint_step() > 0, process, run)
  before = _actors(process)
  assert len(before) == _NUM_ACTORS
  os.kill(before[0], signal.SIGKILL)
  kept = run.checkpoint_step()
  _wait_until(
    lambda: len(set(_actors(process)) - set(before)) == 1, process, run
  )
  _wait_until(lambda: run.checkpoint_step() > kept + _EVERY, process, run)
  assert 'actor ' in run.errors and 'is begun again: ActorDied' in run.errors

  orphans = _descendants(process.pid)
  process.kill()
  left_behind.append((orphans, run))
  assert run.finish(process) == -signal.SIGKILL
  _wait_for_no_actor(orphans, run)
  _check_counts(run, run.checkpoint_step())
  _go_on(run)
  last = run.rows()[-1]
  assert float(last['actors_replaced']) >= 1
  assert 0 <= float(last['policy_age']) <= float(last['policy_age_max'])
  assert int(last['real_steps']) == int(last['env_steps'])


@pytest.fixture
def small_disk(acted):
  """Puts the run on a file system of 4 MB. Returns: its folder."""
  with disks.needed(acted.root / 'disk', '4m') as folder:
    acted.root = folder
    yield folder


def test_a_full_disk_ends_the_run_with_its_actors(acted, small_disk):
  run, process = acted, acted.start()
  _wait_until(lambda: run.checkpoint_step() > 0, process, run)
  others = _descendants(process.pid)
  disks.fill(small_disk)
  assert run.finish(process) == 1
  assert 'No space left on device' in run.errors
  _wait_for_none(others, run)
  (small_disk / 'filler').unlink()
  _check_counts(run, run.checkpoint_step())
  _go_on(run)


@pytest.fixture
def cluster(tmp_path_factory):
  with raylets.cluster(tmp_path_factory.mktemp('ray')) as made:
    yield made


def test_a_lost_node_costs_its_actors_and_a_new_one_takes_them(
  acted, cluster, record_property
):
  """Of one core each, so that each has one of the two."""
  run = acted
  run.environment = cluster.env
  run.flags = (f'--ray_address={cluster.address}',)
  process = run.start()
  _wait_until(lambda: run.checkpoint_step() > 0, process, run)
  os.kill(cluster.raylet(cluster.node), signal.SIGKILL)
  start_s, kept = time.monotonic(), run.checkpoint_step()
  _wait_until(lambda: 'is begun again' in run.errors, process, run)
  _wait_until(lambda: run.checkpoint_step() > kept + _EVERY, process, run)
  taken_s = time.monotonic() - start_s
  record_property(f'seconds from the loss to {_EVERY} steps more', taken_s)
  assert taken_s < 60

  head = cluster.raylet(cluster.head)
  node = cluster.raylet(cluster.add_node())
  _wait_until(
    lambda: (
      {up for _, up, command in raylets.processes() if command[0] == _ACTS}
      == {head, node}
    ),
    process,
    run,
  )
  process.terminate()
  assert run.finish(process) == 0, run.errors
  _check_counts(run, run.checkpoint_step())


@pytest.mark.storm
def test_kills_at_random(acted, record_property):
  """`TFIRL_STORM` kills, each of an actor or of the learner."""
  seed = int(os.environ.get('TFIRL_STORM_SEED', time.time_ns() % 2**32))
  print(f'TFIRL_STORM_SEED={seed}')  # shown if the test fails
  rng, run, process = random.Random(seed), acted, None
  run.bindings['run.env_steps'] = 10_000_000
  learners, slowest_s = 0, 0.0
  for _ in range(_KILLS):
    process = process or run.start()
    kept, start_s = run.checkpoint_step(), time.monotonic()
    _wait_until(lambda k=kept: run.checkpoint_step() > k, process, run)
    slowest_s = max(slowest_s, time.monotonic() - start_s)
    time.sleep(rng.uniform(0.0, 2.0))
    victims = [process.pid, *_actors(process)]
    orphans = _descendants(process.pid)
    victim = rng.choice(victims)
    os.kill(victim, signal.SIGKILL)
    if victim == process.pid:
      assert run.finish(process) == -signal.SIGKILL
      _wait_for_no_actor(orphans, run)
      _check_counts(run, run.checkpoint_step())
      process, learners = None, learners + 1
  if process:
    process.terminate()
    assert run.finish(process) == 0, run.errors
  _go_on(run)
  record_property('learners killed', learners)
  record_property('slowest checkpoint after a kill, s', slowest_s)
