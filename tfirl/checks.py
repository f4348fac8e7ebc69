"""How a value of the wrong type, or out of its range, is worded.

A parameter says its range in its annotation, `steps_per_round: Count = 64`.
gin's bindings are held against it before anything starts (`config.gin_types`),
and what else calls a function under `checked` when it does.
"""

import dataclasses
import functools
import inspect
import math
import numbers
import os
import re
import sys
import types
import typing
from collections import abc as collections_abc
from collections.abc import Callable
from typing import Annotated, Any


@dataclasses.dataclass(frozen=True)
class Range:
  """Which numbers a parameter takes; a bound of None is none.

  Attributes:
    least, most: the ends, which belong to it.
    above, below: the ends, which don't.
  """

  least: float | None = None
  most: float | None = None
  above: float | None = None
  below: float | None = None

  def __contains__(self, value: Any) -> bool:
    # Written so that nan is in no range.
    return isinstance(value, numbers.Number) and (
      (self.least is None or value >= self.least)
      and (self.most is None or value <= self.most)
      and (self.above is None or value > self.above)
      and (self.below is None or value < self.below)
      and _is_finite(value)
    )

  def __str__(self) -> str:
    words = (
      ('at least', self.least),
      ('more than', self.above),
      ('at most', self.most),
      ('less than', self.below),
    )
    given = [f'{word} {end}' for word, end in words if end is not None]
    return ' and '.join(given)


@dataclasses.dataclass(frozen=True)
class Matching:
  """Which text a parameter takes.

  Attributes:
    pattern: a regular expression that all of it matches.
    words: what it means.
  """

  pattern: str
  words: str

  def __contains__(self, value: Any) -> bool:
    return (
      isinstance(value, str) and re.fullmatch(self.pattern, value) is not None
    )

  def __str__(self) -> str:
    return self.words


@dataclasses.dataclass(frozen=True)
class Called:
  """Which functions a parameter takes, by how they are called.

  Attributes:
    words: what is called for what, with an example.
    count: how many arguments are given in order.
    keywords: names of others.
    has: what a class among them has.
    is_class: whether only such a class will do.
  """

  words: str
  count: int
  keywords: tuple[str, ...] = ()
  has: tuple[str, ...] = ()
  is_class: bool = False

  def __contains__(self, value: Any) -> bool:
    return callable(value)

  def __str__(self) -> str:
    return self.words

  def problem(
    self, function: Callable, bound: collections_abc.Collection[str] | None
  ) -> str:
    """Why it can't be called so, 'takes no x' for one; '' if it can.

    Args:
      function: or class, as it was defined.
      bound: parameters that it is given by gin; None if that is not known.
    """
    is_class = inspect.isclass(function)
    lacking = [name for name in self.has if not hasattr(function, name)]
    if lacking and (is_class or self.is_class):
      return f'has no {lacking[0]}'
    called = function.__init__ if is_class else function  # less of a metaclass
    try:
      parameters = list(inspect.signature(called).parameters.values())
    except ValueError:  # of something built in
      return ''
    return self._misfit(parameters[is_class:], bound)

  def _misfit(
    self,
    parameters: list[inspect.Parameter],
    bound: collections_abc.Collection[str] | None,
  ) -> str:
    kinds = [parameter.kind for parameter in parameters]
    ordered = [p for p in parameters if p.kind <= p.POSITIONAL_OR_KEYWORD]
    names = [p.name for p in parameters]
    if (
      len(ordered) < self.count
      and inspect.Parameter.VAR_POSITIONAL not in kinds
    ):
      return (
        f'takes {len(ordered)} arguments in order, and is given {self.count}'
      )
    for name in self.keywords:
      if name not in names and inspect.Parameter.VAR_KEYWORD not in kinds:
        return f'takes no {name}'
    given = {p.name for p in ordered[: self.count]} | {*self.keywords}
    for parameter in parameters:
      is_star = parameter.kind in (
        parameter.VAR_POSITIONAL,
        parameter.VAR_KEYWORD,
      )
      is_needed = parameter.default is parameter.empty and not is_star
      if (
        is_needed
        and bound is not None
        and parameter.name not in {*given, *bound}
      ):
        return f'needs {parameter.name}'
    return ''


