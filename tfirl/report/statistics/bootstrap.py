"""Interquartile means over seeds, and stratified bootstrap intervals.

Agarwal et al. 2021, "Deep RL at the Edge of the Statistical Precipice". The
numbers are those of their library, rliable, which draws resamples one by one:
a report of a hundred runs would take a minute. Here a resample is how often it
drew each seed, and all of them are counted at once.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

CONFIDENCE = 0.95
_SEED = 0


@dataclasses.dataclass(frozen=True)
class Estimate:
  """A statistic and its interval; the bounds are nan where N is 1."""

  value: np.ndarray  # [T]
  low: np.ndarray  # [T]
  high: np.ndarray  # [T]


def draw(sizes: Sequence[int], reps: int) -> list[np.ndarray]:
  """How often each seed is in each resample, of strata that are drawn apart.

  Args:
    sizes: how many seeds, N, are in each stratum.
    reps: R.

  Returns: counts [R, N] of each stratum; the same for the same arguments.
  """
  rng = np.random.default_rng(_SEED)
  return [rng.multinomial(n, np.full(n, 1 / n), size=reps) for n in sizes]


def interval(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """The percentile interval of a statistic's resamples [R, ...]."""
  tail = 50 * (1 - CONFIDENCE)
  low, high = np.percentile(samples, [tail, 100 - tail], axis=0)
  return low, high


def iqm(scores: np.ndarray, reps: int) -> Estimate:
  """The IQM over seeds at each evaluation.

  It leaves out the lowest and the highest quarter of the scores, rounded down:
  of 3 seeds none, of 4 one each.

  Args:
    scores: [N, T].
    reps: resamples, each of whole seeds: a seed's evaluations are not
      independent of each other.
  """
  return _estimate(scores.T[:, :, np.newaxis], reps)


def pooled_iqm(scores: np.ndarray, reps: int) -> Estimate:
  """The IQM of all `scores` [N, T] together, [1]; again seeds are resampled."""
  return _estimate(scores[np.newaxis], reps)


def iqm_of_strata(strata: Sequence[np.ndarray], reps: int) -> Estimate:
  """The IQM of all scores together, [1], of seeds that are resampled apart.

  Args:
    strata: scores [N], one of each seed; of each task, say.
    reps: resamples.
  """
  scores = np.concatenate(strata)[:, np.newaxis]
  value = _iqms(scores, np.ones((1, len(scores)), int))
  if all(len(own) == 1 for own in strata):
    unknown = np.full_like(value, np.nan)
    return Estimate(value, unknown, unknown)
  counts = np.concatenate(draw([len(own) for own in strata], reps), axis=1)
  return Estimate(value, *interval(_iqms(scores, counts)[:, np.newaxis]))


def _estimate(groups: np.ndarray, reps: int) -> Estimate:
  """Of [T, N, K], K scores of each of N seeds in each of T groups."""
  count = groups.shape[1]
  value = np.concatenate(
    [_iqms(group, np.ones((1, count), int)) for group in groups]
  )
  if count == 1:
    unknown = np.full_like(value, np.nan)
    return Estimate(value, unknown, unknown)
  (counts,) = draw([count], reps)
  samples = np.stack([_iqms(group, counts) for group in groups], axis=1)
  return Estimate(value, *interval(samples))


def _iqms(scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
  """IQM of the `scores` [N, K] of each of the resamples `counts` [R, N], [R].

  A resample holds a seed's scores `count` times. In order of size they take
  the places up to their cumulated count; of these the middle ones are kept.
  """
  seeds = np.repeat(np.arange(len(scores)), scores.shape[1])
  order = np.argsort(scores, axis=None, kind='stable')
  times = counts[:, seeds[order]]
  ends = np.cumsum(times, axis=1)
  cut = scores.size // 4
  kept = np.minimum(ends, scores.size - cut) - np.maximum(ends - times, cut)
  kept = kept.clip(0).astype(np.float64)
  return kept @ scores.ravel()[order] / (scores.size - 2 * cut)
