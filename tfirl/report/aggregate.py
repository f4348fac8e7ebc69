"""Interquartile means over seeds, with bootstrap intervals, by rliable.

Agarwal et al. 2021, "Deep RL at the Edge of the Statistical Precipice". The
IQM leaves out the lowest and the highest quarter of the scores, rounded down:
of 3 seeds none, of 4 one each.
"""

import contextlib
import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import scipy.stats
from rliable import library
from rliable import metrics as rliable_metrics

from tfirl.report.runs import Run

CONFIDENCE = 0.95
_BOOTSTRAP_SEED = 0


@dataclasses.dataclass(frozen=True)
class Estimate:
  """A statistic and its interval; the bounds are nan where N is 1."""

  value: np.ndarray  # [T]
  low: np.ndarray  # [T]
  high: np.ndarray  # [T]


@dataclasses.dataclass(frozen=True)
class Curve:
  """One algorithm on one task: N seeds at T common evaluations."""

  task: str
  algorithm: str
  runs: tuple[Run, ...]  # N
  is_offline: bool  # no steps: a level, not a curve
  is_success: bool  # scores are 100 x the share of successes, not returns
  real_steps: np.ndarray  # [T] median over seeds
  env_steps: np.ndarray  # [T]
  rollout_steps: np.ndarray  # [T] median over seeds, nan if not logged
  wall_s: np.ndarray  # [T] median over seeds
  steps_per_s: float  # median over seeds and evaluations, nan if not logged
  scores: np.ndarray  # [N, T]
  iqm: Estimate  # [T]
  last: int  # how many evaluations `final` takes in
  final: Estimate  # [1]

  @property
  def is_cut(self) -> bool:
    """Whether the budget of some run was cut."""
    return any(run.cut for run in self.runs)

  @property
  def num_demos(self) -> str:
    """Demonstrated episodes of a run: '4'; '4–64' if seeds differ; '' if no run
    says.
    """
    known = sorted({run.num_demos for run in self.runs} - {None})
    return '–'.join(map(str, dict.fromkeys([*known[:1], *known[-1:]])))


def aggregate(
  runs: Sequence[Run], last: int = 2, reps: int = 2000
) -> tuple[list[Curve], list[str]]:
  """Groups runs by task and algorithm and estimates each group's curve.

  Scores of a task are 100 x the share of successes if all its runs log one,
  else returns. Seeds are read at common evaluation points: every point any
  seed was evaluated at, in the range that all of them cover; between its own
  evaluations a seed is interpolated linearly.

  Args:
    runs: sorted by task and algorithm, as `read_runs` gives them.
    last: how many of the last common evaluations the final score takes in.
    reps: resamples of a bootstrap.

  Returns:
    Curves, and notes on what was cut or interpolated.

  Raises:
    ValueError: `last` is not positive, or seeds of a group share no range.
  """
  if last < 1:
    raise ValueError(f'last is {last}; expected at least 1 evaluation')
  curves, notes = [], []
  for task, task_runs in itertools.groupby(runs, lambda run: run.task):
    task_runs = list(task_runs)
    is_success = all(run.has_success for run in task_runs)
    for _, group in itertools.groupby(task_runs, lambda run: run.algorithm):
      group = tuple(group)
      points, group_notes = _common_points(group)
      if len(points) < last:
        group_notes.append(
          f'final score over the {len(points)} evaluation(s) there are, not '
          f'{last}'
        )
      curves.append(_curve(group, points, is_success, last, reps))
      group_notes += _cuts(group)
      name = f'{task}/{group[0].algorithm}'
      notes += [f'{name}: {note}' for note in group_notes]
  return curves, notes


def bootstrap(
  scores: np.ndarray,
  statistic: Callable[[np.ndarray], np.ndarray],
  reps: int,
) -> Estimate:
  """`statistic` of `scores` [N, ...] with its percentile interval over seeds.

  Whole seeds are resampled, not single scores: evaluations of one seed are
  not independent of each other. So rliable resamples seed numbers [N, 1], and
  the statistic looks their scores up. A single seed has no interval.
  """
  value = np.atleast_1d(statistic(scores))
  if len(scores) == 1:
    unknown = np.full_like(value, np.nan)
    return Estimate(value, unknown, unknown)
  with _seeded():
    _, intervals = library.get_interval_estimates(
      {'': np.arange(len(scores))[:, np.newaxis]},
      lambda rows: np.atleast_1d(statistic(scores[rows[:, 0]])),
      reps=reps,
      confidence_interval_size=CONFIDENCE,
    )
  return Estimate(value, *intervals[''])


