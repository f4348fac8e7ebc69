"""Which rows are never fitted, so that errors on them mean something."""

import numpy as np

from tfirl import types

# Odd numbers: each bit of a row then moves the hash.
_FACTORS = np.random.default_rng(2024).integers(
  1, 2**63, size=4096, dtype=np.uint64
) | np.uint64(1)


def is_held_out(rows: types.Transition, share: float) -> np.ndarray:
  """Decides by a row's content, hence alike whenever and wherever it is seen.

  A row is in the hold-out or in the training set for the whole run, copies of
  it included, after a resumption as well, and nothing has to be kept.

  Args:
    rows: NumPy arrays [N, ...]; observation and action decide.
    share: of all rows, on average, in [0, 1).

  Returns:
    bool [N].
  """
  keys = np.concatenate([rows.observation, rows.action], -1)
  bits = np.ascontiguousarray(keys, np.float32).view(np.uint32)
  factors = _FACTORS[: bits.shape[1]]
  mixed = (bits.astype(np.uint64) * factors).sum(1, dtype=np.uint64)
  # The upper bits are the well mixed ones of a sum of products.
  mixed ^= mixed >> np.uint64(29)
  mixed *= np.uint64(0xBF58476D1CE4E5B9)
  return (mixed >> np.uint64(40)) < np.uint64(int(share * 2**24))
