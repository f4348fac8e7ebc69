"""The progress bar of a training run."""

import contextlib
import os
import shutil
import sys
import time

# How long a bar stands before it is drawn again: on a terminal or in a
# notebook, and in a log, where each is a line of its own.
_INTERVAL_S, _LOG_INTERVAL_S = 0.5, 30.0
_WIDTH, _LEAST_WIDTH = 20, 3  # of the bar itself
_LOG_WIDTH = 200


class ProgressBar:
  """What is done of the budget, steps/s, time left, and the last return.

  Steps/s are the steps of this process over its seconds of training, as its
  caller measures them; before the first of these seconds it tells no pace. Time
  left is that of the whole run: it goes on at the pace at which this process
  came so far, evaluations included.
  """

  def __init__(
    self,
    total: int,
    initial: int = 0,
    description: str = '',
    unit: str = 'steps',
    file=None,
  ):
    """Shows the bar.

    Args:
      total: steps of the whole run; a last round may pass them.
      initial: steps already done when the run was resumed.
      description: what runs, e.g. 'hype hopper 0'.
      unit: what is counted, 'real steps' or 'updates'; its last word is shown.
      file: a text stream; default stderr.
    """
    self._total, self._initial, self._done = total, initial, initial
    self._description = description
    self._unit = unit.split()[-1]
    self._file = file or sys.stderr
    self._is_live = _is_live(self._file)
    self._train_s = 0.0
    self._return = ''
    self._started = self._trains_since = time.monotonic()
    self._length = 0  # of what is drawn
    self._drawn, self._drawn_at = None, self._started
    self._draw()

  def update(
    self, steps: int, train_s: float, eval_return: float | None = None
  ) -> None:
    """Moves the bar.

    Args:
      steps: done in all.
      train_s: seconds that this process has trained in all; 0 while it only
        gets ready, with random actions and compilers.
      eval_return: a new return, with which the bar is drawn at once.
    """
    self._done, self._train_s = steps, train_s
    if not train_s:
      self._initial, self._trains_since = steps, time.monotonic()
    if eval_return is not None:
      digits = 1 if abs(eval_return) >= 10 else 2  # a maze's is a share
      self._return = f', return {eval_return:.{digits}f}'
    if eval_return is not None or self._is_old:
      self._draw()

  def tell(self, doing: str) -> None:
    """Shows what takes its time between two calls of `update`, such as
    'model epoch 57', if the bar has stood for long enough.
    """
    if self._is_old:
      self._draw(f', {doing}')

  def write(self, message: str) -> None:
    """Prints a line above the bar."""
    self._print(f'{self._clear()}{message}\n')
    if self._is_live:
      self._length = 0
      self._draw()

  def close(self) -> None:
    """Draws the last state, and leaves it."""
    if self._file is None:
      return
    if self._state() != self._drawn:
      self._draw()
    if self._is_live:
      self._print('\n')
    self._file = None

  def _state(self) -> tuple:
    return self._done, self._return

  @property
  def _is_old(self) -> bool:
    interval = _INTERVAL_S if self._is_live else _LOG_INTERVAL_S
    return time.monotonic() - self._drawn_at >= interval

  def _draw(self, doing: str = '') -> None:
    self._drawn, self._drawn_at = self._state(), time.monotonic()
    text = self._text(doing)
    if self._is_live:
      self._print(f'\r{text}{" " * (self._length - len(text))}')
      self._length = len(text)
    else:
      self._print(f'{text}\n')

  def _clear(self) -> str:
    return f'\r{" " * self._length}\r' if self._length else ''

  def _print(self, text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal was closed, say
      self._file.write(text)
      self._file.flush()

  def _text(self, doing: str) -> str:
    """What fits into the width: the past goes first, then what goes on, then
    the bar itself.
    """
    room = _columns(self._file) - 1 if self._is_live else _LOG_WIDTH
    share = min(self._done / self._total, 1.0)
    # 100 % is when nothing is left.
    start = f'{self._description} {int(100 * share):3d}%'
    elapsed, pace = self._times()
    count = f'{self._done}/{self._total}'
    for past, present in ((f'{elapsed}, ', doing), ('', doing), ('', '')):
      end = f' {count} [{past}{pace}{self._return}{present}]'
      width = min(_WIDTH, room - len(start) - len(end) - 2)
      if width >= _LEAST_WIDTH:
        full = int(share * width)
        return f'{start}|{"█" * full}{" " * (width - full)}|{end}'
    return f'{start}{end}'[:room]

  def _times(self) -> tuple[str, str]:
    """Time since the start, and what is left with how fast it goes."""
    now = time.monotonic()
    taken = self._done - self._initial
    rate, left = '?', '?'
    if taken and self._train_s:
      speed = taken / self._train_s
      rate = f'{speed:.0f}' if speed >= 100 else f'{speed:.3g}'
      missing = max(self._total - self._done, 0)
      left = _clock(missing * (now - self._trains_since) / taken)
    return _clock(now - self._started), f'{left} left, {rate} {self._unit}/s'


def _is_live(file) -> bool:
  """Whether what is drawn can be drawn over: a terminal, or a notebook."""
  if type(file).__module__.startswith(('ipykernel', 'google.colab')):
    return True
  isatty = getattr(file, 'isatty', None)
  return isatty is not None and isatty()


def _columns(file) -> int:
  """The width of the terminal that `file` writes to."""
  try:
    return os.get_terminal_size(file.fileno()).columns or 80
  except (AttributeError, OSError, ValueError):
    return shutil.get_terminal_size((120, 24)).columns


def _clock(seconds: float) -> str:
  """1:02:03, or 02:03 below an hour."""
  minutes, seconds = divmod(round(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  text = f'{minutes:02d}:{seconds:02d}'
  return f'{hours}:{text}' if hours else text