Schedule = Annotated[
  Callable,
  Called('called with a step count for a number, such as @piecewise_linear', 1),
]
MakeOptimizer = Annotated[
  Callable,
  Called(
    'called with learning_rate=... for an optimizer, such as @OptimisticAdam',
    0,
    ('learning_rate',),
  ),
]
Count = Annotated[int, Range(least=1)]
CountOrZero = Annotated[int, Range(least=0)]
Positive = Annotated[float, Range(above=0)]
NonNegative = Annotated[float, Range(least=0)]
Share = Annotated[float, Range(least=0, most=1)]
# The decay of a mean: 1 would never forget.
Decay = Annotated[float, Range(least=0, below=1)]
# Part of a path.
Name = Annotated[
  str,
  Matching('[A-Za-z0-9_][A-Za-z0-9_.-]*', 'letters, digits, _, - and . alone'),
]


_LARGEST = 2**63 - 1  # integer that TensorFlow and NumPy take
# Arrays and functions, say, are none of these: they pass.
_CHECKED = (numbers.Number, str, list, tuple)


def checked(function: Callable) -> Callable:
  """Holds plain values against the ranges in `function`'s annotations.

  Raises ValueError naming the parameter, what was found and what is expected.
  """
  owner = function.__qualname__.removesuffix('.__init__')
  signature = inspect.signature(function)

  @functools.wraps(function)
  def wrapper(*args, **kwargs):
    hints = hints_of(function)
    given = signature.bind_partial(*args, **kwargs).arguments
    for name, value in given.items():
      hint = hints.get(name)
      if _has_range(hint) and isinstance(value, _CHECKED):
        within(f'{owner}.{name}', value, hint)
    return function(*args, **kwargs)

  # gin looks here for the defaults that a run's operative_config.gin lists.
  wrapper.__signature__ = signature
  return wrapper


def within(name: str, value: Any, hint: Any) -> None:
  """Raises ValueError unless `value` is one that the annotation `hint` takes.

  Numbers of NumPy are as good as Python's.
  """
  if isinstance(value, numbers.Integral) and not isinstance(value, bool):
    value = int(value)
  elif isinstance(value, numbers.Real) and not isinstance(value, bool):
    value = float(value)
  if not fits(value, hint):
    raise ValueError(f'{name} is {value!r}; expected {expected(value, hint)}')


def scheduled(name: str, schedule: Callable, count: int, hint: Any) -> float:
  """What the parameter `name`, a `Schedule`, gives at `count`.

  Raises ValueError unless it is one that the annotation `hint` takes.
  """
  # Some give an array of no dimension, which no annotation holds.
  value = float(schedule(count))
  within(name, value, hint)
  return value


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
  if not _is_small(value):
    raise ValueError(
      f'{name} is {value!r}; expected an integer of at most {_LARGEST:,}'
    )


def require(name: str, value: Any, expected: str, is_valid: bool) -> None:
  """Raises ValueError unless `is_valid`, in the words of all such errors."""
  if not is_valid:
    raise ValueError(f'{name} is {value!r}; expected {expected}')


def path(name: str, value: Any) -> str:
  """`value` as text; raises ValueError unless it is a path, text or not."""
  is_path = isinstance(value, (str, os.PathLike))
  require(name, value, 'a path', is_path)
  text = os.fsdecode(value)
  require(name, value, 'a path, which has no null byte', '\0' not in text)
  return text


@functools.cache
def hints_of(function: Callable) -> dict[str, Any]:
  """The annotations of `function`, with their ranges.

  Those of modules that can't be imported here are left out.
  """
  try:
    return typing.get_type_hints(function, include_extras=True)
  except (NameError, TypeError):
    return {}


