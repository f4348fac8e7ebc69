"""Published points, to be drawn beside curves."""

import csv
import math
from typing import NamedTuple

from tfirl.report import texts

_COLUMNS = ('task', 'name', 'steps', 'share')


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
  with open(path, newline='', encoding='utf-8') as file:
    rows = csv.DictReader(file)
    if tuple(rows.fieldnames or ()) != _COLUMNS:
      raise ValueError(
        f'{path}: its columns are {rows.fieldnames}; expected {_COLUMNS}'
      )
    return [_mark(f'{path}, line {i + 2}', row) for i, row in enumerate(rows)]


def _mark(where: str, row: dict[str, str]) -> Mark:
  numbers = []
  for name in _COLUMNS[2:]:
    try:
      numbers.append(float(row[name]))
    except (TypeError, ValueError):
      numbers.append(math.nan)
    if not math.isfinite(numbers[-1]):
      raise ValueError(f'{where}: {name} is {row[name]!r}; expected a number')
  task, name = (texts.name_of_folder(row[column]) for column in _COLUMNS[:2])
  return Mark(task, name, *numbers)
