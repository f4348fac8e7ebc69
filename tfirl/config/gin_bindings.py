"""Strict gin: every binding must name something real and be used by a call.

gin itself lets a misspelled scope, an unused macro and any key of a function
with **kwargs pass in silence, so that a run goes on with a default nobody
asked for. `parse` checks names before gin sees them, `check_all_consumed`
compares what was bound with what gin's operative config says was used.

Both are read from gin's private tables, for which it has no public way;
gin-config is pinned to 0.5.0.
"""

import contextlib
import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import gin
from gin import config as gin_config

from tfirl.config import gin_cycles, gin_files, gin_types, text_file
from tfirl.config.gin_files import MACRO, BindingError, Key

# Their files are for all methods: they may bind what one of them never calls.
_COMMON_FOLDERS = ('agents', 'budgets', 'tasks')

# Where each binding was written last: `FILE:LINE`, or the flag it came from.
_locations: dict[Key, str] = {}
# Bindings of the files in _COMMON_FOLDERS.
_common: set[Key] = set()
_lock, _WAIT_S = threading.Lock(), 5.0
_owner: list[int] = []  # the thread that has it
_NONE = object()  # where None is a value


class UnusedBindingError(BindingError):
  """A binding that no call of a configurable consumed."""


def parse(
  files: Sequence[str],
  bindings: Sequence[str] = (),
  search_path: Sequence[Path] | None = None,
  facts: Sequence[str] = (),
) -> None:
  """Makes `files`, `facts`, `bindings` gin's whole config; later ones win.

  All modules with configurables must have been imported before.

  Args:
    files: Paths or names of gin files, found by `gin_files.find_file`.
    bindings: Lines such as `run.eval_every = 1000`.
    search_path: As in `gin_files.find_file`, by which includes are found, too.
    facts: Lines that, as those of a task's file, may say what nothing asks for.

  Raises:
    FileNotFoundError: a gin file or an included one is missing.
    BindingError: a line that gin can't read, an unknown configurable,
      parameter, reference or macro, a file or value that needs itself, or a
      value of the wrong type or out of its range; names the line and close
      matches.
  """
  gin.clear_config()
  _locations.clear()
  _common.clear()
  folders = [gin_files.gin_folder()] if search_path is None else search_path
  # gin itself would look for what a file includes in the working folder alone
  # and in packages, `tasks` for one, which any folder of that name is.
  gin_config._LOCATION_PREFIXES[:] = ['']
  gin_config._FILE_READERS[:] = [(_opener(folders), lambda name: True)]
  paths = [str(gin_files.find_file(name, folders)) for name in files]
  statements, common, problems = [], set(), gin_files.Problems()
  for path in paths:
    with problems.collected():
      statements += gin_files.read_file(path, folders)
  for fact in facts:
    with problems.collected():
      found = gin_files.read_text(fact, f'--task: {fact}', folders)
      statements += found
      common.update(key for key, _, _ in found)
  for binding in bindings:
    where = f'--gin_bindings={gin_files.shorten(binding)}'
    with problems.collected():
      statements += gin_files.read_text(binding, where, folders)
  problems.tell()
  gin_files.check_macros(statements)
  gin_cycles.check(statements)
  gin_types.check_statements(statements)
  _locations.update((key, where) for key, _, where in statements)
  beside = [Path(path).parent for path in paths]
  _common.update(common, _keys_of_common_files([*beside, '', *folders]))
  gin.parse_config_files_and_bindings(paths, [*facts, *bindings])


def _opener(folders: Sequence[Path]) -> Callable:
  """What opens the files that gin reads, where `gin_files` has found them."""
  within: list[str] = []  # that are open: each includes the next

  @contextlib.contextmanager
  def opened(name: str) -> Iterator[TextIO]:
    by = within[-1] if within else None
    within.append(str(gin_files.find_file(name, folders, by)))
    try:
      with open(within[-1], encoding='utf-8-sig') as file:  # as `text_file`
        yield file
    finally:
      within.pop()

  return opened


