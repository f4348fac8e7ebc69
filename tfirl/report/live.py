"""A report that is written again whenever its runs have told more."""

import os
import sys
import time
from collections.abc import Callable, Sequence

from tfirl.report.reading import runs
from tfirl.storage import run_files
from tfirl.work_units import unit as unit_lib

# What a run, or a sweep's unit, tells by.
_FILES = (
  *(run_files.METRICS, unit_lib.STATUS_FILE, run_files.FINAL_VIDEO),
  *(run_files.COMPLETE, run_files.ERROR),
)


def watch(
  folders: Sequence[str],
  draw: Callable[[], bool],
  interval_s: float,
  sleep: Callable[[float], None] | None = None,
) -> None:
  """Calls `draw` at first, and whenever a file of a run has changed.

  Args:
    folders: run folders or ancestors of them; new runs in them are noticed.
    draw: writes the report. Returns whether its runs are over.
    interval_s: seconds between two looks.
    sleep: waits that long; `time.sleep` by default.

  Returns: once the runs are over.

  Raises: what `draw` raises at first. Later, when a file may be half written or
    just gone, it is told, and tried again.
  """
  seen, has_drawn = None, False
  while True:
    told = _told(folders)
    if told != seen:
      try:
        if draw():
          return
        has_drawn = True
        seen = told
      except (OSError, ValueError) as error:
        if not has_drawn:
          raise
        print(f'{error}; trying again', file=sys.stderr)
    (sleep or time.sleep)(interval_s)


def _told(folders: Sequence[str]) -> dict[str, tuple[int, int]]:
  """Time and size of each file that is told by."""
  told = {}
  for folder in folders:
    for run in runs.find(folder):
      for name in _FILES:
        path = os.path.join(run, name)
        try:
          found = os.stat(path)
        except FileNotFoundError:
          continue
        told[path] = found.st_mtime_ns, found.st_size
  return told
