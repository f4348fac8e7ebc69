"""A connection to Ray: of this machine alone, or of a cluster's.

What imports this needs no Ray; what connects does (the extra `[ray]`).
"""

import contextlib
import importlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

from tfirl.machine import signals

FLAG_HELP = "HOST:PORT of a cluster's head; without it Ray of this machine"

# Together with the program's own start less than half a minute; `ray.init`
# alone would try for more than two.
_CONNECT_S, _HEALTH_S = 5, 15
_STORE_BYTES = 80 * 2**20  # the least that Ray takes is 75 MB


# Of the process, as the connection is.
_chosen: str | None = None


def choose(address: str | None) -> None:
  """Which Ray the runs of this process have their actors from.

  Args:
    address: HOST:PORT of a cluster's head; None for a Ray of their own.

  Raises:
    ValueError, RuntimeError: as of `check_address`.
  """
  global _chosen
  if address is not None:
    check_address(address)
  _chosen = address


def chosen() -> str | None:
  """The address that was chosen."""
  return _chosen


def import_module(name: str, who: str) -> ModuleType:
  """A module that imports Ray.

  Args:
    name: the module's.
    who: wants it: a flag or a binding, for the error.

  Raises:
    RuntimeError: Ray is not installed.
  """
  try:
    return importlib.import_module(name)
  except ModuleNotFoundError as error:
    raise RuntimeError(
      f"{who}: {error}; expected it from pip install 'tfirl[ray]'"
    ) from error


def check_address(address: str) -> None:
  """Returns soon, whatever is at HOST:PORT.

  Raises:
    ValueError: it is no HOST:PORT.
    RuntimeError: no Ray answers there.
  """
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


@contextlib.contextmanager
def connected(address: str | None, num_cpus: int) -> Iterator[ModuleType]:
  """A connection, whose end ends what was started by it.

  Ray takes SIGTERM for itself when it starts: whoever had it gets it back.

  Args:
    address: HOST:PORT; None starts a Ray of this machine, for this program.
    num_cpus: of the one that is started, whatever cores there are.

  Yields:
    The module `ray`.
  """
  import ray  # an extra: those who only ask for an address don't need it

  os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')  # tells nobody
  # Its workers would be 15 steps nicer than whoever waits for them.
  os.environ.setdefault('RAY_worker_niceness', '0')
  try:
    with _signals_kept():
      if address is None:
        ray.init(
          address='local',
          num_cpus=num_cpus,
          include_dashboard=False,
          log_to_driver=False,
          object_store_memory=_STORE_BYTES,
          logging_level=logging.ERROR,
        )
      else:
        ray.init(
          address=address, log_to_driver=False, logging_level=logging.ERROR
        )
    yield ray
  finally:
    ray.shutdown()  # ends the workers, and with them what they do


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
  """Gives those that stop a program back to whom they belong to now."""
  if threading.current_thread() is not threading.main_thread():
    yield
    return
  handlers = {number: signal.getsignal(number) for number in signals.STOPPING}
  try:
    yield
  finally:
    signals.give_back(handlers)
