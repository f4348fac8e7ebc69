"""Kills and damage at random: a few, and as many as `TFIRL_STORM` says."""

import os
import random
import signal
import time

import pytest

from tfirl.storage import checkpoint_folders

pytestmark = pytest.mark.storm
_KILLS = int(os.environ.get('TFIRL_STORM', '2'))
_DAMAGES = int(os.environ.get('TFIRL_STORM', '2'))
_LONGEST_S = 5.0  # from a start to a kill that does not wait for a checkpoint
_ENDLESS = 1_000_000


@pytest.fixture
def rng():
  seed = int(os.environ.get('TFIRL_STORM_SEED', time.time_ns() % 2**32))
  print(f'TFIRL_STORM_SEED={seed}')  # shown if the test fails
  return random.Random(seed)


@pytest.fixture(params=['hype', 'hyper', 'iq_learn'])
def endless(request):
  """A run without an end, that has a temporary folder of its own."""
  fixture = 'run' if request.param == 'hype' else f'{request.param}_run'
  made = request.getfixturevalue(fixture)
  made.bindings['run.env_steps'] = _ENDLESS
  made.bindings['run.checkpoint_every'] = 20
  folder = made.root / 'tmp'
  folder.mkdir()
  made.environment['TMPDIR'] = str(folder)
  return made


def _kill_at_random(run, rng, waits):
  """kill -9 at any moment or, if it `waits`, once there is a new checkpoint."""
  kept, process = run.checkpoint_step(), run.start()
  if waits:
    run.pause_when(process, lambda: run.checkpoint_step() > kept)
    process.send_signal(signal.SIGCONT)
  time.sleep(rng.uniform(0.0, 1.0 if waits else _LONGEST_S))
  process.kill()
  assert run.finish(process) == -signal.SIGKILL, run.errors
  if kept > 0 and 'writes to' in run.errors:
    assert f'goes on from step {kept}' in run.errors
  return kept


def test_a_kill_at_any_moment_loses_nothing(endless, rng):
  run = endless
  for number in range(_KILLS):
    kept = _kill_at_random(run, rng, waits=number != 1)
    assert run.checkpoint_step() >= kept
    found, damaged = checkpoint_folders.newest_sound(run.checkpoints)
    assert damaged == {}
    assert found == checkpoint_folders.latest(run.checkpoints)

  kept, process = run.checkpoint_step(), run.start()
  run.pause_when(process, lambda: run.checkpoint_step() > kept)
  assert os.listdir(run.root / 'tmp') == []
  process.send_signal(signal.SIGHUP)
  process.send_signal(signal.SIGCONT)
  assert run.finish(process) == 0, run.errors
  assert 'SIGHUP: stopping after this round' in run.errors
  assert f'goes on from step {kept}' in run.errors
  assert os.listdir(run.root / 'tmp') == []
  left = [p for p in run.path.rglob('*') if 'tmp' in p.name]
  assert left == []
  steps = [int(row['env_steps']) for row in run.rows()]
  every = run.bindings['run.eval_every']
  assert steps == list(range(0, steps[-1] + 1, every))
  assert steps[-1] > kept - every


def _damage(folder, rng):
  """Flips a byte of a file of `folder`, or removes it. Returns: its path."""
  path = rng.choice(sorted(p for p in folder.rglob('*') if p.is_file()))
  data = bytearray(path.read_bytes())
  if not data or rng.random() < 0.3:
    path.unlink()
  else:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
  return path


def test_damage_anywhere_costs_one_checkpoint(run, rng):
  run.bindings |= {'run.env_steps': 160, 'run.checkpoint_every': 64}
  assert run.finish() == 0, run.errors
  rows = [row['env_steps'] for row in run.rows()]
  for _ in range(_DAMAGES):
    assert run.checkpoint_step() == 160
    path = _damage(run.checkpoints / '160', rng)
    assert run.finish() == 0, f'{path}: {run.errors}'
    assert f'{run.checkpoints / "160"} is damaged: ' in run.errors, path
    assert f'Goes on from {run.checkpoints / "128"}' in run.errors
    assert run.saved()['updates'] == 160 - 16
    assert [row['env_steps'] for row in run.rows()] == rows
