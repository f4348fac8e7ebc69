"""Every parameter that a config can have bound: its value, whence, and why."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gin import config as gin_config

from tfirl.config import configurables, docstrings, gin_cycles, gin_files, reach
from tfirl.config.gin_files import MACRO, Key, Statement

DEFAULT = 'default'
_RUN = 'runs.experiment.run'  # ends the selector of what calls all else


class Parameter(NamedTuple):
  """One parameter.

  Attributes:
    name: as gin files write it, with its scope.
    value: as they do.
    where: FILE:LINE that bound it, or 'default'.
    doc: what its docstring says, on one line.
    about: what the docstrings of its class or function say of that itself.
  """

  name: str
  value: str
  where: str
  doc: str
  about: str

  def has(self, text: str) -> bool:
    """Whether `text` is in any of it, in whatever case."""
    fields = self.name, self.value, self.doc, self.about
    return text.lower() in '\n'.join(fields).lower()


class Part(NamedTuple):
  """A configurable and its parameters.

  Attributes:
    name: as gin files write it, with its scope.
    summary: its docstring's first line.
    parameters: of it.
  """

  name: str
  summary: str
  parameters: Sequence[Parameter]


def explain(name: str) -> list[Part]:
  """What a run of the gin file `name` calls, as far as its source tells.

  All modules with configurables must have been imported before.

  Args:
    name: as of `gin_files.find_file`.

  Raises:
    FileNotFoundError, BindingError: as of `gin_bindings.parse`.
  """
  folder = gin_files.gin_folder()
  path = str(gin_files.find_file(name))
  statements = gin_files.read_file(path, [folder])
  gin_files.check_macros(statements)
  gin_cycles.check(statements)
  bound = {key: (value, where) for key, value, where in statements}
  macros = [
    Parameter(key_name, repr(value), _place(where), '', '')
    for (key_name, selector, _), (value, where) in bound.items()
    if selector == MACRO
  ]
  parts = [Part('macros', '', macros)] if macros else []
  named = {(selector, parameter) for _, selector, parameter in bound}
  for selector in reach.configurables(_roots(statements), named):
    scopes = {key[0] for key in bound if key[1] == selector}
    parts += [_part(scope, selector, bound) for scope in sorted({'', *scopes})]
  return parts


def default_text(key: Key) -> str:
  """A parameter's default as gin writes it.

  'not bound' if gin must bind it, '' if it has none: who calls gives it.
  """
  default = _default(key)
  if default is gin_config.REQUIRED:
    return 'not bound'
  if default is inspect.Parameter.empty:
    return ''
  if inspect.isfunction(default) or inspect.isclass(default):
    module = default.__module__.rpartition('.')[2]
    return f'@{module}.{default.__name__}'
  return repr(default)


def _roots(statements: Sequence[Statement]) -> list[str]:
  """The selectors that statements bind or refer to, the run's first."""
  registry = gin_config._REGISTRY
  found = [name for name, _ in registry.items() if name.endswith(_RUN)]
  found += [key[1] for key, _, _ in statements if key[1] != MACRO]
  for _, value, _ in statements:
    for reference in gin_files.references(value):
      if not reference.is_macro:
        name = reference.text[1:].removesuffix('()').rpartition('/')[2]
        found += registry.matching_selectors(name)
  return list(dict.fromkeys(found))


def _part(
  scope: str, selector: str, bound: Mapping[Key, tuple[Any, str]]
) -> Part:
  configurable = gin_config._REGISTRY[selector]
  wrapped = configurable.wrapped
  about = docstrings.summary(wrapped)
  parameters = []
  for name in configurables.parameters_of(selector):
    key = scope, selector, name
    if key not in bound and (scope or not _has_default(key)):
      continue  # its value is that without a scope, or its caller's
    value, where = _value(key, bound)
    doc = docstrings.of_parameter(wrapped, name)
    parameters.append(
      Parameter(gin_files.key_text(key), value, where, doc, about)
    )
  title = gin_files.key_text((scope, selector, '')).rstrip('.')
  return Part(title, docstrings.first_line(wrapped), parameters)


def _default(key: Key) -> Any:
  signature = inspect.signature(configurables.function_of(key[1]))
  return signature.parameters[key[2]].default


def _has_default(key: Key) -> bool:
  return _default(key) is not inspect.Parameter.empty


def _value(key: Key, bound: Mapping[Key, tuple[Any, str]]) -> tuple[str, str]:
  """A value as gin writes it, and where it is from."""
  if key in bound:
    value, where = bound[key]
    return repr(value), _place(where)
  return default_text(key), DEFAULT


def _place(where: str) -> str:
  """The file as short as it is clear: tfirl's own from gin_configs/ on."""
  folder = gin_files.gin_folder()
  path, _, number = where.rpartition(':')
  if Path(path).is_relative_to(folder):
    path = str(Path(path).relative_to(folder))
  return f'{path}:{number}'
