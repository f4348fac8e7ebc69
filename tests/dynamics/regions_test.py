"""Bins, quotas and hold-outs by hand."""

import numpy as np
import pytest

from tfirl.dynamics import regions

# Three rows in region 7, one in 2, eight in 4.
REGIONS = np.array([7, 4, 4, 2, 7, 4, 4, 4, 4, 7, 4, 4])


def test_bins_by_hand():
  # x from -2 to 2 and y from 0 to 1, 4 bins each.
  xy = [[-2, 0], [-1.01, 0.2], [-0.99, 0.26], [1.99, 0.99], [2, 1], [9, -9]]
  found = regions.region_of(np.array(xy), (-2.0, 2.0, 0.0, 1.0), 4)
  assert found.tolist() == [0, 0, 4 + 1, 12 + 3, 12 + 3, 3]


def test_rows_of_keys_below_the_bound_are_held_out():
  # Region 7 has keys 9, 8 and 7; region 2 a 0; region 4 1, 2, 3, 1, 6, 6, 5, 5.
  keys = np.array([9, 1, 2, 0, 8, 3, 1, 6, 6, 7, 5, 5], np.uint64)
  is_out = regions.held_out(REGIONS, keys, 3)
  # The least of a region without any; none of a single row.
  assert np.flatnonzero(is_out).tolist() == [1, 2, 6, 9]
  # All but the one of the highest key.
  is_out = regions.held_out(REGIONS, keys, 10)
  assert np.flatnonzero(~is_out).tolist() == [0, 3, 8]


def test_rows_that_are_all_single_count_as_one_region():
  keys = np.array([5, 3, 9, 1, 7, 8, 2, 6, 4, 0], np.uint64)
  is_out = regions.held_out(np.arange(0, 40, 4), keys, 3)
  assert np.flatnonzero(is_out).tolist() == [3, 6, 9]


@pytest.mark.parametrize('bound', [0, 99])
def test_two_rows_are_on_either_side(bound):
  keys = np.array([60, 50], np.uint64)
  is_out = regions.held_out(np.array([3, 3]), keys, bound)
  assert is_out.tolist() == [False, True]


@pytest.mark.parametrize(
  'mode, expected',
  [
    # 24 draws of 12 rows; of three regions.
    ('proportional', {2: 2, 4: 16, 7: 6}),
    ('uniform', {2: 8, 4: 8, 7: 8}),
  ],
)
def test_quotas_by_hand(mode, expected):
  rows = regions.draw_rows(REGIONS, mode, 24, np.random.default_rng(0))
  found = REGIONS[rows]
  assert {r: int((found == r).sum()) for r in (2, 4, 7)} == expected


def test_quotas_that_are_no_whole_numbers_add_up():
  # 10 * (1, 8, 3) / 12 = 0.83, 6.67, 2.5: the larger remainders round up.
  rows = regions.draw_rows(
    REGIONS, 'proportional', 10, np.random.default_rng(0)
  )
  found = REGIONS[rows]
  assert [int((found == r).sum()) for r in (2, 4, 7)] == [1, 7, 2]
  rows = regions.draw_rows(REGIONS, 'uniform', 10, np.random.default_rng(0))
  assert sorted(np.bincount(REGIONS[rows])[[2, 4, 7]]) == [3, 3, 4]


def test_rows_of_a_region_are_alike():
  rng = np.random.default_rng(0)
  rows = regions.draw_rows(REGIONS, 'uniform', 24_000, rng)
  counts = np.bincount(rows, minlength=12)
  assert counts[3] == 8000  # the single one
  # 5 standard deviations: 5 * sqrt(1000) = 158.
  np.testing.assert_allclose(counts[REGIONS == 4], 1000, atol=158)


def test_without_bins_rows_are_alike():
  rng = np.random.default_rng(0)
  rows = regions.draw_rows(REGIONS, 'none', 12_000, rng)
  np.testing.assert_allclose(np.bincount(rows), 1000, atol=158)


def test_means_by_hand():
  found = regions.mean_per_region(
    np.array([1.0, 3.0, 5.0]), np.array([2, 2, 0]), 4
  )
  np.testing.assert_array_equal(found, [5.0, np.nan, 2.0, np.nan])


@pytest.mark.parametrize('least_rows, worst', [(1, 9.0), (3, 4.0), (99, 2.0)])
def test_the_worst_region_is_one_that_rows_can_judge(least_rows, worst):
  errors = np.array([2.0, np.nan, 9.0, 4.0])
  counts = np.array([50, 0, 2, 3])
  assert regions.worst(errors, counts, least_rows) == worst


def test_what_it_refuses():
  rng = np.random.default_rng(0)
  with pytest.raises(ValueError, match="bin_sampling is 'even'; expected one"):
    regions.draw_rows(REGIONS, 'even', 5, rng)
  with pytest.raises(ValueError, match='found no rows to draw from'):
    regions.draw_rows(REGIONS[:0], 'uniform', 5, rng)
