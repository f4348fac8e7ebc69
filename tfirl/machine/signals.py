"""Signals that ask a program to stop."""

import contextlib
import signal
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

STOPPING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def catch(
  handler: Callable[[int, FrameType | None], None],
) -> Mapping[int, Any]:
  """Has `handler` called at each of `STOPPING`; main thread only.

  But for those that whoever started the program had it ignore, as nohup does
  SIGHUP.

  Returns:
    The earlier handlers, for `give_back`.
  """
  return {
    number: signal.signal(number, handler)
    for number in STOPPING
    if signal.getsignal(number) != signal.SIG_IGN
  }


def give_back(handlers: Mapping[int, Any]) -> None:
  """Undoes `catch`."""
  for number, handler in handlers.items():
    # None: a handler that was not Python's.
    signal.signal(number, signal.SIG_DFL if handler is None else handler)


def say(line: str) -> None:
  """Writes to standard error, if that is still there: a closed terminal is not,
  and the program has work to finish.
  """
  with contextlib.suppress(OSError, ValueError):
    print(line, file=sys.stderr, flush=True)
