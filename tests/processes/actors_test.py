"""Runs with actors: killed, stopped, out of disk; real processes of Ray's."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest

from tfirl.algorithms.parts import tables as algorithm_tables
from tfirl.replay import rows, tables
from tfirl.storage import checkpoint_folders

pytest.importorskip('ray', reason="needs pip install 'tfirl[ray]'")

_NUM_ACTORS = 2
_ACTOR = 'ray::_Actor'  # how their commands begin
_ORPHANS_S = 30
_RAY_S = 120  # Ray's own helpers see later that their parent is gone
_TIMEOUT_S = 300
_KILLS = int(os.environ.get('TFIRL_STORM', '2'))


def _processes():
  """Process number -> (its parent, words of its command)."""
  found = {}
  for folder in pathlib.Path('/proc').glob('[0-9]*'):
    with contextlib.suppress(OSError):
      command = (folder / 'cmdline').read_bytes().decode().split('\0')
      stat = (folder / 'stat').read_text().rpartition(')')[2].split()
      if stat[0] != 'Z':
        found[int(folder.name)] = int(stat[1]), command
  return found


def _descendants(pid):
  """Process number -> words of the command, of all that `pid` began."""
  processes, found = _processes(), {pid}
  while more := {p for p, (up, _) in processes.items() if up in found} - found:
    found |= more
  return {p: processes[p][1] for p in found - {pid} if p in processes}


def _actors(run_process):
  """Process numbers of those that act."""
  below = _descendants(run_process.pid).items()
  return sorted(p for p, words in below if words[0].startswith(_ACTOR))


def _wait_for_no(orphans, run):
  """Until all of `_descendants` have ended; actors have to before the rest."""
  start_s = time.monotonic()
  acting = {p for p, words in orphans.items() if words[0].startswith(_ACTOR)}
  for pids, most_s in ((acting, _ORPHANS_S), (orphans.keys(), _RAY_S)):
    left_s = start_s + most_s - time.monotonic()
    _wait_until(lambda p=pids: not p & _processes().keys(), None, run, left_s)


def _wait_until(condition, process, run, timeout_s=_TIMEOUT_S):
  deadline = time.monotonic() + timeout_s
  while not (found := condition()):
    if process is not None and process.poll() is not None:
      pytest.fail(f'ended early, with {process.returncode}: {run.errors}')
    assert time.monotonic() < deadline, run.errors
    time.sleep(0.1)
  return found


def _policy_rows(run):
  """All rows of the table `policy` in the newest checkpoint, [n, width]."""
  folder, damaged = checkpoint_folders.newest_sound(run.checkpoints)
  assert damaged == {}
  spec = algorithm_tables.transition_spec(11, 3)
  configs = []
  for values in json.loads((folder / 'tables.json').read_text()).values():
    kept = {k: v for k, v in values.items() if k not in ('size', 'width')}
    configs.append(tables.TableConfig(timeout_ms=20_000, **kept))
  replay = tables.Replay(configs, spec, restore_from=folder)
  with contextlib.closing(replay):
    return rows.RowLayout(spec).pack(replay.read('policy'))


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
    'run.eval_every': 3200,
    'run.checkpoint_every': 640,
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


def _end_at(run, env_steps):
  """Lets the run go on to its end."""
  run.bindings['run.env_steps'] = env_steps
  assert run.finish() == 0, run.errors
  assert run.checkpoint_step() == env_steps
  _check_counts(run, env_steps)


def test_killed_actors_and_a_killed_learner_count_nothing_twice(acted):
  run, process = acted, acted.start()
  _wait_until(lambda: run.checkpoint_step() > 0, process, run)
  before = _actors(process)
  assert len(before) == _NUM_ACTORS
  os.kill(before[0], signal.SIGKILL)
  kept = run.checkpoint_step()
  _wait_until(
    lambda: len(set(_actors(process)) - set(before)) == 1, process, run
  )
  _wait_until(lambda: run.checkpoint_step() > kept + 3000, process, run)
  assert 'actor ' in run.errors and 'is begun again: ActorDied' in run.errors

  orphans = _descendants(process.pid)
  process.kill()
  assert run.finish(process) == -signal.SIGKILL
  _wait_for_no(orphans, run)
  kept = run.checkpoint_step()
  _check_counts(run, kept)
  _end_at(run, (kept // 640 + 2) * 640)
  assert f'goes on from step {kept}' in run.errors
  last = run.rows()[-1]
  assert float(last['actors_replaced']) >= 1
  assert 0 <= float(last['policy_age']) <= float(last['policy_age_max'])
  assert int(last['real_steps']) == int(last['env_steps'])


def test_sigterm_ends_the_round_the_actors_and_the_run(acted):
  run, process = acted, acted.start()
  _wait_until(lambda: run.checkpoint_step() > 0, process, run)
  others = _descendants(process.pid)
  process.terminate()
  assert run.finish(process) == 0, run.errors
  assert 'SIGTERM: stopping after this round' in run.errors
  _wait_for_no(others, run)
  _check_counts(run, run.checkpoint_step())


@pytest.fixture
def small_disk(acted):
  """Puts the run on a file system of 4 MB. Returns: its folder."""
  folder = acted.root / 'disk'
  folder.mkdir()
  mount = ['mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', str(folder)]
  if not shutil.which('mount') or subprocess.call(
    mount, stderr=subprocess.DEVNULL
  ):
    pytest.skip('no file system can be mounted here (needs root)')
  acted.root = folder
  yield folder
  subprocess.check_call(['umount', '--lazy', str(folder)])


def test_a_full_disk_ends_the_run_with_its_actors(acted, small_disk):
  run, process = acted, acted.start()
  _wait_until(lambda: run.checkpoint_step() > 0, process, run)
  others = _descendants(process.pid)
  with contextlib.suppress(OSError), open(small_disk / 'filler', 'wb', 0) as f:
    while True:
      f.write(bytes(4096))
  assert run.finish(process) == 1
  assert 'No space left on device' in run.errors
  _wait_for_no(others, run)
  (small_disk / 'filler').unlink()
  kept = run.checkpoint_step()
  _check_counts(run, kept)
  _end_at(run, kept + 640)


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
      _wait_for_no(orphans, run)
      _check_counts(run, run.checkpoint_step())
      process, learners = None, learners + 1
  if process:
    process.terminate()
    assert run.finish(process) == 0, run.errors
  kept = run.checkpoint_step()
  _end_at(run, (kept // 640 + 2) * 640)
  record_property('learners killed', learners)
  record_property('slowest checkpoint after a kill, s', slowest_s)
