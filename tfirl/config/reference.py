"""All that gin can bind: what it takes, its default, and who binds it.

Of every configurable, where `explaining` tells of one run. It is what the
documentation's gin pages are made of.
"""

import inspect
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gin import config as gin_config

from tfirl import checks
from tfirl.config import (
  configurables,
  docstrings,
  explaining,
  gin_files,
  gin_types,
  reach,
)


class Bound(NamedTuple):
  """A value that gin files of tfirl bind.

  Attributes:
    name: the parameter as they write it, with its scope.
    value: as they do.
    places: 'FILE:LINE' of each, the file from gin_configs/ on.
  """

  name: str
  value: str
  places: Sequence[str]


class Setting(NamedTuple):
  """One parameter.

  Attributes:
    name: as gin files write it.
    takes: its type and range, in words.
    default: as gin writes it; 'not bound' if gin has to, '' if who calls it
      gives it.
    doc: what its docstring says, on one line.
    bound: by tfirl's own files.
  """

  name: str
  takes: str
  default: str
  doc: str
  bound: Sequence[Bound]


class Configurable(NamedTuple):
  """A function or class that gin can bind parameters of.

  Attributes:
    name: as gin files write it.
    module: where it is defined, 'tfirl.agents.sac' for one.
    path: its name in that module.
    summary: its docstring's first line.
    settings: its parameters.
  """

  name: str
  module: str
  path: str
  summary: str
  settings: Sequence[Setting]


def everything() -> list[Configurable]:
  """All configurables that are tfirl's, or that tfirl gave gin, by module.

  All modules with configurables must have been imported before.

  Raises:
    BindingError: one of tfirl's gin files can't be read.
  """
  bound = _bound_by_files()
  found = [
    _configurable(selector, bound)
    for selector, _ in gin_config._REGISTRY.items()
    if reach.is_ours(selector)
  ]
  return sorted(found, key=lambda entry: (entry.module, entry.path))


def _configurable(
  selector: str, bound: Mapping[tuple[str, str], Sequence[Bound]]
) -> Configurable:
  wrapped = inspect.unwrap(gin_config._REGISTRY[selector].wrapped)
  settings = [
    _setting(('', selector, name), wrapped, bound[selector, name])
    for name in configurables.parameters_of(selector)
  ]
  return Configurable(
    gin_config._REGISTRY.minimal_selector(selector),
    wrapped.__module__,
    wrapped.__qualname__,
    docstrings.first_line(wrapped),
    settings,
  )


def _setting(key: gin_files.Key, wrapped, bound: Sequence[Bound]) -> Setting:
  hint = gin_types.hint_of(key)
  return Setting(
    gin_files.key_text(key),
    '' if hint is inspect.Parameter.empty else checks.words_for(hint),
    explaining.default_text(key),
    docstrings.of_parameter(wrapped, key[2]),
    bound,
  )


def _bound_by_files() -> dict[tuple[str, str], list[Bound]]:
  """(selector, parameter) to its bindings, those that say the same as one."""
  folder = gin_files.gin_folder()
  places = defaultdict(list)
  for path in sorted(folder.rglob('*.gin')):
    short = path.relative_to(folder).as_posix()
    text = path.read_text(encoding='utf-8')
    for key, value, where in gin_files.read_text(text, short, None):
      places[key, repr(value)].append(where)
  bound = defaultdict(list)
  for (key, value), found in places.items():
    bound[key[1:]].append(Bound(gin_files.key_text(key), value, found))
  return bound
