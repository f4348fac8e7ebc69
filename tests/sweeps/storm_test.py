"""A sweep whose launcher is killed at random, `TFIRL_STORM` times."""

import os
import random
import signal
import time

import pytest

from tfirl.work_units import unit as unit_lib

_KILLS = int(os.environ.get('TFIRL_STORM', '1'))
_LONGEST_S = 20.0


@pytest.mark.storm
def test_kills_of_the_launcher_lose_nothing(make_sweep):
  seed = int(os.environ.get('TFIRL_STORM_SEED', time.time_ns() % 2**32))
  print(f'TFIRL_STORM_SEED={seed}')
  rng = random.Random(seed)
  sweep = make_sweep(
    *('--seeds=0:1', '--executor=local', '--max_parallel=2'),
    second='hype_hopper.gin',
  )
  folder = sweep.folder / 'tmp'
  folder.mkdir()
  sweep.env['TMPDIR'] = str(folder)
  kept = {}
  for _ in range(_KILLS):
    process = sweep.start()
    time.sleep(rng.uniform(1.0, _LONGEST_S))
    process.send_signal(signal.SIGKILL)
    process.wait()
    sweep.wait_for_no_process()
    found = sweep.checkpoints()
    assert all(found[i] >= step for i, step in kept.items())
    kept = found
  done = sweep.call()
  assert done.returncode == 0, done.stdout + done.stderr
  assert len(sweep.in_state(unit_lib.DONE)) == 2
  assert os.listdir(folder) == []
  sweep.wait_for_no_process()
