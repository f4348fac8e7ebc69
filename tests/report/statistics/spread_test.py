import numpy as np
import pytest

from tfirl.report.reading.runs import Run
from tfirl.report.statistics import spread


def _run(steps, values, **more):
  columns = {
    'env_steps': np.array(steps, float),
    'real_steps': np.array(steps, float),
    'updates': np.zeros(len(steps)),
    'loss': np.array(values, float),
    **more,
  }
  return Run('path', 'hopper', 'hype', '0', columns)


def test_one_run_is_told_where_it_tells():
  run = _run([0, 10, 20, 30], [np.nan, 5, np.nan, 7])
  found = spread.over_steps([run], 'loss')
  np.testing.assert_array_equal(found.x, [10, 30])
  np.testing.assert_array_equal(found.median, [5, 7])
  np.testing.assert_array_equal(found.low, found.high)


def test_quartiles_of_seeds():
  runs = [_run([0, 10], [0, v]) for v in (10, 20, 30, 40, 100)]
  found = spread.over_steps(runs, 'loss')
  np.testing.assert_array_equal(found.x, [0, 10])
  np.testing.assert_array_equal(found.median, [0, 30])
  np.testing.assert_array_equal(found.low, [0, 20])
  np.testing.assert_array_equal(found.high, [0, 40])


def test_seeds_are_interpolated_and_end_where_they_are():
  runs = [_run([0, 10, 20], [0, 10, 20]), _run([0, 15], [0, 30])]
  found = spread.over_steps(runs, 'loss')
  np.testing.assert_array_equal(found.x, [0, 10, 15, 20])
  np.testing.assert_allclose(found.median, [0, 15, 22.5, 20])


def test_updates_are_the_steps_of_a_run_without_any():
  run = _run([0, 0], [1, 2], updates=np.array([5.0, 9.0]))
  np.testing.assert_array_equal(spread.over_steps([run], 'loss').x, [5, 9])


def test_what_no_run_tells():
  run = _run([0, 10], [np.nan, np.inf])
  assert spread.over_steps([run], 'loss') is None
  assert spread.over_steps([run], 'other') is None
  assert np.isnan(spread.last([run], 'loss'))


def test_the_last_that_is_told():
  runs = [_run([0, 1, 2], [1, v, np.nan]) for v in (4, 6, 20)]
  assert spread.last(runs, 'loss') == 6


def test_a_long_run_is_thinned_and_keeps_its_ends():
  steps = np.arange(1000)
  found = spread.over_steps([_run(steps, steps)], 'loss')
  assert len(found.x) <= 150 and (found.x[0], found.x[-1]) == (0, 999)
  np.testing.assert_array_equal(found.median, found.x)


@pytest.mark.filterwarnings('error')
def test_seeds_that_share_no_steps():
  runs = [_run([0, 10], [1, 2]), _run([20, 30], [3, 4])]
  found = spread.over_steps(runs, 'loss')
  np.testing.assert_array_equal(found.median, [1, 2, 3, 4])
