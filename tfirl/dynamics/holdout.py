"""Which rows are never fitted, so that errors on them mean something."""

import numpy as np

from tfirl import types

NUM_KEYS = 2**24

# Odd numbers: each bit of a row then moves the hash.
_FACTORS = np.random.default_rng(2024).integers(
  1, 2**63, size=4096, dtype=np.uint64
) | np.uint64(1)


def keys_of(rows: types.Transition) -> np.ndarray:
  """Each row's key, by its content: alike whenever and wherever it is seen.

  Rows whose key is below a bound are held out. While the bound does not rise,
  a row that was fitted once is never held out later, copies of it included,
  and nothing else has to be kept.

  Args:
    rows: NumPy arrays [N, ...]; observation and action decide.

  Returns:
    [N] uint64, evenly in [0, NUM_KEYS).
  """
  keys = np.concatenate([rows.observation, rows.action], -1)
  bits = np.ascontiguousarray(keys, np.float32).view(np.uint32)
  factors = _FACTORS[: bits.shape[1]]
  mixed = (bits.astype(np.uint64) * factors).sum(1, dtype=np.uint64)
  # The upper bits are the well mixed ones of a sum of products.
  mixed ^= mixed >> np.uint64(29)
  mixed *= np.uint64(0xBF58476D1CE4E5B9)
  return mixed >> np.uint64(40)


def bound_of(share: float, keys: np.ndarray, most_rows: int | None) -> int:
  """The key below which rows are held out.

  Args:
    share: of all rows, on average, in [0, 1).
    keys: [N], of the rows at hand.
    most_rows: of these that are held out, copies counted; None for no limit.

  Returns: in [0, NUM_KEYS].
  """
  bound = int(share * NUM_KEYS)
  if most_rows is not None and np.count_nonzero(keys < bound) > most_rows:
    bound = int(np.partition(keys, most_rows)[most_rows])
  return bound
