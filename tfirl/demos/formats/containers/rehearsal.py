"""A reading that may never return, or end the process, tried by a child.

The HDF5 library runs in circles on some damaged files, and crashes on others:
no exception tells, and no signal handler of Python's is called.
"""

import logging
import os
import signal
import time
from collections.abc import Callable

from tfirl.demos.checking import DemonstrationError
from tfirl.machine import orphans

# A child of a process with threads can come to grief by a lock that one of
# them held as it was forked, which is not the file's fault: so it has another.
_CHILDREN = 2
# For a whole file, however small, and then by its size.
LEAST_S = 60.0
_BYTES_A_SECOND = 2e6
_POLL_S = 0.002


def rehearse(path: str, size: int, read: Callable[[], object]) -> None:
  """Calls `read` in a forked process, whose errors are left to the caller.

  Args:
    path: for messages.
    size: in bytes, of what it reads.
    read: reads `path`; it will be called again, where it is safe.

  Raises:
    DemonstrationError: it crashed, or did not end, and once more the same.
  """
  limit = LEAST_S + size / _BYTES_A_SECOND
  for _ in range(_CHILDREN):
    status = _try(read, limit)
    if status is not None and not os.WIFSIGNALED(status):
      return
  if status is None:
    raise DemonstrationError(
      f'{path}: found a file that HDF5 did not finish in {limit:.0f} s; '
      'expected one that is not damaged'
    )
  name = signal.Signals(os.WTERMSIG(status)).name
  raise DemonstrationError(
    f'{path}: found a file that ends the HDF5 library by {name}; expected '
    'one that is not damaged'
  )


def _try(read: Callable[[], object], limit_s: float) -> int | None:
  """The exit status of a child that reads; None if it had to be killed."""
  parent, child = os.getpid(), os.fork()
  if not child:
    _play(read, parent)
  return _wait(child, limit_s)


def _play(read: Callable[[], object], parent: int) -> None:
  """Never returns: what the parent has open is not the child's to close."""
  try:
    orphans.end_with_parent(parent, signal.SIGKILL)
    logging.disable()
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    read()
  finally:
    os._exit(0)


def _wait(child: int, limit_s: float) -> int | None:
  """The child's exit status; None if it had to be killed."""
  deadline, done, status = time.monotonic() + limit_s, 0, None
  try:
    while not done and time.monotonic() < deadline:
      time.sleep(_POLL_S)
      done, status = os.waitpid(child, os.WNOHANG)
  finally:  # also if a signal ends the wait
    if not done:
      os.kill(child, signal.SIGKILL)
      os.waitpid(child, 0)
  return status if done else None
