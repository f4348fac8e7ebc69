"""Regions of a maze: rows drawn, held out and judged by where they lie.

Demonstrations cover a maze unevenly: a model that fits their average may be
wrong where they are few (Ren et al. 2024, appendix on pretraining).
"""

import numpy as np

MODES = ('none', 'proportional', 'uniform')


def region_of(
  xy: np.ndarray, extent: tuple[float, float, float, float], num_bins: int
) -> np.ndarray:
  """Square bins of x-y: num_bins times as many along each axis.

  Args:
    xy: [N, 2] (m); what lies outside of `extent` counts to its outer bins.
    extent: x from, x to, y from, y to.
    num_bins: along each axis.

  Returns: [N] int64, num_bins * (bin of y) + (bin of x).
  """
  low, high = np.array(extent, np.float64).reshape(2, 2).T
  place = (np.asarray(xy, np.float64) - low) / (high - low) * num_bins
  x, y = np.clip(np.floor(place), 0, num_bins - 1).astype(np.int64).T
  return num_bins * y + x


def held_out(regions: np.ndarray, keys: np.ndarray, bound: int) -> np.ndarray:
  """Rows whose key is below `bound`: on average the same share of each region.

  A region of two rows or more has one at least on either side, those of the
  least keys out; a single row is not held out. Where every row is single, as
  those of one trajectory may be, all of them count as one region.

  Args:
    regions: [N].
    keys: [N], of `holdout.keys_of`.
    bound: of `holdout.bound_of`.

  Returns: [N] bool.
  """
  result = np.zeros(len(regions), bool)
  if len(np.unique(regions)) == len(regions):
    regions = np.zeros(len(regions), np.int64)
  for rows in _rows_of(regions):
    if len(rows) > 1:
      number = np.count_nonzero(keys[rows] < bound)
      number = min(max(number, 1), len(rows) - 1)
      result[rows[np.argsort(keys[rows], kind='stable')[:number]]] = True
  return result


def draw_rows(
  regions: np.ndarray, mode: str, num_draws: int, rng: np.random.Generator
) -> np.ndarray:
  """Draws rows with replacement.

  Args:
    regions: [N], of each row.
    mode: 'none' draws rows alike, wherever they lie. 'proportional' draws from
      each region just its share of the rows. 'uniform' draws as many from each
      region that has any. Quotas that are no whole numbers are rounded so that
      they add up.
    num_draws: how many.
    rng: draws them.

  Returns: [num_draws] int64, region by region unless mode is 'none'.

  Raises: ValueError for another mode, or if there are no rows.
  """
  if mode not in MODES:
    raise ValueError(f'bin_sampling is {mode!r}; expected one of {MODES}')
  if not len(regions):
    raise ValueError('regions: found no rows to draw from; expected some')
  if mode == 'none':
    return rng.integers(len(regions), size=num_draws)
  rows = _rows_of(regions)
  counts = np.array([len(r) for r in rows], np.float64)
  shares = counts if mode == 'proportional' else np.ones(len(rows))
  quotas = _quotas(shares / shares.sum() * num_draws, num_draws)
  draws = [
    r[rng.integers(len(r), size=quota)]
    for r, quota in zip(rows, quotas, strict=True)
  ]
  return np.concatenate(draws)


def mean_per_region(
  values: np.ndarray, regions: np.ndarray, num_regions: int
) -> np.ndarray:
  """Mean of `values` [N] in each region, nan where there are none; [R]."""
  counts = np.bincount(regions, minlength=num_regions)
  sums = np.bincount(regions, weights=values, minlength=num_regions)
  return np.divide(
    sums, counts, out=np.full(num_regions, np.nan), where=counts > 0
  )


def worst(errors: np.ndarray, counts: np.ndarray, least_rows: int) -> float:
  """The largest error of a region that enough rows judge.

  Args:
    errors: [R], nan where there are no rows.
    counts: [R], rows that each is the mean of.
    least_rows: regions of fewer are passed over: the mean of a few odd rows
      says nothing of the region. If all are, those of most rows count.
  """
  return float(np.nanmax(errors[counts >= min(least_rows, counts.max())]))


def _rows_of(regions: np.ndarray) -> list[np.ndarray]:
  """Rows of each region that has any, in the order of their numbers."""
  order = np.argsort(regions, kind='stable')
  _, starts = np.unique(regions[order], return_index=True)
  return np.split(order, starts[1:])


def _quotas(exact: np.ndarray, total: int) -> np.ndarray:
  """Whole numbers that sum to `total`; the largest remainders round up."""
  quotas = np.floor(exact).astype(np.int64)
  missing = total - quotas.sum()
  quotas[np.argsort(quotas - exact, kind='stable')[:missing]] += 1
  return quotas
