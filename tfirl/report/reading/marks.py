"""Published points, to be drawn beside curves."""

import csv
import io
import math
from collections.abc import Sequence
from typing import NamedTuple

from tfirl.config import text_file
from tfirl.report import texts
from tfirl.storage import csv_file

_COLUMNS = ('task', 'name', 'steps', 'share')
_MOST_SHARE = 10.0  # of an expert's return: more is a percentage, or a return


class Mark(NamedTuple):
  """One number of somebody else's.

  Attributes:
    task: as a run's folder names it.
    name: who, and how it is counted.
    steps: of the environment.
    share: of its own expert's return, where that of nothing is 0.
  """

  task: str
  name: str
  steps: float
  share: float


def read_marks(path: str) -> list[Mark]:
  """Reads a CSV of the columns task, name, steps and share.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: names the line and what is wrong there.
  """
  text = text_file.read(path, f'a CSV of the columns {", ".join(_COLUMNS)}')
  rows = csv.DictReader(io.StringIO(text))
  with csv_file.damage_named(path, rows):
    return _marks(path, rows)


def _marks(path: str, rows: csv.DictReader) -> list[Mark]:
  if tuple(rows.fieldnames or ()) != _COLUMNS:
    raise ValueError(
      f'{path}: its columns are {rows.fieldnames}; expected {_COLUMNS}'
    )
  lines: dict[tuple, int] = {}
  marks = []
  for row in rows:
    where = f'{path}, line {rows.line_num}'
    mark = _mark(where, row)
    first = lines.setdefault(mark[:3], rows.line_num)
    if first != rows.line_num:
      raise ValueError(
        f'{where}: found {mark.name!r} of {mark.task} at {mark.steps:g} steps '
        f'again; expected the point of line {first} once'
      )
    marks.append(mark)
  return marks


def unknown(
  path: str, marks: Sequence[Mark], tasks: Sequence[str]
) -> list[str]:
  """A note for each task that has points and no run.

  Args:
    path: of the file.
    marks: what it holds.
    tasks: names of those that have runs.
  """
  names = dict.fromkeys(mark.task for mark in marks)
  return [
    f'{path}: its points of {name!r} are not drawn, for there is no run of '
    'that task'
    for name in names
    if name not in tasks
  ]


def _mark(where: str, row: dict[str, str]) -> Mark:
  if None in row:
    raise ValueError(f'{where}: found more than {len(_COLUMNS)} cells')
  numbers = []
  for name in _COLUMNS[2:]:
    try:
      numbers.append(float(row[name]))
    except (TypeError, ValueError):
      numbers.append(math.nan)
    if not math.isfinite(numbers[-1]):
      raise ValueError(f'{where}: {name} is {row[name]!r}; expected a number')
  steps, share = numbers
  if steps < 0:
    raise ValueError(f'{where}: steps is {row["steps"]!r}; expected 0 or more')
  if abs(share) > _MOST_SHARE:
    raise ValueError(
      f"{where}: share is {row['share']!r}; expected a share of the expert's "
      f'return, 1 for all of it, within +-{_MOST_SHARE:g}'
    )
  task, name = (texts.name_of_folder(row[column]) for column in _COLUMNS[:2])
  return Mark(task, name, *numbers)
