"""What SIGTERM, SIGHUP and Ctrl-C do to a launcher: it stops its units."""

import signal

from tfirl.machine import signals


class StopFlag:
  """Set by a signal, or by who holds it; a context manager.

  Attributes:
    is_set: whether the units are to stop.
  """

  def __init__(self):
    self.is_set = False

  def __enter__(self) -> 'StopFlag':
    self._old = signals.catch(self._receive)
    return self

  def __exit__(self, *unused_exception) -> None:
    signals.give_back(self._old)

  def _receive(self, number: int, unused_frame) -> None:
    self.is_set = True
    name = signal.Signals(number).name
    signals.say(f'{name}: waiting for the running units to stop')
