"""Whether a value fits the parameter it is bound to.

gin takes any value, so that a word where a number belongs ends a run only when
the number is used. Types come from the parameter's annotation or, without one,
from its default; what neither tells is not checked.
"""

import collections.abc
import inspect
import re
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tfirl.config import gin_files
from tfirl.config.gin_files import BindingError

# A default of one of these types says what the parameter's type is.
_TELLING = (bool, int, float, str)


class Binding(NamedTuple):
  """One value of one parameter.

  Attributes:
    name: as it was written, `scope/Configurable.parameter`.
    value: a literal or a reference.
  """

  name: str
  value: Any

  @property
  def text(self) -> str:
    """As a line of gin."""
    return f'{self.name} = {self.value!r}'


def read_binding(text: str, flag: str) -> Binding:
  """Reads one line of gin and checks that its value is of the right type.

  All modules with configurables must have been imported before.

  Args:
    text: `NAME = VALUE`.
    flag: where the text was given, for errors.

  Raises:
    BindingError: not one binding, an unknown name, or a value of another type
      than the parameter's.
  """
  where = f'--{flag}={text}'
  name = text.split('=')[0].strip()
  statements = gin_files.read_text(text, where, [gin_files.gin_folder()])
  if len(statements) != 1:
    raise BindingError(
      f"{where}: found {len(statements)} bindings; expected one, 'NAME = VALUE'"
    )
  ((key, value, _),) = statements
  check_type(key, name, value, where)
  return Binding(name, value)


def check_type(key: gin_files.Key, name: str, value: Any, where: str) -> None:
  """Raises BindingError if `value` is a literal that `key` can't take."""
  hint = _hint(key)
  if hint is not inspect.Parameter.empty and not _fits(value, hint):
    raise BindingError(
      f'{where}: {name} is {value!r}, {_type_name(type(value))}; expected '
      f'{_type_name(hint)}'
    )


def check_scopes(
  bindings: Sequence[Binding], statements: Sequence[gin_files.Statement]
) -> None:
  """Raises BindingError if a binding's scope is one that nothing uses.

  Known scopes are those of tfirl's code and gin files, and those of
  `statements`.

  Args:
    bindings: of a user's flags.
    statements: of the user's gin files.
  """
  known = _known_scopes() | set(_scopes_of(statements))
  for name, _ in bindings:
    scope = name.rpartition('/')[0]
    if scope and scope not in known:
      raise BindingError(
        f"{name}: unknown scope '{scope}'"
        f'{gin_files.did_you_mean(scope, sorted(known))}'
      )


def _hint(key: gin_files.Key) -> Any:
  """The type of a parameter, `Parameter.empty` if nothing tells it."""
  _, selector, name = key
  function = gin_files.function_of(selector)
  if function is None:  # a macro
    return inspect.Parameter.empty
  parameter = inspect.signature(function).parameters[name]
  try:
    hints = typing.get_type_hints(function)
  except (NameError, TypeError):  # annotations of modules not imported here
    hints = {}
  hint = hints.get(name, inspect.Parameter.empty)
  default = parameter.default
  if hint is inspect.Parameter.empty and type(default) in _TELLING:
    hint = type(default)
  return hint


def _fits(value: Any, hint: Any) -> bool:
  """Whether `value` is of type `hint`; True if that can't be told."""
  if isinstance(value, gin_files.Reference) or hint is Any or _is_opaque(hint):
    return True
  origin, arguments = typing.get_origin(hint), typing.get_args(hint)
  if origin in (typing.Union, types.UnionType):
    return any(_fits(value, argument) for argument in arguments)
  if origin is typing.Literal:
    return value in arguments
  if hint is float:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
  if hint is int:
    return isinstance(value, int) and not isinstance(value, bool)
  if hint is None:
    return value is None
  if origin is None:
    return isinstance(value, hint)
  return _fits_generic(value, origin, arguments)


def _is_opaque(hint: Any) -> bool:
  """Of other libraries' types, type variables and the like we say nothing."""
  base = typing.get_origin(hint) or hint
  known = (typing.Union, types.UnionType, typing.Literal, None)
  return not (isinstance(base, type) or base in known)


def _fits_generic(value: Any, origin: type, arguments: tuple) -> bool:
  """`tuple[int, ...]`, `Sequence[float]`, `Mapping[str, int]` and the like."""
  if origin in (collections.abc.Callable, type):
    return False  # a literal is not callable
  if issubclass(origin, collections.abc.Sequence):
    # gin files write sequences as they like.
    if not isinstance(value, (tuple, list)):
      return False
    if origin is tuple and arguments and Ellipsis not in arguments:
      return len(value) == len(arguments) and all(map(_fits, value, arguments))
    return not arguments or all(_fits(item, arguments[0]) for item in value)
  return isinstance(value, origin)


def _type_name(hint: Any) -> str:
  return hint.__name__ if isinstance(hint, type) else str(hint)


def _known_scopes() -> set[str]:
  """Scopes that tfirl's code enters and its gin files bind."""
  package = Path(__file__).resolve().parents[1]
  scopes = set()
  for path in package.rglob('*.py'):
    text = path.read_text(encoding='utf-8')
    scopes.update(re.findall(r"config_scope\('([\w/]+)'\)", text))
  for path in gin_files.gin_folder().rglob('*.gin'):
    # Each alone, and no name is looked up: there are hundreds of them.
    text = path.read_text(encoding='utf-8')
    scopes.update(_scopes_of(gin_files.read_text(text, str(path), None)))
  return scopes


def _scopes_of(statements: Sequence[gin_files.Statement]) -> list[str]:
  """Scopes of bindings and of references."""
  scopes = [key[0] for key, _, _ in statements if key[1] != gin_files.MACRO]
  for _, value, _ in statements:
    for reference in gin_files.references(value):
      if not reference.is_macro:
        scopes.append(reference.text[1:].rpartition('/')[0])
  return [scope for scope in scopes if scope]
