"""Some units at a time on this machine."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from absl import flags

from tfirl.machine import threads
from tfirl.sweeps import progress_table
from tfirl.sweeps.executors import stopping
from tfirl.work_units import unit as unit_lib
from tfirl.work_units.unit import WorkUnit

_POLL_S = 0.1


def unit_env() -> Mapping[str, str]:
  """Each unit's share of the cores: more threads would slow all of them."""
  cores = len(os.sched_getaffinity(0))
  return threads.environment(max(1, cores // flags.FLAGS.max_parallel))


def run(units: Sequence[WorkUnit], fail_fast: bool) -> None:
  """Runs all units, --max_parallel at a time, and tells of their progress.

  SIGTERM and Ctrl-C reach the running units, which checkpoint and end; those
  not begun are left. How each ended is in its status.json.

  Args:
    units: begun in this order.
    fail_fast: whether the first failure stops the others.
  """
  num_parallel = flags.FLAGS.max_parallel
  waiting, running, told = list(units), {}, set()
  table = progress_table.ProgressTable(units, num_parallel)
  with stopping.StopFlag() as stop:
    while running or (waiting and not stop.is_set):
      while waiting and len(running) < num_parallel and not stop.is_set:
        unit = waiting.pop(0)
        running[_start(unit)] = unit
      table.show()
      time.sleep(_POLL_S)
      for process in [p for p in running if p.poll() is not None]:
        unit = running.pop(process)
        failed = unit_lib.read_status(unit.path).state == unit_lib.FAILED
        stop.is_set |= fail_fast and failed
      for process in set(running) - told if stop.is_set else ():
        process.terminate()
        told.add(process)
  table.show(is_last=True)


def _start(unit: WorkUnit) -> subprocess.Popen:
  return subprocess.Popen(
    supervisor_command(unit, os.getpid()),
    stdin=subprocess.DEVNULL,
    start_new_session=True,  # Ctrl-C reaches it once, through us
  )


def supervisor_command(unit: WorkUnit, parent: int) -> list[str]:
  """What runs a queued unit until it or the process `parent` ends."""
  module = [sys.executable, '-m', 'tfirl.work_units']
  return [*module, unit.run_dir, f'--parent={parent}']
