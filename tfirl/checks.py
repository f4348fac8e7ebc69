"""How a value that is out of its range is worded."""

import numbers
from typing import Any


def at_least(name: str, value: float, least: float) -> None:
  """Raises ValueError if `value` of the binding `name` is below `least`."""
  _check(name, value, f'at least {least}', value >= least)


def integer(name: str, value: Any, least: int) -> None:
  """Raises ValueError unless `value` is an integer of `least` or more.

  For what a user may well give as another type, `1e5` for one: True and False
  are no integers here.
  """
  is_integer = isinstance(value, numbers.Integral)
  if not is_integer or isinstance(value, bool) or value < least:
    raise ValueError(
      f'{name} is {value!r}; expected an integer, {least} or more'
    )


def above(name: str, value: float, bound: float) -> None:
  """Raises ValueError unless `value` of the binding `name` is above `bound`."""
  _check(name, value, f'more than {bound}', value > bound)


def within(name: str, value: float, least: float, most: float) -> None:
  """Raises ValueError unless least <= `value` <= most."""
  _check(name, value, f'within [{least}, {most}]', least <= value <= most)


def _check(name: str, value: float, expected: str, is_valid: bool) -> None:
  if not is_valid:  # nan is not
    raise ValueError(f'{name} is {value!r}; expected {expected}')
