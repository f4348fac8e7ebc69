"""The units of a sweep: which there should be, and how far each is."""

import dataclasses
import itertools
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tfirl.report import texts
from tfirl.report.reading.runs import Run, find
from tfirl.report.statistics.aggregate import Curve
from tfirl.storage import run_files
from tfirl.work_units import unit as unit_lib

# What a note says of a run, by whether it counts.
_FATE = {
  True: 'it counts, for all of its name have failed',
  False: 'left out of curves and scores',
}


@dataclasses.dataclass(frozen=True)
class Unit:
  """One unit; `task`, `algorithm` and `seed` as its `Run` has them."""

  path: str  # the run folder
  task: str
  algorithm: str
  seed: str
  status: unit_lib.Status

  @property
  def state(self) -> str:
    """Its status in a word: a queued one that had begun is interrupted."""
    if self.status.state == unit_lib.QUEUED and self.status.attempts:
      return 'interrupted'
    return self.status.state


def read_units(folders: Sequence[str]) -> list[Unit]:
  """The units that a sweep queued at or beneath `folders`, sorted as runs are.

  Raises UnitError if a file of one is damaged; else as `runs.find`.
  """
  files = (unit_lib.COMMAND_FILE,)
  paths = {path for folder in folders for path in find(folder, files)}
  return sorted((_read_unit(path) for path in paths), key=_order)


def renamed(units: Sequence[Unit], found: Sequence[Run]) -> list[Unit]:
  """The units under the names that `configurations.keep_apart` gave their runs.

  One without a run is called as the other seeds of its folder, if these have
  one name.
  """
  own = {run.path: run.algorithm for run in found}
  beside: dict[str, set[str]] = {}
  for run in found:
    folder = os.path.dirname(run.path)
    beside.setdefault(folder, set()).add(run.algorithm)
  names = []
  for unit in units:
    others = beside.get(os.path.dirname(unit.path), set())
    shared = min(others) if len(others) == 1 else unit.algorithm
    names.append(own.get(unit.path, shared))
  return [
    dataclasses.replace(unit, algorithm=name)
    for unit, name in zip(units, names, strict=True)
  ]


def select(
  runs: Sequence[Run], units: Sequence[Unit]
) -> tuple[list[Run], list[str]]:
  """Leaves out runs that would cut or bend the curves of a partial sweep.

  Where a method has finished a seed, only finished seeds count: an unfinished
  one would cut all of them where it is now. Where it has finished none, those
  that have not failed count. A run that no sweep queued counts as finished,
  unless an error ended it.

  Args:
    runs: sorted by task and algorithm.
    units: of the sweeps among them.

  Returns: the runs that count; and a note for each other one, and for each that
    counts though it failed.
  """
  by_path = {unit.path: unit for unit in units}
  kept, notes = [], []
  for _, group in itertools.groupby(runs, lambda r: (r.task, r.algorithm)):
    group = list(group)
    states = [_state(run, by_path) for run in group]
    best = unit_lib.DONE in states
    for run, state in zip(group, states, strict=True):
      counts = state == unit_lib.DONE or not best and _can_go_on(state, states)
      if counts:
        kept.append(run)
      if not counts or state == unit_lib.FAILED:
        notes.append(
          f'{run.task}/{run.algorithm}, seed {run.seed}: {state} at step '
          f'{run.steps[-1]:,.0f}; {_FATE[counts]}'
        )
  return kept, notes


def count_line(units: Sequence[Unit]) -> str:
  """How many units are in which state, in a line."""
  counts = Counter(unit.state for unit in units)
  states = ('done', 'running', 'interrupted', 'queued', 'failed')
  parts = [f'{counts[state]} {state}' for state in states if counts[state]]
  return f'{len(units)} units: {", ".join(parts)}'


def matrix_cells(
  curves: Sequence[Curve], units: Sequence[Unit]
) -> tuple[list[str], list[list[str]]]:
  """Header and rows: a method a row, a task a column.

  A cell holds the IQM, its interval, and how many of the seeds are in it.
  """
  by_cell = {(curve.algorithm, curve.task): curve for curve in curves}
  asked = Counter((unit.algorithm, unit.task) for unit in units)
  cells = sorted(by_cell.keys() | asked.keys())
  tasks = sorted({task for _, task in cells})
  rows = []
  for algorithm in dict.fromkeys(algorithm for algorithm, _ in cells):
    row = [algorithm]
    for task in tasks:
      cell = (algorithm, task)
      row.append(_cell(by_cell.get(cell), asked[cell]))
    rows.append(row)
  return ['method', *tasks], rows


def undone_cells(units: Sequence[Unit]) -> list[list[str]]:
  """Rows of the units that are not done: task, method, seed, state, attempts,
  why, log.
  """
  return [
    [unit.task, unit.algorithm, unit.seed, unit.state]
    + [str(unit.status.attempts), unit.status.message or '–']
    + [os.path.join(unit.path, unit_lib.LOG_FILE)]
    for unit in units
    if unit.state != unit_lib.DONE
  ]


def _read_unit(path: str) -> Unit:
  unit, _ = unit_lib.read_command(Path(path))
  task, algorithm, seed = path.split(os.sep)[-3:]
  if unit.label:
    algorithm = f'{algorithm} {unit.label}'
  return Unit(path, task, algorithm, seed, unit_lib.read_status(Path(path)))


def _state(run: Run, by_path: dict[str, Unit]) -> str:
  if run.path in by_path:
    return by_path[run.path].state
  # What an error ended says so, until it is launched again.
  failed = os.path.exists(os.path.join(run.path, run_files.ERROR))
  return unit_lib.FAILED if failed else unit_lib.DONE


def _can_go_on(state: str, states: Sequence[str]) -> bool:
  """Whether a run counts where none is done: failed ones if all have failed."""
  return state != unit_lib.FAILED or set(states) == {unit_lib.FAILED}


def _cell(curve: Curve | None, num_asked: int) -> str:
  if curve is None:
    return f'– (0 of {num_asked})' if num_asked else '–'
  digits = 1 if curve.is_success else 0
  value, low, high = (
    texts.number(bound[0], digits)
    for bound in (curve.final.value, curve.final.low, curve.final.high)
  )
  count = len(curve.runs)
  interval = f' [{low}, {high}]' if count > 1 else ''
  unit = ' %' if curve.is_success else ''
  return f'{value}{unit}{interval} ({count} of {max(count, num_asked)})'


def _order(unit: Unit) -> tuple[str, str, int, str]:
  return unit.task, unit.algorithm, len(unit.seed), unit.seed