@contextlib.contextmanager
def alone(what: str) -> Iterator[None]:
  """Has gin's config to itself, and leaves it empty.

  Args:
    what: the function that needs it, for the error.

  Raises:
    RuntimeError: another one has it, around this one, or in another thread for
      longer than it takes to read a file: what it reads later would be of this
      one.
  """
  is_around = _owner == [threading.get_ident()]
  if not _lock.acquire(timeout=0 if is_around else _WAIT_S):
    raise RuntimeError(
      f'{what}: found a run under way in this process, which has one gin '
      'config; expected none: call it after that run, or in another process'
    )
  _owner[:] = [threading.get_ident()]
  try:
    yield
  finally:
    gin.clear_config()
    _owner.clear()
    _lock.release()


def _keys_of_common_files(folders: Sequence[str | Path]) -> list[Key]:
  common = {
    Path(folder, name).resolve()
    for folder in folders
    for name in _COMMON_FOLDERS
  }
  return [
    key
    for key, where in _locations.items()
    if Path(where.rpartition(':')[0]).resolve().parent in common
  ]


def value_of(binding: str, default: Any = _NONE) -> Any:
  """The value bound to `binding` (`Task.name`), its macros replaced.

  Raises BindingError if nothing is bound to it, and there is no default.
  """
  try:
    return copy.deepcopy(gin.query_parameter(binding))
  except ValueError as error:
    if default is not _NONE:
      return default
    raise BindingError(
      f"'{binding}' is not bound; expected a gin file that binds it"
    ) from error


def settings() -> dict[str, bool | float | str]:
  """All bindings by name, as a table of runs shows them: numbers, truths and
  text as they are, and so where a macro stands for them; anything else as it is
  written.
  """
  found = {}
  for key, value in _bound().items():
    plain = _without_macro(value)
    is_shown = isinstance(plain, (bool, int, float, str))
    found[gin_files.key_text(key)] = plain if is_shown else repr(value)
  return found


def in_use(binding: str) -> list[Any]:
  """The values of a parameter, defaults too, in the calls that there were; what
  a macro stood for.

  Args:
    binding: `Configurable.parameter`.
  """
  name, parameter = binding.rsplit('.', 1)
  selectors = gin_config._REGISTRY.matching_selectors(name)
  found = [
    _without_macro(values[parameter])
    for (_, selector), values in gin_config._OPERATIVE_CONFIG.items()
    if selector in selectors and parameter in values
  ]
  return list(dict.fromkeys(found))


def written_at(binding: str) -> str:
  """`FILE:LINE` where a parameter was bound last, in any scope, or the flag it
  came from; '' if it is not, or by a file alone that is for all methods.

  Args:
    binding: `Configurable.parameter`.
  """
  name, parameter = binding.rsplit('.', 1)
  selectors = gin_config._REGISTRY.matching_selectors(name)
  found = [
    where
    for key, where in _locations.items()
    if key[1] in selectors and key[2] == parameter and key not in _common
  ]
  return found[-1] if found else ''


def _without_macro(value: Any) -> Any:
  is_reference = isinstance(value, gin_config.ConfigurableReference)
  if is_reference and value.configurable.wrapped is gin_config.macro:
    return copy.deepcopy(value)  # which is how gin calls it
  return value


def unconsumed() -> list[str]:
  """Describes each binding that no call has consumed up to now.

  A binding at scope S is consumed iff a call in S, or in a scope below it,
  took the parameter from gin and no longer scope overrode it there. What a
  file of agents/, budgets/ or tasks/ binds, in the working folder, beside a
  file that was given or in a folder that is searched, counts only if its
  configurable was called in S at all: such a file is for all methods.
  """
  return [
    _describe(key, value)
    for key, value in _bound().items()
    if not _is_consumed(key) and not (key in _common and not _is_called(key))
  ]


def check_all_consumed() -> None:
  """Raises UnusedBindingError if any binding was consumed by no call.

  Call it when everything has been built and called once.
  """
  unused = unconsumed()
  if unused:
    raise UnusedBindingError('unused gin binding: ' + '\n  '.join(unused))


