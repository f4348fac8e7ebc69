"""Whether a value fits the parameter it is bound to.

gin takes any value, so that a word where a number belongs ends a run only when
the number is used. Types and ranges come from the parameter's annotation (see
`checks`) or, without one, from its default; what neither tells is not checked.
"""

import inspect
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gin import config as gin_config

from tfirl import checks
from tfirl.config import configurables, gin_files
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
  where = f'--{flag}={gin_files.shorten(text)}'
  name = text.split('=')[0].strip()
  statements = gin_files.read_text(text, where, [gin_files.gin_folder()])
  if len(statements) != 1:
    raise BindingError(
      f"{where}: found {len(statements)} bindings; expected one, 'NAME = VALUE'"
    )
  ((key, value, _),) = statements
  check_type(key, name, value, where)
  return Binding(name, value)


def check_type(
  key: gin_files.Key,
  name: str,
  value: Any,
  where: str,
  bound: Collection[tuple[str, str]] | None = None,
) -> None:
  """Raises BindingError if `value` is one that `key` can't take.

  Args:
    key: a parameter; of a macro nothing is known.
    name: how it was written.
    value: a literal, or a reference. What a call in it will return, and what a
      macro stands for, is not known here.
    where: the file and line, for the error.
    bound: (complete selector, parameter) of all that is bound; None if that is
      not known.
  """
  hint = hint_of(key)
  if hint is inspect.Parameter.empty:
    return
  if isinstance(value, gin_files.Reference):
    is_function = not value.is_macro and not value.text.endswith('()')
    problem = _problem(value, hint, bound) if is_function else ''
    if problem:
      raise BindingError(
        f'{where}: {name} is {value}, {problem}; expected '
        f'{checks.words_for(hint)}'
      )
  elif not any(True for _ in gin_files.references(value)):
    if not checks.fits(value, hint):
      raise BindingError(
        f'{where}: {name} is {gin_files.shorten(repr(value))}; expected '
        f'{checks.expected(value, hint)}'
      )


def _problem(
  reference: gin_files.Reference,
  hint: Any,
  bound: Collection[tuple[str, str]] | None,
) -> str:
  """Why the function that is referred to is none for `hint`; '' if it is."""
  if not checks.takes_function(hint):
    return 'a function'
  registry, called = gin_config._REGISTRY, checks.called_by(hint)
  name = reference.text[1:].rpartition('/')[2]
  selectors = registry.matching_selectors(name)
  if called is None or len(selectors) != 1:
    return ''
  given = None
  if bound is not None:
    given = [parameter for of, parameter in bound if of == selectors[0]]
  problem = called.problem(
    inspect.unwrap(registry[selectors[0]].wrapped), given
  )
  return f'which {problem}' if problem else ''


def check_statements(statements: Sequence[gin_files.Statement]) -> None:
  """`check_type` for each of them, of macros their values."""
  bound = {key[1:] for key, _, _ in statements}
  problems = gin_files.Problems()
  for key, value, where in without_macros(statements):
    with problems.collected():
      check_type(key, gin_files.key_text(key), value, where, bound)
  problems.tell()


def without_macros(
  statements: Sequence[gin_files.Statement],
) -> list[gin_files.Statement]:
  """Those that bind no macro, with what macros stand for in their place."""
  macros = {
    key[0]: value for key, value, _ in statements if key[1] == gin_files.MACRO
  }
  return [
    (key, _without_macros(value, macros), where)
    for key, value, where in statements
    if key[1] != gin_files.MACRO
  ]


def _without_macros(value: Any, macros: Mapping[str, Any]) -> Any:
  """`value` with what its macros stand for; of itself none does."""
  if isinstance(value, gin_files.Reference):
    name = value.text[1:]
    if value.is_macro and name in macros:
      others = {other: macros[other] for other in macros if other != name}
      return _without_macros(macros[name], others)
    return value
  if isinstance(value, dict):
    items = value.items()
    return {k: _without_macros(part, macros) for k, part in items}
  if isinstance(value, (list, tuple)):
    return type(value)(_without_macros(part, macros) for part in value)
  return value


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


def hint_of(key: gin_files.Key) -> Any:
  """The type of a parameter, `Parameter.empty` if nothing tells it."""
  _, selector, name = key
  function = configurables.function_of(selector)
  if function is None:  # a macro
    return inspect.Parameter.empty
  empty = inspect.Parameter.empty
  hint = checks.hints_of(function).get(name, empty)
  default = inspect.signature(function).parameters[name].default
  if hint is empty and type(default) in _TELLING:
    hint = type(default)
  return hint


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
