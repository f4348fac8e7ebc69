"""Runs that failed, have told nothing yet, or are missing."""

import os
from collections.abc import Sequence

from tfirl.report import texts
from tfirl.report.reading import runs, sweeps
from tfirl.report.reading.runs import Run
from tfirl.report.reading.sweeps import Unit

HEADER = ['task', 'method', 'seed', 'state', 'attempts', 'why', 'where']
_MOST_LETTERS = 300  # of an error


def cells(
  folders: Sequence[str], found: Sequence[Run], units: Sequence[Unit]
) -> list[list[str]]:
  """Rows under `HEADER`: units that are not done, then runs of no sweep.

  Args:
    folders: as given to `runs.read_runs`.
    found: what that found.
    units: of the sweeps in the same folders.
  """
  rows = sweeps.undone_cells(units)
  known = {unit.path for unit in units}
  paths = {path for folder in folders for path in runs.find(folder)} - known
  names = {run.path: (run.task, run.algorithm, run.seed) for run in found}
  for path in sorted(paths):
    task, method, seed = names.get(path) or _names(path)
    error = last_error(path)
    if error is not None:
      rows.append([task, method, seed, 'failed', '–', error, path])
    elif path not in names:
      why = 'it has no evaluation yet'
      rows.append([task, method, seed, 'begun', '–', why, path])
  return rows + _missing(found, units)


def last_error(path: str) -> str | None:
  """The last line of the error that ended the run; None if none did."""
  file_path = os.path.join(path, runs.ERROR_FILE)
  if not os.path.exists(file_path):
    return None
  with open(file_path, encoding='utf-8', errors='replace') as file:
    lines = [line.strip() for line in file if line.strip()]
  return lines[-1][:_MOST_LETTERS] if lines else 'no reason was written'


def is_over(path: str) -> bool:
  """Whether nothing more will come from the run, unless it is begun again."""
  names = (runs.COMPLETE_FILE, runs.ERROR_FILE)
  return any(os.path.exists(os.path.join(path, name)) for name in names)


def _missing(found: Sequence[Run], units: Sequence[Unit]) -> list[list[str]]:
  """Seeds that a method has not, and another one of its task has."""
  seeds: dict[str, dict[str, set[str]]] = {}
  for each in (*found, *units):
    methods = seeds.setdefault(each.task, {})
    methods.setdefault(each.algorithm, set()).add(each.seed)
  rows = []
  for task, methods in sorted(seeds.items()):
    every = set().union(*methods.values())
    for method, own in sorted(methods.items()):
      lacking = sorted(every - own, key=lambda seed: (len(seed), seed))
      if lacking:
        why = 'other methods have it'
        rows.append([task, method, _list(lacking), 'missing', '–', why, '–'])
  return rows


def _list(seeds: Sequence[str]) -> str:
  """'3, 4, 5', or the first few and how many more."""
  text = ', '.join(seeds[:8])
  return text if len(seeds) <= 8 else f'{text} and {len(seeds) - 8} more'


def _names(path: str) -> tuple[str, str, str]:
  names = ['', '', '', *path.split(os.sep)][-3:]
  task, method, seed = map(texts.name_of_folder, names)
  return task, method, seed
