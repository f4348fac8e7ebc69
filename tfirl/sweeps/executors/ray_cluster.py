"""One Ray task a unit, on the machines of a cluster with shared files."""

import os
import sys
import time
from collections.abc import Mapping, Sequence

from absl import flags

from tfirl.machine import ray_connection, threads
from tfirl.sweeps import progress_table
from tfirl.sweeps.executors import stopping
from tfirl.work_units import unit as unit_lib
from tfirl.work_units.unit import WorkUnit

_TASKS = 'tfirl.sweeps.executors.ray_tasks'  # needs Ray
_STOP_S = 90  # a unit's own time to stop, and some more
_TABLE_S = 1.0


def unit_env() -> Mapping[str, str]:
  """As many threads as the unit is given cores."""
  return threads.environment(flags.FLAGS.cpus_per_unit)


def run(units: Sequence[WorkUnit], fail_fast: bool) -> None:
  """Runs all units as Ray has room for them and tells of their progress.

  Args:
    units: begun in this order.
    fail_fast: whether the first failure stops the others.

  Raises:
    RuntimeError: Ray is not installed, can't be reached, or a machine of the
      cluster does not see the units' files.
    ValueError: a flag.
  """
  retry_codes = _retry_codes()
  tasks = ray_connection.import_module(_TASKS, '--executor=ray')
  address = flags.FLAGS.ray_address
  if address is not None:
    ray_connection.check_address(address)
  cores = len(os.sched_getaffinity(0))
  with tasks.connected(address, cores) as cluster:
    # After Ray's own handlers.
    with stopping.StopFlag() as stop:
      cluster.check_nodes(flags.FLAGS.root_dir)
      cluster.submit(
        units,
        num_cpus=flags.FLAGS.cpus_per_unit,
        num_gpus=flags.FLAGS.gpus_per_unit,
        max_retries=flags.FLAGS.max_retries,
        retry_codes=retry_codes,
      )
      table = progress_table.ProgressTable(units, cluster.num_parallel())
      while cluster.pending and not stop.is_set:
        table.show()
        for unit, problem in cluster.wait(_TABLE_S):
          if problem:
            print(f'{unit.name}: {problem}', file=sys.stderr)
          failed = unit_lib.read_status(unit.path).state == unit_lib.FAILED
          stop.is_set |= fail_fast and failed
      table.show(is_last=True)
  _wait_for_end(units)


def _retry_codes() -> list[int]:
  texts = flags.FLAGS.retry_exit_codes
  try:
    return [int(text) for text in texts]
  except ValueError as error:
    raise ValueError(
      f'--retry_exit_codes={",".join(texts)}: {error}; expected whole numbers'
    ) from error


def _wait_for_end(units: Sequence[WorkUnit]) -> None:
  """Waits until no unit of ours runs: those told to stop need a moment.

  Raises RuntimeError after a while, naming one that still runs.
  """
  deadline = time.monotonic() + _STOP_S
  for unit in units:
    while unit_lib.is_held(unit.path):
      if time.monotonic() > deadline:
        raise RuntimeError(
          f'{unit.name} still runs {_STOP_S} s after it was told to stop; see '
          f'{unit.path / unit_lib.LOG_FILE}'
        )
      time.sleep(0.2)
