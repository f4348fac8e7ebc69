"""The table of a running sweep: steps, return, speed, state, time left."""

import contextlib
import csv
import dataclasses
import math
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TextIO

from tfirl.config import budget
from tfirl.report import texts
from tfirl.storage import run_files
from tfirl.work_units import unit as unit_lib
from tfirl.work_units.unit import WorkUnit

_ON_TERMINAL_S, _IN_LOG_S = 2.0, 60.0
_TAIL_BYTES = 4096
# What reading a damaged metrics.csv raises.
_DAMAGE = csv.Error, LookupError, OverflowError, ValueError


@dataclasses.dataclass(frozen=True)
class Row:
  """One unit as its files tell of it; None is what is not known yet."""

  name: str
  state: str
  steps: int = 0  # of what the budget counts
  total: int = 0
  mean_return: float | None = None
  steps_per_s: float | None = None
  unit_s: float | None = None  # what the whole unit will have taken
  message: str = ''
  counts: str = ''  # 'real steps', say

  @property
  def left_s(self) -> float | None:
    """Time it still takes when it runs; None if not known."""
    if self.state in (unit_lib.DONE, unit_lib.FAILED):
      return 0.0
    if self.unit_s is None:
      return None
    return self.unit_s * max(0.0, 1 - self.steps / self.total)


def read_row(unit: WorkUnit) -> Row:
  """Reads the unit's status and the last line of its metrics."""
  status = unit_lib.read_status(unit.path)
  told = {}
  # What is damaged is told by the unit, when it goes on; others go on now.
  with contextlib.suppress(*_DAMAGE):
    told = _told(unit)
  return Row(
    name=unit.name,
    state=status.state,
    total=unit.steps,
    counts=unit.budget_unit.replace('_', ' '),
    message=status.message if status.state != unit_lib.DONE else '',
    **told,
  )


def _told(unit: WorkUnit) -> dict[str, int | float | None]:
  """What the last row of metrics.csv tells of a `Row`; {} without one.

  Raises one of `_DAMAGE` if it is damaged.
  """
  last = _last_metrics(unit)
  if not last:
    return {}
  steps, unit_s = _spent(last, unit.budget_unit), None
  if steps and unit.steps:
    unit_s = _finite(last['wall_s']) * unit.steps / steps
  return {
    'steps': steps,
    'unit_s': unit_s,
    'mean_return': _number(last.get('eval_return_mean')),
    'steps_per_s': _number(last.get('steps_per_s')),
  }


def sweep_left_s(rows: Sequence[Row], num_parallel: int) -> float | None:
  """Time to the end of all; None before any unit tells its speed.

  Units that have not begun are taken to need the mean of those that have.
  """
  known = [row.unit_s for row in rows if row.unit_s is not None]
  if not known:
    return None
  mean = sum(known) / len(known)
  left = [mean if row.left_s is None else row.left_s for row in rows]
  # The last one can't be shared.
  return max(max(left), sum(left) / num_parallel)


def format_table(rows: Sequence[Row], num_parallel: int) -> str:
  """The table as lines of text."""
  header = ('unit', 'spent', 'return', 'steps/s', 'state', 'time left')
  cells = [header]
  for row in rows:
    cells.append(
      (
        row.name,
        f'{row.steps:,}/{row.total:,} {row.counts}'.rstrip(),
        '-' if row.mean_return is None else texts.number(row.mean_return),
        '-' if row.steps_per_s is None else texts.number(row.steps_per_s),
        row.state,
        _duration(row.left_s),
      )
    )
  widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
  lines = [
    '  '.join(
      cell.ljust(width) for cell, width in zip(line, widths, strict=True)
    )
    for line in cells
  ]
  for i, row in enumerate(rows, start=1):
    if row.message:
      lines[i] += f'  {row.message}'
  done = sum(row.state == unit_lib.DONE for row in rows)
  failed = sum(row.state == unit_lib.FAILED for row in rows)
  left = _duration(sweep_left_s(rows, num_parallel))
  lines.append(
    f'{done} of {len(rows)} units done, {failed} failed; {left} left'
  )
  return '\n'.join(line.rstrip() for line in lines)


class ProgressTable:
  """Shows the table now and then: in place on a terminal, else below."""

  def __init__(
    self,
    units: Sequence[WorkUnit],
    num_parallel: int,
    file: TextIO | None = None,
  ):
    """Shows `units`, `num_parallel` of which run at a time, in `file`."""
    self._units = units
    self._num_parallel = num_parallel
    self._file = file or sys.stdout
    self._shown_at = None
    self._num_lines = 0

  def show(self, is_last: bool = False) -> None:
    """Shows the table if it is time to, or if it is the last time."""
    is_terminal = self._file.isatty()
    every_s = _ON_TERMINAL_S if is_terminal else _IN_LOG_S
    now = time.monotonic()
    if self._shown_at is None:
      self._shown_at = now - every_s + _ON_TERMINAL_S  # units begin first
    if not is_last and now - self._shown_at < every_s:
      return
    self._shown_at = now
    rows = [read_row(unit) for unit in self._units]
    lines = format_table(rows, self._num_parallel).splitlines()
    if is_terminal:
      lines = _cut(lines)
      if self._num_lines:  # up to the table's first line, and clear from there
        self._file.write(f'\x1b[{self._num_lines}F\x1b[J')
    self._num_lines = len(lines)
    print('\n'.join(lines), file=self._file, flush=True)


def _cut(lines: Sequence[str]) -> list[str]:
  """What fits on the terminal, so that it can be drawn over."""
  columns, rows = shutil.get_terminal_size()  # of one that says 0: 80, 24
  if len(lines) >= rows:
    lines = [*lines[: max(1, rows - 3)], '...', lines[-1]]
  return [line[:columns] for line in lines]


def _last_metrics(unit: WorkUnit) -> dict[str, str]:
  """The last whole row of metrics.csv by column, {} without one."""
  try:
    with open(unit.path / run_files.METRICS, 'rb') as file:
      header = file.readline().decode()
      begin = file.tell()
      end = file.seek(0, os.SEEK_END)
      file.seek(max(begin, end - _TAIL_BYTES))
      tail = file.read().decode(errors='replace')
  except FileNotFoundError:
    return {}
  lines = tail[: tail.rfind('\n') + 1].splitlines()
  if not lines:
    return {}
  names, *rows = csv.reader([header, lines[-1]])
  return dict(zip(names, rows[0], strict=False))


def _spent(row: Mapping[str, str], unit: str) -> int:
  """What the budget counts, also of rows older than its column."""
  if unit == 'real_steps':
    return int(budget.real_steps(row))
  # Sweeps that don't say what they count called bc's updates steps.
  return int(float(row[unit])) or int(float(row['updates']))


def _number(text: str | None) -> float | None:
  return _finite(text) if text else None


def _finite(text: str) -> float:
  value = float(text)
  if not math.isfinite(value):
    raise ValueError(f'{text}: expected a finite number')
  return value


def _duration(seconds: float | None) -> str:
  if seconds is None:
    return '-'
  minutes, seconds = divmod(round(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  return f'{hours}:{minutes:02}:{seconds:02}'
