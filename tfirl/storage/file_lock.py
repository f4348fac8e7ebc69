"""A file that a process holds as long as it lives, by flock."""

import contextlib
import fcntl
import time
from pathlib import Path
from typing import IO

_POLL_S = 0.05


def try_lock(file: IO, kind: int = fcntl.LOCK_EX) -> bool:
  """Locks an open file unless another process has; it ends with the file."""
  with contextlib.suppress(BlockingIOError):
    fcntl.flock(file, kind | fcntl.LOCK_NB)
    return True
  return False


def take(file: IO, wait_s: float = 0.5) -> bool:
  """Likewise, but asks again for a moment: `is_held` has it for less."""
  deadline = time.monotonic() + wait_s
  while not try_lock(file):
    if time.monotonic() > deadline:
      return False
    time.sleep(_POLL_S)
  return True


def is_held(path: Path) -> bool:
  """Whether a process that locked the file is alive; False without a file."""
  try:
    with open(path, 'rb') as file:
      return not try_lock(file, fcntl.LOCK_SH)
  except FileNotFoundError:
    return False