def _curve(
  runs: tuple[Run, ...],
  points: np.ndarray,
  is_success: bool,
  last: int,
  reps: int,
) -> Curve:
  score = 'eval_success' if is_success else 'eval_return_mean'
  scores = _at(runs, score, points) * (100.0 if is_success else 1.0)
  speeds = np.concatenate([_column(run, 'steps_per_s') for run in runs])
  last = min(last, len(points))
  return Curve(
    task=runs[0].task,
    algorithm=runs[0].algorithm,
    runs=runs,
    is_offline=all(run.is_offline for run in runs),
    is_success=is_success,
    real_steps=np.median(_at(runs, 'real_steps', points), axis=0),
    env_steps=np.median(_at(runs, 'env_steps', points), axis=0),
    rollout_steps=np.median(_at(runs, 'rollout_steps', points), axis=0),
    wall_s=np.median(_at(runs, 'wall_s', points), axis=0),
    steps_per_s=_median(speeds),
    scores=scores,
    iqm=bootstrap(scores, _iqm_of_each, reps),
    last=last,
    # All scores of the last evaluations are pooled.
    final=bootstrap(scores[:, -last:], rliable_metrics.aggregate_iqm, reps),
  )


def _iqm_of_each(scores: np.ndarray) -> np.ndarray:
  """IQM over seeds at each evaluation: [N, T] -> [T]."""
  return scipy.stats.trim_mean(scores, proportiontocut=0.25, axis=0)


def _column(run: Run, name: str) -> np.ndarray:
  """A column, nan all over if the run doesn't log it, [T]."""
  return run.columns.get(name, np.full(len(run.clock), np.nan))


def _at(runs: Sequence[Run], name: str, points: np.ndarray) -> np.ndarray:
  """A column of each run at common points of their clocks, [N, T]."""
  rows = [np.interp(points, run.clock, _column(run, name)) for run in runs]
  return np.stack(rows)


def _median(values: np.ndarray) -> float:
  values = values[np.isfinite(values) & (values > 0)]
  return float(np.median(values)) if len(values) else np.nan


def _common_points(runs: Sequence[Run]) -> tuple[np.ndarray, list[str]]:
  """Points in the range that all runs cover, [T], and notes if they differ."""
  first = max(run.clock[0] for run in runs)
  shortest = min(runs, key=lambda run: run.clock[-1])
  end = shortest.clock[-1]
  if first > end:
    spans = [f'{r.path}: {r.clock[0]:.0f} to {r.clock[-1]:.0f}' for r in runs]
    raise ValueError(
      'seeds of a group share no range of evaluations; expected them to '
      f'overlap, found {"; ".join(spans)}'
    )
  union = np.unique(np.concatenate([run.clock for run in runs]))
  points = union[(union >= first) & (union <= end)]
  notes = []
  unit = 'updates' if shortest.is_offline else 'env steps'
  if union[-1] > end:
    notes.append(
      f'all seeds cut at {end:.0f} {unit}, where seed {shortest.seed} ends; '
      f'the longest goes to {union[-1]:.0f}'
    )
  uneven = [r.seed for r in runs if not np.isin(points, r.clock).all()]
  if uneven:
    notes.append(
      'seeds were evaluated at different points; between their own, seeds '
      f'{", ".join(uneven)} are interpolated linearly'
    )
  return points, notes


def _cuts(runs: Sequence[Run]) -> list[str]:
  """Notes on runs that were given less than their settings' budget."""
  notes = []
  for cut in dict.fromkeys(run.cut for run in runs if run.cut):
    seeds = [run.seed for run in runs if run.cut == cut]
    of_some = f'seeds {", ".join(seeds)} of {len(runs)}'
    who = 'all seeds' if len(seeds) == len(runs) else of_some
    notes.append(f'budget {cut}, {who}')
  return notes


@contextlib.contextmanager
def _seeded() -> Iterator[None]:
  """rliable 1.2 draws from NumPy's global generator, whatever it is given."""
  state = np.random.get_state()
  np.random.seed(_BOOTSTRAP_SEED)
  try:
    yield
  finally:
    np.random.set_state(state)