def fits(value: Any, hint: Any) -> bool:
  """Whether the literal `value` is one for `hint`; True if that can't be told.

  Integers are floats too, but nothing but True and False is a bool.
  """
  if hint is Any or _is_opaque(hint):
    return True
  origin, arguments = typing.get_origin(hint), typing.get_args(hint)
  if origin is Annotated:
    kind, *notes = arguments
    return fits(value, kind) and all(value in note for note in notes)
  if origin in (typing.Union, types.UnionType):
    return any(fits(value, argument) for argument in arguments)
  if origin is typing.Literal:
    return value in arguments
  if hint is float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and _is_finite(value)
  if hint is int:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return is_integer and _is_small(value)
  if hint is None:
    return value is None
  if origin is None:
    return isinstance(value, hint)
  return _fits_generic(value, origin, arguments)


def takes_function(hint: Any) -> bool:
  """Whether a function, or what a call returns, may be one for `hint`."""
  if hint is Any or _is_opaque(hint) or hint is object:
    return True
  origin = typing.get_origin(hint)
  if origin is Annotated:
    return takes_function(typing.get_args(hint)[0])
  if origin in (typing.Union, types.UnionType):
    return any(takes_function(part) for part in typing.get_args(hint))
  return (origin or hint) in (collections_abc.Callable, type)


def called_by(hint: Any) -> Called | None:
  """How a function for `hint` will be called; None if nothing tells it."""
  if isinstance(hint, Called):
    return hint
  found = map(called_by, typing.get_args(hint))
  return next((note for note in found if note is not None), None)


def words_for(hint: Any) -> str:
  """An annotation in words, 'int, at least 1, or None' for instance."""
  origin, arguments = typing.get_origin(hint), typing.get_args(hint)
  if origin is Annotated:
    kind, *notes = arguments
    return ', '.join([words_for(kind), *map(str, notes)])
  if origin in (typing.Union, types.UnionType):
    return ' or '.join(words_for(argument) for argument in arguments)
  if origin is typing.Literal:
    return f'one of {", ".join(map(repr, arguments))}'
  if hint is None or hint is type(None):
    return 'None'
  if (origin or hint) is collections_abc.Callable:
    return 'a function'
  if isinstance(origin, type) and issubclass(origin, collections_abc.Sequence):
    return f'a list of ({", ".join(map(words_for, arguments))})'
  return hint.__name__ if isinstance(hint, type) and not origin else str(hint)


def expected(value: Any, hint: Any) -> str:
  """`words_for(hint)`, and what is wrong with an integer too large for it."""
  words = words_for(hint)
  if not isinstance(value, int) or _is_small(value):
    return words
  if 'float' in words:
    return f'{words}, at most {sys.float_info.max:.2g}'
  return f'{words}, at most {_LARGEST:,}'


def _is_small(value: int) -> bool:
  return -_LARGEST <= value <= _LARGEST


def _is_finite(value: Any) -> bool:
  try:
    return math.isfinite(value)
  except OverflowError:  # an integer too large for a float
    return False


def _has_range(hint: Any) -> bool:
  is_range = typing.get_origin(hint) in (Annotated, typing.Literal)
  return is_range or any(map(_has_range, typing.get_args(hint)))


def _is_opaque(hint: Any) -> bool:
  """Of other libraries' types, type variables and the like we say nothing."""
  base = typing.get_origin(hint) or hint
  known = (typing.Union, types.UnionType, typing.Literal, Annotated, None)
  return not (isinstance(base, type) or base in known)


def _fits_generic(value: Any, origin: type, arguments: tuple) -> bool:
  """`tuple[int, ...]`, `Sequence[float]`, `Mapping[str, int]` and the like."""
  if origin in (collections_abc.Callable, type):
    return callable(value)  # no literal is
  if issubclass(origin, collections_abc.Sequence):
    # gin files write sequences as they like.
    if not isinstance(value, (tuple, list)):
      return False
    if origin is tuple and arguments and Ellipsis not in arguments:
      return len(value) == len(arguments) and all(map(fits, value, arguments))
    return not arguments or all(fits(item, arguments[0]) for item in value)
  return isinstance(value, origin)
