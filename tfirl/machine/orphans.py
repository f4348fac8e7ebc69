"""Children that end with their parent, however it ends."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def end_with_parent(
  parent: int, number: signal.Signals, exit_code: int = 0
) -> None:
  """What a child calls first, so that a killed parent leaves no orphan.

  Args:
    parent: its process.
    number: the signal that this process then gets.
    exit_code: of this process, if the parent was gone before.
  """
  _LIBC.prctl(_PR_SET_PDEATHSIG, number)
  if os.getppid() != parent:  # it died before that call
    os._exit(exit_code)
