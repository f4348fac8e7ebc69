"""A column of metrics.csv over the steps of several seeds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tfirl.report.reading.runs import Run

_MOST_POINTS = 150  # more than a figure shows


class Spread(NamedTuple):
  """What half of the seeds are below, and what a quarter and three are."""

  x: np.ndarray  # [T] real steps, or updates of runs without any
  median: np.ndarray  # [T]
  low: np.ndarray  # [T]
  high: np.ndarray  # [T]


def over_steps(runs: Sequence[Run], name: str) -> Spread | None:
  """The column `name`, wherever any run tells it; None where none does.

  A run is interpolated linearly between its own rows, and told of nowhere
  else: so seeds that are on their way end where they are.
  """
  told = [_known(run, name) for run in runs]
  told = [(x, values) for x, values in told if len(x)]
  if not told:
    return None
  points = np.unique(np.concatenate([x for x, _ in told]))
  if len(points) > _MOST_POINTS:
    places = np.linspace(0, len(points) - 1, _MOST_POINTS).round().astype(int)
    points = points[places]
  rows = np.stack(
    [np.interp(points, *run, left=np.nan, right=np.nan) for run in told]
  )
  # That which ignores nan takes a hundred times as long.
  percentile = np.nanpercentile if np.isnan(rows).any() else np.percentile
  low, median, high = percentile(rows, [25, 50, 75], axis=0)
  return Spread(points, median, low, high)


def last(runs: Sequence[Run], name: str) -> float:
  """The median of what each run told last; nan where none did."""
  values = [
    known[-1] for _, known in (_known(r, name) for r in runs) if len(known)
  ]
  return float(np.median(values)) if values else np.nan


def _known(run: Run, name: str) -> tuple[np.ndarray, np.ndarray]:
  """Steps and values of the rows that have one."""
  values = run.columns.get(name, np.full(len(run.steps), np.nan))
  known = np.isfinite(values)
  return run.steps[known], values[known]
