"""Profiles and probabilities of improvement, against rliable and by hand."""

import itertools

import numpy as np
import pytest
from rliable import library, metrics

from tfirl.report.reading import runs
from tfirl.report.statistics import aggregate, comparisons

_ENDS = {'expert_return': 100.0, 'random_return': 0.0}


@pytest.fixture
def curves(write_run, tmp_path):
  """curves(scores: algorithm -> task -> [N]) -> curves of these returns."""

  def make(scores, **ends):
    for algorithm, tasks in scores.items():
      for task, values in tasks.items():
        for seed, value in enumerate(values):
          write_run(task, algorithm, seed, [0, 9], [0.0, value], **ends)
    found, _ = runs.read_runs([str(tmp_path)])
    return aggregate.aggregate(found, last=1, reps=20)[0]

  return make


def _matrices():
  """Scores [seeds, tasks] of two algorithms."""
  rng = np.random.default_rng(0)
  one, other = rng.normal(60, 20, [6, 3]), rng.normal(50, 20, [4, 3])
  return {'hype': one.round(), 'mm': other.round()}


def _of_tasks(matrices):
  return {
    name: {f'task{t}': column for t, column in enumerate(matrix.T)}
    for name, matrix in matrices.items()
  }


def test_overall_takes_all_tasks_together(write_run, tmp_path):
  """Of 0.9, 1.0 and 0.2 of two tasks: two are there, at 12 and 24 steps."""
  write_run('a', 'hype', 0, [0, 10, 20], [0.0, 95.0, 90.0], **_ENDS)
  write_run('a', 'hype', 1, [0, 10, 20], [0.0, 50.0, 100.0], **_ENDS)
  write_run('b', 'hype', 0, [0, 10, 30], [0.0, 10.0, 20.0], **_ENDS)
  write_run('b', 'mm', 0, [0, 10], [0.0, 100.0], **_ENDS)
  write_run('c', 'mm', 0, [0, 10], [0.0, 100.0])  # of an expert unknown
  found = aggregate.aggregate(runs.read_runs([str(tmp_path)])[0], 1, 20)[0]
  hype, mm = comparisons.overall(found, 50)
  assert (hype.algorithm, hype.num_tasks) == ('hype', 2)
  np.testing.assert_allclose(hype.scores.value, [0.7])  # none is left out
  assert hype.scores.low < hype.scores.high
  assert hype.real_steps.tolist() == [24, 24, 36]
  assert hype.solved_steps.tolist() == [12, 24, np.inf]
  assert hype.solved_s.tolist() == [60, 120, np.inf]
  assert (mm.algorithm, mm.num_tasks, mm.scores.value) == ('mm', 1, [1.0])


def test_profiles_are_rliables(curves):
  matrices = _matrices()
  found = comparisons.profiles(curves(_of_tasks(matrices), **_ENDS), 4000)
  assert [profile.algorithm for profile in found] == ['hype', 'mm']
  assert [(p.num_runs, p.num_tasks) for p in found] == [(18, 3), (12, 3)]
  np.random.seed(0)
  shares, intervals = library.create_performance_profile(
    {name: matrix / 100 for name, matrix in matrices.items()},
    found[0].taus,
    reps=1000,
  )
  for profile in found:
    share, name = profile.share, profile.algorithm
    np.testing.assert_allclose(share.value, shares[name], atol=1e-12)
    np.testing.assert_allclose(  # to within a run
      [share.low, share.high], intervals[name], atol=1.001 / profile.num_runs
    )


def test_tasks_weigh_alike_whatever_their_seeds(curves):
  """Half of one task's runs are above 0.5, all of the other's one."""
  scores = {'mm': {'a': [40.0, 60.0], 'b': [90.0]}}
  (profile,) = comparisons.profiles(curves(scores, **_ENDS), 50)
  at = np.searchsorted(profile.taus, 0.5)
  assert profile.share.value[at] == pytest.approx((0.5 + 1.0) / 2)


def test_tasks_without_an_expert_have_no_profile(curves):
  assert comparisons.profiles(curves({'mm': {'a': [1.0, 2.0]}}), 50) == []


def test_improvement_is_rliables(curves):
  matrices = _matrices()
  (found,) = comparisons.improvements(curves(_of_tasks(matrices)), 20000)
  assert (found.better, found.other, found.num_tasks) == ('hype', 'mm', 3)
  expected = metrics.probability_of_improvement(*matrices.values())
  assert found.probability.value[0] == pytest.approx(expected)
  np.random.seed(0)
  _, theirs = library.get_interval_estimates(
    {'': tuple(matrices.values())},
    metrics.probability_of_improvement,
    reps=1000,
  )
  probability = found.probability
  np.testing.assert_allclose(
    [probability.low, probability.high], theirs[''].reshape(2, 1), atol=0.03
  )


def test_improvement_by_hand(curves):
  """Of six pairs hype wins three and ties one; its resamples are all drawn."""
  ours, theirs = np.array([3.0, 2.0]), np.array([1.0, 2.0, 4.0])
  (found,) = comparisons.improvements(
    curves({'mm': {'a': theirs}, 'hype': {'a': ours}}), 40000
  )
  assert (found.better, found.other) == ('hype', 'mm')
  assert found.probability.value[0] == pytest.approx(3.5 / 6)
  every = [
    np.mean((np.sign(np.subtract.outer(ours[[*i]], theirs[[*j]])) + 1) / 2)
    for i in itertools.product(range(2), repeat=2)
    for j in itertools.product(range(3), repeat=3)
  ]
  low, high = np.percentile(every, [2.5, 97.5])
  assert found.probability.low[0] == pytest.approx(low, abs=0.09)
  assert found.probability.high[0] == pytest.approx(high, abs=0.09)


def test_single_seeds_and_strangers_are_not_compared(curves):
  scores = {
    'mm': {'a': [1.0, 2.0]},
    'hype': {'a': [3.0]},
    'filter': {'b': [1.0, 2.0]},
  }
  assert comparisons.improvements(curves(scores), 50) == []
