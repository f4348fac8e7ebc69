"""Single numbers so far off that they swamp what is made of all the others."""

import logging

import numpy as np

# Times the median deviation from the median of a column.
_FAR = 1e6
# A deviation below is that of a column that hardly ever changes, a contact's
# say: there it tells nothing of the numbers that are to be expected.
_STILL = 1e-6


def warn(source: str, key: str, values: np.ndarray) -> None:
  """Says of the farthest number of [N, .], where observations are normalised.

  Args:
    source, key: for messages.
    values: real and finite.
  """
  values = values.astype(np.float64)
  off = np.abs(values - np.median(values, axis=0))
  ordinary = np.median(off, axis=0)
  ratio = off / np.where(ordinary > _STILL, ordinary, 1.0)
  if not ratio.size or ratio.max() <= _FAR:
    return
  row, column = np.unravel_index(ratio.argmax(), ratio.shape)
  logging.warning(
    '%s: %s: found %.3g in row %d, column %d, %.0g times as far off as the '
    'median number of its column, and %d rows of such: they swamp the mean and '
    'deviation of the others',
    source,
    key,
    values[row, column],
    row,
    column,
    ratio[row, column],
    (ratio > _FAR).any(axis=1).sum(),
  )
