"""Runs of one algorithm on one task, as one curve with its interval."""

import dataclasses
import itertools
import re
from collections.abc import Sequence

import numpy as np

from tfirl.report.reading.runs import Run
from tfirl.report.statistics import bootstrap
from tfirl.report.statistics.bootstrap import Estimate

# Of the way from random actions to the expert: what counts as solved.
SOLVED = 0.9


@dataclasses.dataclass(frozen=True)
class Curve:
  """One algorithm on one task: N seeds at T common evaluations."""

  task: str
  algorithm: str
  runs: tuple[Run, ...]  # N
  is_offline: bool  # no steps: a level, not a curve
  is_success: bool  # scores are 100 x the success rate, not returns
  real_steps: np.ndarray  # [T] median over seeds
  env_steps: np.ndarray  # [T]
  rollout_steps: np.ndarray  # [T] median over seeds, nan if not logged
  wall_s: np.ndarray  # [T] median over seeds
  steps_per_s: float  # median over seeds and evaluations, nan if not logged
  scores: np.ndarray  # [N, T]
  iqm: Estimate  # [T]
  last: int  # how many evaluations `final` takes in
  final: Estimate  # [1]
  # Scores of the expert and of random actions, None if no run of the task says.
  expert: float | None = None
  random: float | None = None

  @property
  def is_cut(self) -> bool:
    """Whether the budget of some run was cut."""
    return any(run.cut for run in self.runs)

  @property
  def is_clone(self) -> bool:
    """Whether it is behaviour cloning, of any demonstrations and settings."""
    return re.split('[- ]', self.algorithm)[0] == 'bc'

  @property
  def final_scores(self) -> np.ndarray:
    """The mean of each seed's last evaluations, [N]."""
    return self.scores[:, -self.last :].mean(axis=1)

  @property
  def is_normalised(self) -> bool:
    """Whether `normalise` knows its two ends."""
    if self.expert is None or self.random is None:
      return False
    return self.expert > self.random

  def normalise(self, scores: np.ndarray) -> np.ndarray:
    """Scores on a scale where random actions have 0 and the expert has 1."""
    return (scores - self.random) / (self.expert - self.random)

  @property
  def solved_s(self) -> np.ndarray:
    """Seconds to each seed's first evaluation at `SOLVED` of the expert, [N];
    inf for one that never was there, nan where nothing tells.
    """
    return self._when_solved('wall_s')

  @property
  def solved_steps(self) -> np.ndarray:
    """Likewise the real steps, [N]."""
    return self._when_solved('real_steps')

  @property
  def last_policies(self) -> np.ndarray:
    """What each seed's last policy scored in many episodes, [N]; nan for one
    that was not evaluated so.
    """
    return np.array([_last_score(run, self.is_success) for run in self.runs])

  @property
  def num_demos(self) -> str:
    """Demonstrated episodes of a run: '4'; '4–64' if seeds differ; '' if no run
    says.
    """
    known = sorted({run.num_demos for run in self.runs} - {None})
    return '–'.join(map(str, dict.fromkeys([*known[:1], *known[-1:]])))

  def _when_solved(self, column: str) -> np.ndarray:
    if not self.is_normalised:
      return np.full(len(self.runs), np.nan)
    times = [
      run.columns[column][
        self.normalise(_scores(run, self.is_success)) >= SOLVED
      ]
      for run in self.runs
    ]
    return np.array([t[0] if len(t) else np.inf for t in times])


def aggregate(
  runs: Sequence[Run], last: int = 2, reps: int = 2000
) -> tuple[list[Curve], list[str]]:
  """Groups runs by task and algorithm and estimates each group's curve.

  Scores of a task are 100 x the success rate if any of its runs tells of one,
  else returns. Many environments tell only of successes: where a run's
  evaluations tell nothing there was none, which is noted.

  Seeds are read at common evaluation points: every point any seed was evaluated
  at, in the range that all of them cover; between its own evaluations a seed is
  interpolated linearly.

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
    task_runs, goal_notes = _with_goal(task_runs)
    notes += goal_notes
    is_success = all(run.has_success for run in task_runs)
    ends, end_notes = _ends(task_runs, is_success)
    notes += [f'{task}: {note}' for note in end_notes]
    for _, group in itertools.groupby(task_runs, lambda run: run.algorithm):
      group = tuple(group)
      points, group_notes = _common_points(group)
      if len(points) < last:
        group_notes.append(
          f'final score over the {len(points)} evaluation(s) there are, not '
          f'{last}'
        )
      curve = _curve(group, points, is_success, last, reps)
      curves.append(dataclasses.replace(curve, **ends))
      group_notes += _cuts(group)
      name = f'{task}/{group[0].algorithm}'
      notes += [f'{name}: {note}' for note in group_notes]
  return curves, notes


def _with_goal(runs: Sequence[Run]) -> tuple[list[Run], list[str]]:
  """The runs of a task and, if any tells of successes, notes on those that do
  not: what their evaluations leave blank is 0.
  """
  if all(np.isnan(_column(run, 'eval_success')).all() for run in runs):
    return list(runs), []
  filled, notes = [], []
  for run in runs:
    if not run.has_success:
      success = np.nan_to_num(_column(run, 'eval_success'))
      columns = {**run.columns, 'eval_success': success}
      notes.append(
        f'{run.task}/{run.algorithm}, seed {run.seed}: evaluations that tell '
        'of no success count as 0 %, as other runs of the task tell of some'
      )
      run = dataclasses.replace(run, columns=columns)
    filled.append(run)
  return filled, notes


def _curve(
  runs: tuple[Run, ...],
  points: np.ndarray,
  is_success: bool,
  last: int,
  reps: int,
) -> Curve:
  scores = np.stack(
    [np.interp(points, run.clock, _scores(run, is_success)) for run in runs]
  )
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
    iqm=bootstrap.iqm(scores, reps),
    last=last,
    # All scores of the last evaluations are pooled.
    final=bootstrap.pooled_iqm(scores[:, -last:], reps),
  )


def _scores(run: Run, is_success: bool) -> np.ndarray:
  """What its evaluations are judged by, [T]."""
  if is_success:
    return 100.0 * run.columns['eval_success']
  return run.columns['eval_return_mean']


def _last_score(run: Run, is_success: bool) -> float:
  found = run.last_policy
  if found is None:
    return np.nan
  # None: no episode told of a success, in a task that has a goal.
  return 100.0 * (found.success or 0.0) if is_success else found.return_mean


def _ends(
  runs: Sequence[Run], is_success: bool
) -> tuple[dict[str, float], list[str]]:
  """What a task's runs say of its expert and of random actions, as scores.

  The demonstrations' mean return stands in for an expert that nothing tells of,
  that of most episodes where runs have more or fewer.
  Where scores are shares of successes, a return is one only where the task's
  reward is the goal's 1.
  """
  ends, notes = {}, []
  by_demos = sorted(runs, key=lambda run: -(run.num_demos or 0))
  for end, names in (
    ('expert', ('expert_return', 'demos_return')),
    ('random', ('random_return',)),
  ):
    for name in names:
      told = (getattr(run, name) for run in by_demos)
      values = list(dict.fromkeys(v for v in told if v is not None))
      if is_success:
        values = [100.0 * value for value in values if 0 <= value <= 1]
      texts = list(dict.fromkeys(f'{value:.4g}' for value in values))
      if len(texts) > 1:
        all_values = ', '.join(texts)
        notes.append(f'runs tell {name} as {all_values}; the first is taken')
      if values:
        ends[end] = values[0]
        break
  return ends, notes


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
