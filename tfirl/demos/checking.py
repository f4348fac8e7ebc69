"""How an error of demonstrations is worded: file, key, found, expected."""

from collections.abc import Sequence

import numpy as np


def check(condition: bool, source: str, key: str, found, expected) -> None:
  """Raises ValueError that names file, key, found and expected."""
  if not condition:
    raise ValueError(f'{source}: {key}: found {found}; expected {expected}')


def require_keys(
  source: str, found: Sequence[str], required: Sequence[str]
) -> None:
  """Raises ValueError that lists the keys of `required` not in `found`."""
  missing = [key for key in required if key not in found]
  if missing:
    raise ValueError(
      f'{source}: missing {", ".join(missing)}; found the keys '
      f'{", ".join(sorted(found)) or "(none)"}; expected {", ".join(required)}'
    )


def to_flags(source: str, key: str, values: np.ndarray) -> np.ndarray:
  """0/1 numbers of any dtype, [N] or [N, 1], as [N] bool."""
  values = np.asarray(values)
  if values.ndim == 2 and values.shape[1] == 1:
    values = values[:, 0]
  if values.dtype == bool:
    return values
  numeric = np.issubdtype(values.dtype, np.number)
  check(numeric, source, key, f'dtype {values.dtype}', 'bools, or 0 and 1')
  wrong = values[(values != 0) & (values != 1)]
  found = f'the value {wrong.flat[0]}' if wrong.size else ''
  check(not wrong.size, source, key, found, 'only 0 and 1')
  return values != 0
