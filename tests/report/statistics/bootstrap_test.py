"""IQMs and their intervals, against rliable and by hand."""

import numpy as np
import pytest
from rliable import library, metrics

from tfirl.report.statistics import bootstrap


@pytest.mark.parametrize('shape', [(2, 1), (3, 2), (6, 3), (10, 5), (25, 1)])
def test_a_pooled_iqm_is_rliables(shape):
  scores = np.random.default_rng(0).normal(100.0, 30.0, shape)
  found = bootstrap.pooled_iqm(scores, reps=2)
  np.testing.assert_allclose(found.value, [metrics.aggregate_iqm(scores)])


def test_its_interval_is_that_of_rliables_resamples(monkeypatch):
  """Given rliable's draws of whole seeds, each resample has rliable's IQM."""
  scores = np.random.default_rng(0).normal(100.0, 30.0, [7, 2])
  rows = np.random.default_rng(1).integers(0, 7, [300, 7])
  counts = np.stack([np.bincount(row, minlength=7) for row in rows])
  monkeypatch.setattr(bootstrap, 'draw', lambda *unused: [counts])
  iqms = [metrics.aggregate_iqm(scores[row]) for row in rows]
  found = bootstrap.pooled_iqm(scores, reps=300)
  np.testing.assert_allclose(
    [found.low, found.high], np.percentile(iqms, [[2.5], [97.5]])
  )


def test_iqm_of_strata_is_rliables():
  """Of a matrix, which rliable resamples task by task."""
  rng = np.random.default_rng(3)
  matrix = rng.normal(0.8, 0.2, [5, 4])
  found = bootstrap.iqm_of_strata(list(matrix.T), 4000)
  np.testing.assert_allclose(found.value, metrics.aggregate_iqm(matrix))
  np.random.seed(0)
  _, intervals = library.get_interval_estimates(
    {'x': matrix}, lambda x: np.array([metrics.aggregate_iqm(x)]), reps=4000
  )
  np.testing.assert_allclose([found.low, found.high], intervals['x'], atol=0.01)


def test_strata_of_one_seed_have_no_interval():
  found = bootstrap.iqm_of_strata([np.array([v]) for v in (1, 2, 3, 9.0)], 9)
  assert found.value == [2.5]
  assert np.isnan(found.low).all() and np.isnan(found.high).all()


def test_an_interval_is_rliables_up_to_chance():
  scores = np.random.default_rng(0).normal(100.0, 30.0, [12, 1])
  found = bootstrap.pooled_iqm(scores, reps=20000)
  np.random.seed(0)
  _, theirs = library.get_interval_estimates(
    {'': scores}, lambda s: np.array([metrics.aggregate_iqm(s)]), reps=4000
  )
  width = theirs[''][1] - theirs[''][0]
  np.testing.assert_allclose(
    [found.low, found.high], theirs[''], atol=0.05 * width.item()
  )


def test_each_evaluation_has_its_own():
  scores = np.random.default_rng(0).normal(100.0, 30.0, [8, 4])
  found = bootstrap.iqm(scores, reps=200)
  for t in range(4):
    alone = bootstrap.pooled_iqm(scores[:, t : t + 1], reps=200)
    for name in ('value', 'low', 'high'):
      assert getattr(found, name)[t] == pytest.approx(getattr(alone, name)[0])


def test_whole_seeds_are_resampled():
  # Each seed's two evaluations sum to 10, so pooled resamples all have IQM 5.
  # Were scores resampled one by one, the interval would be wide.
  scores = np.array([[0.0, 10.0], [10.0, 0.0], [0.0, 10.0], [10.0, 0.0]])
  found = bootstrap.pooled_iqm(scores, reps=200)
  np.testing.assert_allclose([found.value, found.low, found.high], [[5.0]] * 3)


def test_it_is_repeatable_and_leaves_numpys_generator_alone():
  scores = np.arange(10.0).reshape(5, 2) ** 2
  np.random.seed(7)
  first = bootstrap.iqm(scores, reps=50)
  drawn = np.random.random()
  second = bootstrap.iqm(scores, reps=50)
  np.random.seed(7)
  assert drawn == np.random.random()
  np.testing.assert_array_equal(first.low, second.low)
  assert (first.low < first.high).all()


def test_strata_are_drawn_apart():
  one, other = bootstrap.draw([4, 4], reps=100)
  assert (one.sum(axis=1) == 4).all() and (other.sum(axis=1) == 4).all()
  assert (one != other).any()
