"""Runs that failed, have told nothing yet, or are missing."""

import os
from collections.abc import Sequence
from pathlib import Path

from tfirl.report import texts
from tfirl.report.reading import runs, sweeps
from tfirl.report.reading.runs import Run
from tfirl.report.reading.sweeps import Unit
from tfirl.storage import run_files
from tfirl.work_units import unit as unit_lib

HEADER = ['task', 'method', 'seed', 'state', 'attempts', 'why', 'where']
_OVER = (unit_lib.DONE, unit_lib.FAILED)
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
  names = {run.path: (run.task, run.algorithm, run.seed) for run in found}
  known = [(each.task, each.algorithm, each.seed) for each in (*found, *units)]
  for path in _lone(folders, units):
    name = names.get(path) or _names(path)
    error = run_files.last_error(Path(path))
    if error is not None:
      why = error[:_MOST_LETTERS]
      rows.append([*name, 'failed', '–', why, path])
    elif path not in names:
      rows.append([*name, 'begun', '–', 'it has no evaluation yet', path])
    known.append(name)
  return rows + _missing(known)


def are_over(folders: Sequence[str], units: Sequence[Unit]) -> bool:
  """Whether there are runs, and nothing more will come from any of them unless
  it is begun again.

  Args: as of `cells`.
  """
  paths = _lone(folders, units)
  if any(unit.state not in _OVER for unit in units):
    return False
  return bool(paths or units) and all(map(is_over, paths))


def is_over(path: str) -> bool:
  """Whether the run has all its steps, or was ended by an error."""
  names = (run_files.COMPLETE, run_files.ERROR)
  return any(os.path.exists(os.path.join(path, name)) for name in names)


def _lone(folders: Sequence[str], units: Sequence[Unit]) -> list[str]:
  """Folders of runs that no sweep queued."""
  paths = {path for folder in folders for path in runs.find(folder)}
  return sorted(paths - {unit.path for unit in units})


def _missing(known: Sequence[tuple[str, str, str]]) -> list[list[str]]:
  """Seeds that a method has not, and another one of its task has.

  Args:
    known: task, method and seed of each run.
  """
  seeds: dict[str, dict[str, set[str]]] = {}
  for task, method, seed in known:
    seeds.setdefault(task, {}).setdefault(method, set()).add(seed)
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