def diff(saved: str | Path, now: str | Path | None = None) -> list[str]:
  """Compares a config with an earlier `gin.config_str()`, by what is bound:
  macros are what they stand for.

  Args:
    saved: The earlier text, or the Path of the file that holds it.
    now: The later one; None for the current config.

  Returns:
    One line for each binding that changed, came or went; [] if none did.

  Raises:
    BindingError: a text is not gin.
  """
  changes = changed(saved, now).items()
  return [f'{name}: was {old}, is {new}' for name, (old, new) in changes]


def changed(
  saved: str | Path, now: str | Path | None = None
) -> dict[str, tuple[str, str]]:
  """`diff` by binding: what each was and is, as text."""
  old = _texts(saved)
  new = _texts(gin.config_str() if now is None else now)
  return {
    gin_files.key_text(key): (
      old.get(key, 'not bound'),
      new.get(key, 'not bound'),
    )
    for key in sorted(old.keys() | new.keys())
    if old.get(key) != new.get(key)
  }


def _texts(config: str | Path) -> dict[Key, str]:
  name = str(config) if isinstance(config, Path) else 'the config'
  text = config
  if isinstance(config, Path):
    try:
      text = text_file.read(config, 'a config that gin wrote')
    except ValueError as error:
      raise BindingError(str(error)) from error
  statements = gin_files.read_text(text, name, None)
  return {k: repr(v) for k, v, _ in gin_types.without_macros(statements)}


def _bound() -> dict[Key, Any]:
  return {
    (scope, selector, parameter): value
    for (scope, selector), values in gin_config._CONFIG.items()
    for parameter, value in values.items()
  }


def _scope_lies_in(scope: str, ancestor: str) -> bool:
  return not ancestor or f'{scope}/'.startswith(f'{ancestor}/')


def _overrides(key: Key, scope: str) -> list[str]:
  """Longer scopes than the key's whose binding wins for a call in `scope`."""
  bound = gin_config._CONFIG
  return [
    other
    for other, selector in bound
    if selector == key[1]
    and key[2] in bound[other, selector]
    and other != key[0]
    and _scope_lies_in(other, key[0])
    and _scope_lies_in(scope, other)
  ]


def _is_called(key: Key) -> bool:
  return any(
    selector == key[1] and _scope_lies_in(scope, key[0])
    for scope, selector in gin_config._OPERATIVE_CONFIG
  )


def _is_consumed(key: Key) -> bool:
  return any(
    selector == key[1]
    and key[2] in values
    and _scope_lies_in(scope, key[0])
    and not _overrides(key, scope)
    for (scope, selector), values in gin_config._OPERATIVE_CONFIG.items()
  )


def _describe(key: Key, value: Any) -> str:
  where = f' ({_locations[key]})' if key in _locations else ''
  return f'{gin_files.key_text(key)} = {value!r}{where}: {_reason(key)}'


def _reason(key: Key) -> str:
  scope, selector, parameter = key
  if selector == MACRO:
    return 'no binding in use refers to this macro'
  calls = {
    called_scope: values
    for (called_scope, called), values in gin_config._OPERATIVE_CONFIG.items()
    if called == selector
  }
  if not calls:
    return 'it was never called'
  inside = [called for called in calls if _scope_lies_in(called, scope)]
  if not inside:
    known = [called for called in calls if called]
    others = ', '.join(repr(called) for called in sorted(calls))
    return (
      f"it was never called in scope '{scope}', only in {others}"
      f'{gin_files.did_you_mean(scope, known)}'
    )
  taken = [called for called in inside if parameter in calls[called]]
  if not taken:
    return 'every call passes this parameter itself'
  winners = {winner for called in taken for winner in _overrides(key, called)}
  keys = [(winner, selector, parameter) for winner in sorted(winners)]
  return (
    f'overridden in every call by {", ".join(map(gin_files.key_text, keys))}'
  )
