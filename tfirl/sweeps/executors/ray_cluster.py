"""One Ray task a unit, on the machines of a cluster with shared files."""

import importlib
import os
import socket
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

# Together with the program's own start less than half a minute; `ray.init`
# alone would try for more than two.
_CONNECT_S, _HEALTH_S = 5, 15
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
  tasks = _import_tasks()
  address = flags.FLAGS.ray_address
  if address is not None:
    _check_address(address)
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


def _import_tasks():
  """What needs Ray to be installed."""
  try:
    return importlib.import_module('tfirl.sweeps.executors.ray_tasks')
  except ModuleNotFoundError as error:
    raise RuntimeError(
      f"--executor=ray: {error}; expected it from pip install 'tfirl[ray]'"
    ) from error


def _retry_codes() -> list[int]:
  texts = flags.FLAGS.retry_exit_codes
  try:
    return [int(text) for text in texts]
  except ValueError as error:
    raise ValueError(
      f'--retry_exit_codes={",".join(texts)}: {error}; expected whole numbers'
    ) from error


def _check_address(address: str) -> None:
  """Raises RuntimeError soon if no Ray answers at HOST:PORT."""
  host, _, port = address.rpartition(':')
  expected = 'expected HOST:PORT of a head started by `ray start --head`'
  if not host or not port.isdigit():
    raise ValueError(f'--ray_address={address}: {expected}')
  try:
    socket.create_connection((host, int(port)), _CONNECT_S).close()
    subprocess.run(
      [sys.executable, '-m', 'ray.scripts.scripts', 'health-check']
      + [f'--address={address}'],
      check=True,
      capture_output=True,
      timeout=_HEALTH_S,
    )
  except (OSError, subprocess.SubprocessError) as error:
    output = getattr(error, 'stderr', None) or b''
    lines = output.decode(errors='replace').strip().splitlines()
    raise RuntimeError(
      f'--ray_address={address}: {lines[-1] if lines else error}; {expected}'
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
