"""All that a report tells, from run folders."""

import dataclasses
from collections.abc import Sequence

from tfirl.report.reading import (
  configurations,
  marks,
  runs,
  sweeps,
  undone,
)
from tfirl.report.reading.runs import Run
from tfirl.report.reading.sweeps import Unit
from tfirl.report.statistics import aggregate
from tfirl.report.statistics.aggregate import Curve


@dataclasses.dataclass(frozen=True)
class Gathered:
  """What was read."""

  found: list[Run]  # all runs that have an evaluation, kept apart
  played: list[Run]  # those that count, and have a policy
  curves: list[Curve]  # of these
  units: list[Unit]
  undone: list[list[str]]  # rows under `undone.HEADER`
  notes: list[str]  # what a reader should know of how curves were made
  marks: list[marks.Mark]  # published points beside them
  is_over: bool  # whether there are runs, and none of them goes on or waits

  @property
  def tasks(self) -> list[str]:
    """All, sorted."""
    return sorted({run.task for run in (*self.found, *self.units)})


def gather(
  folders: Sequence[str],
  last: int = 2,
  reps: int = 2000,
  may_be_empty: bool = False,
  published: str | None = None,
) -> Gathered:
  """Reads the runs at or beneath `folders`.

  Args:
    folders: run folders or ancestors of them.
    last: how many of the last evaluations a score pools.
    reps: resamples of a bootstrap.
    may_be_empty: whether there may be no evaluation yet.
    published: a file as `marks.read_marks` reads it, None for none.

  Raises:
    FileNotFoundError, ValueError: as `runs.read_runs`, `marks.read_marks`,
      `aggregate.aggregate`, `sweeps.read_units`.
  """
  points = [] if published is None else marks.read_marks(published)
  units = sweeps.read_units(folders)
  found, notes = runs.read_runs(folders, may_be_empty or bool(units))
  rows = undone.cells(folders, found, units)
  found, config_notes = configurations.keep_apart(found)
  units = sweeps.renamed(units, found)
  runs.check_distinct(found)
  counted, unit_notes = sweeps.select(found, units)
  played = [run for run in counted if run.has_policy]
  curves, curve_notes = aggregate.aggregate(played, last, reps)
  notes += [*config_notes, *unit_notes, *curve_notes, *_unknown(curves)]
  if points:
    tasks = [curve.task for curve in curves]
    notes += marks.unknown(published, points, tasks)
  is_over = undone.are_over(folders, units)
  return Gathered(found, played, curves, units, rows, notes, points, is_over)


def _unknown(curves: Sequence[Curve]) -> list[str]:
  """Notes on tasks whose scores can't be set against the expert's, or have no
  clone beside them.
  """
  notes = []
  for task in dict.fromkeys(curve.task for curve in curves):
    of_task = [curve for curve in curves if curve.task == task]
    if not of_task[0].is_normalised:
      notes.append(
        f'{task}: not normalised by the expert: Task.random_return, and above '
        "it Task.expert_return or the demonstrations' mean return, are not "
        'both known of its runs'
      )
    if not any(curve.is_clone for curve in of_task):
      notes.append(f"{task}: there is no run of bc, so no clone's line")
  return notes
