"""How an error of demonstrations is worded: file, key, found, expected."""

from collections.abc import Sequence

import numpy as np

ARRAYS = 'arrays:'  # begins the source of those that a program holds


class DemonstrationError(ValueError):
  """A source of demonstrations that is damaged, or of no use to its task."""


def check(condition: bool, source: str, key: str, found, expected) -> None:
  """Raises DemonstrationError that names file, key, found and expected."""
  if not condition:
    raise DemonstrationError(
      f'{source}: {key}: found {found}; expected {expected}'
    )


def option(source: str, name: str, has_flag: bool = False) -> str:
  """How a user switches on what `source` is read with, as errors propose it.

  Args:
    source: of the demonstrations; of arrays, a program is told.
    name: of the option.
    has_flag: whether programs have it as --NAME.
  """
  if source.startswith(ARRAYS):
    return f'{name}=True'
  binding = f'load_demonstrations.{name} = True'
  return f'--{name} ({binding})' if has_flag else binding


def require_keys(
  source: str, found: Sequence[str], required: Sequence[str]
) -> None:
  """Raises DemonstrationError that lists the keys of `required` not there."""
  missing = [key for key in required if key not in found]
  if missing:
    raise DemonstrationError(
      f'{source}: missing {", ".join(missing)}; found the keys '
      f'{", ".join(sorted(found)) or "(none)"}; expected {", ".join(required)}'
    )


def check_real(source: str, key: str, values: np.ndarray) -> None:
  """Raises DemonstrationError unless all are real and finite as float32.

  Networks compute in float32: 1e39 is infinite there.
  """
  is_real = values.dtype.kind in 'iuf'  # not complex, bool, object, time
  check(is_real, source, key, f'dtype {values.dtype}', 'real numbers')
  finite = np.isfinite(values)
  words, expected = 'NaN or inf', 'finite numbers'
  if finite.all():
    with np.errstate(over='ignore'):
      finite = np.isfinite(values.astype(np.float32))
    words, expected = "beyond float32's 3.4e38", 'numbers within'
  if not finite.all():
    row = int(np.argwhere(~finite)[0][0])
    found = f'{int((~finite).sum())} {words}, the first in row {row}'
    check(False, source, key, found, expected)


def to_flags(source: str, key: str, values: np.ndarray) -> np.ndarray:
  """0/1 numbers of any dtype, [N] or [N, 1], as [N] bool.

  Raises DemonstrationError for other shapes or values.
  """
  values = np.asarray(values)
  if values.ndim == 2 and values.shape[1] == 1:
    values = values[:, 0]
  ok, expected = values.ndim == 1, f'({len(np.atleast_1d(values))},)'
  check(ok, source, key, f'shape {values.shape}', expected)
  if values.dtype == bool:
    return values
  numeric = values.dtype.kind in 'iuf'
  check(numeric, source, key, f'dtype {values.dtype}', 'bools, or 0 and 1')
  wrong = values[(values != 0) & (values != 1)]
  found = f'the value {wrong.flat[0]}' if wrong.size else ''
  check(not wrong.size, source, key, found, 'only 0 and 1')
  return values != 0
