"""Keeps Reverb's note on each sampler off standard error.

Reverb writes it for the first sampler of a process, the second, the fourth, the
eighth and so on; a draw makes a sampler of its own.
"""

import contextlib
import itertools

from tfirl.machine import stderr_filter

_draws = itertools.count(1)  # of the process, as Reverb counts


def without_note_of_draw() -> contextlib.AbstractContextManager:
  """To be open around each draw: to hold descriptor 2 costs time, so it does
  so only where a note is due.
  """
  number = next(_draws)
  is_power_of_2 = number & (number - 1) == 0
  if is_power_of_2:
    return stderr_filter.without_notes()
  return contextlib.nullcontext()
