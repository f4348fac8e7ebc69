"""What SIGTERM, SIGHUP and Ctrl-C do to a launcher: it stops its units."""

import signal
import sys


class StopFlag:
  """Set by a signal, or by who holds it; a context manager.

  Attributes:
    is_set: whether the units are to stop.
  """

  def __init__(self):
    self.is_set = False

  def __enter__(self) -> 'StopFlag':
    self._old = {
      number: signal.signal(number, self._receive)
      for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    }
    return self

  def __exit__(self, *unused_exception) -> None:
    for number, handler in self._old.items():
      signal.signal(number, handler)

  def _receive(self, number: int, unused_frame) -> None:
    self.is_set = True
    name = signal.Signals(number).name
    print(f'{name}: waiting for the running units to stop', file=sys.stderr)
