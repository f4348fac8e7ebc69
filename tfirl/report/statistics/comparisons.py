"""Methods compared over seeds and tasks: profiles, and who is better.

Agarwal et al. 2021, "Deep RL at the Edge of the Statistical Precipice"; the
numbers are those of their library, rliable, for tasks of any numbers of seeds.
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from tfirl.report.statistics import bootstrap
from tfirl.report.statistics.aggregate import Curve
from tfirl.report.statistics.bootstrap import Estimate

_NUM_TAUS = 101


@dataclasses.dataclass(frozen=True)
class Profile:
  """The share of an algorithm's runs that score above tau."""

  algorithm: str
  num_runs: int
  num_tasks: int
  taus: np.ndarray  # [T]
  share: Estimate  # [T], a mean over tasks


@dataclasses.dataclass(frozen=True)
class Improvement:
  """How likely a run of `better` scores higher than one of `other`."""

  better: str
  other: str
  num_tasks: int
  probability: Estimate  # [1], a mean over tasks; a tie counts half


@dataclasses.dataclass(frozen=True)
class Overall:
  """What an algorithm's runs came to, over all tasks that it was run on."""

  algorithm: str
  num_tasks: int
  scores: Estimate  # [1] IQM of normalised final scores, one a run
  real_steps: np.ndarray  # [N] of each run, in all
  wall_s: np.ndarray  # [N]
  solved_steps: np.ndarray  # [N] inf for a run that never was there
  solved_s: np.ndarray  # [N]


def overall(curves: Sequence[Curve], reps: int) -> list[Overall]:
  """One for each algorithm, over the tasks whose scores can be normalised.

  Args:
    curves: of any tasks.
    reps: resamples, of the seeds of each task apart.

  Returns: the highest score first; of those on most tasks, then of others.
  """
  curves = [curve for curve in curves if curve.is_normalised]
  found = []
  for name in dict.fromkeys(curve.algorithm for curve in curves):
    own = [curve for curve in curves if curve.algorithm == name]
    scores = [curve.normalise(curve.final_scores) for curve in own]
    found.append(
      Overall(
        name,
        len(own),
        bootstrap.iqm_of_strata(scores, reps),
        _last_values(own, 'real_steps'),
        _last_values(own, 'wall_s'),
        np.concatenate([curve.solved_steps for curve in own]),
        np.concatenate([curve.solved_s for curve in own]),
      )
    )
  return sorted(found, key=lambda o: (-o.num_tasks, -o.scores.value[0]))


def _last_values(curves: Sequence[Curve], column: str) -> np.ndarray:
  """The last value of each run's column, [N]."""
  return np.array(
    [run.columns[column][-1] for curve in curves for run in curve.runs]
  )


def profiles(curves: Sequence[Curve], reps: int) -> list[Profile]:
  """One for each algorithm, over the tasks whose scores can be normalised.

  Args:
    curves: of any tasks.
    reps: resamples, of the seeds of each task apart.

  Returns: none where no task can be.
  """
  curves = [curve for curve in curves if curve.is_normalised]
  if not curves:
    return []
  scores = [curve.normalise(curve.final_scores) for curve in curves]
  every = np.concatenate(scores)
  taus = np.linspace(min(every.min(), 0), max(every.max(), 1), _NUM_TAUS)
  found = []
  for name in dict.fromkeys(curve.algorithm for curve in curves):
    own = [
      s for c, s in zip(curves, scores, strict=True) if c.algorithm == name
    ]
    above = [task[:, np.newaxis] > taus for task in own]
    counts = bootstrap.draw([len(task) for task in own], reps)
    samples = np.mean(
      [_shares(c, a) for c, a in zip(counts, above, strict=True)], axis=0
    )
    value = np.mean([task.mean(axis=0) for task in above], axis=0)
    share = Estimate(value, *bootstrap.interval(samples))
    found.append(Profile(name, sum(map(len, own)), len(own), taus, share))
  return found


def improvements(curves: Sequence[Curve], reps: int) -> list[Improvement]:
  """One for each two algorithms that have two seeds each on a common task.

  Scores need not be normalised: those of one task alone are compared.

  Args:
    curves: of any tasks.
    reps: resamples, of the seeds of each algorithm and task apart.

  Returns: the one that is more likely to be better is `better`.
  """
  scores: dict[str, dict[str, np.ndarray]] = {}
  for curve in curves:
    if len(curve.runs) > 1:
      scores.setdefault(curve.algorithm, {})[curve.task] = curve.final_scores
  found = []
  for one, other in itertools.combinations(scores, 2):
    tasks = scores[one].keys() & scores[other].keys()
    if not tasks:
      continue
    pairs = [(scores[one][t], scores[other][t]) for t in sorted(tasks)]
    estimate = _probability(pairs, reps)
    if estimate.value[0] < 0.5:
      one, other = other, one
      estimate = _probability([pair[::-1] for pair in pairs], reps)
    found.append(Improvement(one, other, len(pairs), estimate))
  return found


def _shares(counts: np.ndarray, above: np.ndarray) -> np.ndarray:
  """Shares of [N, T] that are true, in resamples [R, N]. Returns: [R, T]."""
  return counts.astype(np.float64) @ above / len(above)


def _probability(
  pairs: Sequence[tuple[np.ndarray, np.ndarray]], reps: int
) -> Estimate:
  """P(X > Y) + P(X = Y) / 2, a mean over tasks.

  Args:
    pairs: scores [N] and [M] of each task.
    reps: R.
  """
  counts = bootstrap.draw([len(s) for pair in pairs for s in pair], reps)
  value, samples = 0.0, np.zeros(reps)
  for i, (ours, theirs) in enumerate(pairs):
    wins = (np.sign(ours[:, np.newaxis] - theirs) + 1) / 2
    value += wins.mean()
    one, other = counts[2 * i : 2 * i + 2]
    samples += np.sum((one @ wins) * other, axis=1) / wins.size
  low, high = bootstrap.interval(samples / len(pairs))
  return Estimate(
    np.array([value / len(pairs)]), np.array([low]), np.array([high])
  )
