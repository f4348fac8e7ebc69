r"""What a sweep costs beside its units: seconds a unit, and once a sweep.

  python benchmarks/launch_overhead.py --units=10 --turns=5

Runs commands that do nothing by hand and as units of the local executor, in
turns, one at a time: what is left is the launcher's. The start of the launcher,
most of which is TensorFlow's import, comes once a sweep. --runs=N also compares
N real, tiny runs; on a busy machine their own times differ by more than that.
"""

import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import program
from absl import flags

from tfirl.sweeps import flags as sweep_flags
from tfirl.sweeps import queueing
from tfirl.sweeps.executors import local
from tfirl.work_units.unit import WorkUnit

flags.DEFINE_integer('units', 10, 'commands that do nothing, a turn', 1)
flags.DEFINE_integer('turns', 5, 'turns of each way', lower_bound=1)
flags.DEFINE_integer('runs', 0, 'real runs, a turn', 0)
# As a run with nothing left to do.
_NOTHING = "open('complete.json', 'w').close()"
_TINY = (
  'run.updates = 64',
  'run.eval_every = 64',
  'run.eval_episodes = 1',
  'run.record_video = False',
  'BehaviorCloning.updates_per_round = 16',
)


def per_unit_s(folder: pathlib.Path, num_units: int, argv: tuple) -> float:
  """Seconds that a unit takes longer in a sweep than by hand.

  Args:
    folder: empty.
    num_units: how many are run each way.
    argv: the command without `--root_dir` and `--seed`.
  """
  units = []
  for seed in range(num_units):
    root = folder / f'unit{seed}'
    run_dir = root / 'hopper' / 'bc' / str(seed)
    where = () if argv[1] == '-c' else (f'--seed={seed}', f'--root_dir={root}')
    run_dir.mkdir(parents=True)
    units.append(
      WorkUnit(str(seed), argv + where, str(run_dir), {}, str(run_dir), 1)
    )
  start = time.monotonic()
  for unit in units:
    _run_by_hand(unit, folder)
  by_hand_s = time.monotonic() - start
  for i, unit in enumerate(units):
    _move(unit, folder, i)
  start = time.monotonic()
  with contextlib.redirect_stdout(sys.stderr):
    local.run(queueing.queue(units), fail_fast=True)
  return (time.monotonic() - start - by_hand_s) / num_units


def _run_by_hand(unit: WorkUnit, folder: pathlib.Path) -> None:
  with open(folder / 'by_hand.log', 'a') as log:
    subprocess.run(
      [sys.executable, *unit.argv[1:]],
      cwd=unit.cwd,
      stdout=log,
      stderr=log,
      check=True,
      timeout=600,
    )


def _move(unit: WorkUnit, folder: pathlib.Path, i: int) -> None:
  """Puts what was run by hand out of the way."""
  (folder / f'unit{i}').rename(folder / f'by_hand{i}')
  unit.path.mkdir(parents=True)


def start_s() -> float:
  """Seconds that the launcher takes to check a sweep of one unit."""
  command = [sys.executable, '-m', 'tfirl.sweeps', '--dry_run']
  command += ['--gin_file=bc_hopper.gin', '--seeds=0:1']
  start = time.monotonic()
  subprocess.run(command, check=True, capture_output=True, timeout=600)
  return time.monotonic() - start


def _turns(num_units: int, argv: tuple) -> list[float]:
  results = []
  for _ in range(flags.FLAGS.turns):
    with tempfile.TemporaryDirectory() as folder:
      results.append(per_unit_s(pathlib.Path(folder), num_units, argv))
  return results


def main(unused_argv: list[str]) -> None:
  """Prints one JSON object."""
  turns = _turns(flags.FLAGS.units, ('python', '-c', _NOTHING))
  result = {
    'overhead_per_unit_s': statistics.median(turns),
    'turns': turns,
    'start_of_launcher_s': start_s(),
  }
  if flags.FLAGS.runs:
    argv = ('python', '-m', 'tfirl.launch', '--gin_file=bc_hopper.gin')
    argv += tuple(f'--gin_bindings={line}' for line in _TINY)
    turns = _turns(flags.FLAGS.runs, argv)
    result['of_real_runs_s'] = statistics.median(turns)
    result['turns_of_real_runs'] = turns
  print(json.dumps(result))


if __name__ == '__main__':
  sweep_flags.define_flags()
  program.run(main)
