"""Gin files: where they are found, and reading them before gin does.

Reading them first gives errors that name the line and what was probably meant,
and remembers where each binding stands. Names are looked up in gin's private
registry, for which gin has no public way; gin-config is pinned to 0.5.0.
"""

import contextlib
import difflib
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gin import config as gin_config
from gin import config_parser

from tfirl.config import configurables, successors, text_file, user_modules
from tfirl.config.configurables import MACRO

_DEEPEST = 50  # lists in lists, which gin reads by calling itself
Key = tuple[str, str, str]  # scope, complete selector, parameter
Statement = tuple[Key, Any, str]  # binding, its value, where it is written


class BindingError(ValueError):
  """A gin file or binding names something that doesn't exist."""


class Problems:
  """Collects errors, so that one tells of all that is wrong, a line each."""

  def __init__(self):
    self._texts = []

  @contextlib.contextmanager
  def collected(self) -> Iterator[None]:
    """Keeps a `BindingError` raised in here for `tell`."""
    try:
      yield
    except BindingError as error:
      self._texts.append(str(error))

  def tell(self) -> None:
    """Raises BindingError if there was any."""
    if self._texts:
      raise BindingError('\n'.join(dict.fromkeys(self._texts)))


class Reference(NamedTuple):
  """A value `@scope/name`, `@scope/name()` or `%name`, not looked up yet."""

  text: str
  is_macro: bool

  def __repr__(self) -> str:
    return self.text


class _TextDelegate(config_parser.ParserDelegate):
  """Leaves references as text, so that we can word the errors ourselves."""

  def configurable_reference(self, scoped_configurable_name, evaluate):
    end = '()' if evaluate else ''
    return Reference(f'@{scoped_configurable_name}{end}', False)

  def macro(self, macro_name):
    return Reference(f'%{macro_name}', True)


def gin_folder() -> Path:
  """The gin files that come with tfirl, in a wheel or in a source checkout."""
  package = Path(__file__).resolve().parents[1]
  installed = package / 'gin_configs'
  return installed if installed.is_dir() else package.parent / 'gin_configs'


def find_file(
  name: str,
  search_path: Sequence[Path] | None = None,
  included_by: str | None = None,
) -> Path:
  """The gin file `name` in the working folder or the folders of `search_path`;
  of a user's file that includes it, in the folder of that first.

  Args:
    name: A path, relative to one of these folders.
    search_path: Folders searched after the working folder; tfirl's own
      gin files by default.
    included_by: The file that includes it. One of `search_path` names files
      from there, whatever lies beside it.

  Raises:
    FileNotFoundError: naming the folders searched and similar files there,
      or what replaced a file of an earlier version.
  """
  folders = [gin_folder()] if search_path is None else search_path
  beside = _beside(included_by, folders)
  for folder in beside:
    path = Path(folder, name)
    if path.is_file() and not _same(path, included_by):
      return path
  for folder in ['', *folders]:
    path = Path(folder, name)
    if path.is_file():
      return path
  known = [
    str(path.relative_to(folder))
    for folder in map(Path, folders)
    for path in sorted(folder.rglob('*.gin'))
  ]
  for folder in [*beside, Path()]:
    known += [path.name for path in sorted(folder.glob('*.gin'))]
  folders = dict.fromkeys([*map(Path.absolute, beside), Path.cwd(), *folders])
  searched = ', '.join(map(str, folders))
  hint = successors.of_file(name) or did_you_mean(name, known)
  raise FileNotFoundError(f"gin file '{name}' not found in {searched}{hint}")


def _beside(path: str | None, search_path: Sequence[Path]) -> list[Path]:
  """The folder of a file, unless it is of `search_path` or is a flag's text."""
  if path is None or path.startswith('--'):
    return []
  searched = {Path(folder).resolve() for folder in search_path}
  is_searched = searched & {*Path(path).resolve().parents}
  return [] if is_searched else [Path(path).parent]


def _same(path: str | Path, other: str | Path) -> bool:
  return Path(path).resolve() == Path(other).resolve()


class _Rules(NamedTuple):
  """What is made of a text: the arguments of `read_file`."""

  folders: Sequence[Path] | None
  checks_names: bool = True
  imports: bool = True


def read_file(
  path: str,
  folders: Sequence[Path],
  *,
  checks_names: bool = True,
  imports: bool = True,
) -> list[Statement]:
  """Reads and checks the gin file `path` and those that it includes.

  Args:
    path: of the file.
    folders: as of `read_text`.
    checks_names: Whether all names must be known; those of layers above the
      caller's may not be.
    imports: Whether to import what the files do, which may be anything.

  Raises: as `read_text`.
  """
  return _read_file(path, _Rules(folders, checks_names, imports), ())


def read_text(
  text: str, name: str, folders: Sequence[Path] | None
) -> list[Statement]:
  """Reads the bindings of `text` and of the files it includes.

  Args:
    text: gin's language.
    name: What to call the text in errors: a path, or a flag `--...`.
    folders: Where included files are searched. None: neither follow includes
      nor imports, nor check names (an old config may name what no longer
      exists).

  Raises:
    FileNotFoundError: an included file is missing.
    BindingError: gin can't read a line, lines name something unknown, or a
      file includes itself.
  """
  return _read_text(text, name, _Rules(folders, folders is not None), ())


def _read_file(
  path: str, rules: _Rules, included_by: Sequence[str]
) -> list[Statement]:
  try:
    text = text_file.read(path, 'a gin file')
  except ValueError as error:
    raise BindingError(str(error)) from error
  return _read_text(text, path, rules, included_by)


def _read_text(
  text: str, name: str, rules: _Rules, included_by: Sequence[str]
) -> list[Statement]:
  """Args: the files that led to the text are `included_by`, outermost first."""
  result = []
  problems = Problems()
  within = [*included_by, name]
  for statement, where in _parsed(text, name):
    with problems.collected():
      result += _read(statement, where, rules, within)
  problems.tell()
  return result


def _parsed(text: str, name: str) -> Iterator[tuple[Any, str]]:
  """Statements, and where each is written."""
  try:
    parser = config_parser.ConfigParser(text, _TextDelegate())
    for statement in parser:
      where = name
      if not name.startswith('--'):
        where = f'{name}:{statement.location.line_num}'
      yield statement, where
  except SyntaxError as error:
    raise BindingError(_syntax_text(error, name)) from error
  except tokenize.TokenError as error:
    raise BindingError(f'{name}: {error.args[0]}') from error
  except RecursionError as error:
    raise BindingError(_too_deep(_place(parser, name))) from error
  except TypeError as error:  # of a dictionary's key
    raise BindingError(f'{_place(parser, name)}: {error}') from error


def _read(
  statement, where: str, rules: _Rules, included_by: Sequence[str]
) -> list[Statement]:
  """What one statement binds."""
  if isinstance(statement, config_parser.BindingStatement):
    _check_depth(statement.value, where)
    if rules.checks_names:
      _check_binding(statement, where)
    return [(_key(statement), statement.value, where)]
  if isinstance(statement, config_parser.BlockDeclaration):
    if rules.checks_names:
      _check_selector(statement.selector, where)
    return []
  if rules.folders is None:
    return []
  if isinstance(statement, config_parser.IncludeStatement):
    return _include(statement.filename, where, rules, included_by)
  if rules.imports:
    _import(statement, where)
  return []


def _include(
  name: str, where: str, rules: _Rules, included_by: Sequence[str]
) -> list[Statement]:
  try:
    path = str(find_file(name, rules.folders, included_by[-1]))
  except FileNotFoundError as error:
    raise FileNotFoundError(f'{where}: included {error}') from error
  if any(_same(path, other) for other in included_by):
    raise BindingError(
      f'{where}: {path} includes itself '
      f'({" -> ".join([*included_by, path])}); expected another file'
    )
  return _read_file(path, rules, included_by)


def _import(statement, where: str) -> None:
  """Imports a module as gin will do."""
  module = statement.module
  if statement.is_from:
    module = module.rsplit('.', 1)[0]
  if module != '__gin__':
    try:
      user_modules.load(module)
    except ValueError as error:
      raise BindingError(f'{where}: {error}') from error


def _check_depth(value: Any, where: str) -> None:
  level = [value]
  for _ in range(_DEEPEST):
    lists = [part for part in level if isinstance(part, (list, tuple))]
    lists += [[*part, *part.values()] for part in level if type(part) is dict]
    level = [part for found in lists for part in found]
  if level:
    raise BindingError(_too_deep(where))


def _too_deep(where: str) -> str:
  return f'{where}: found lists nested over {_DEEPEST} deep; expected fewer'


def _place(parser: config_parser.ConfigParser, name: str) -> str:
  """Where it stands in the text `name`."""
  if name.startswith('--'):
    return name
  return f'{name}:{parser.current_token.start[0]}'


def _syntax_text(error: SyntaxError, name: str) -> str:
  problem = error.msg.splitlines()[-1].strip()  # Python's own part comes first
  if name.startswith('--'):
    return f'{name}: {problem} (a string needs quotes of its own)'
  return f'{name}:{error.lineno}: {problem} in {(error.text or "").strip()!r}'


def _key(statement: config_parser.BindingStatement) -> Key:
  """The key gin files the binding under; the text itself if it's unknown."""
  scope, selector, parameter = statement[:3]
  if not parameter:
    return (f'{scope}/{selector}' if scope else selector, MACRO, 'value')
  matches = gin_config._REGISTRY.matching_selectors(selector)
  return (scope, matches[0] if len(matches) == 1 else selector, parameter)


def _check_binding(statement, where: str) -> None:
  for reference in references(statement.value):
    if not reference.is_macro:
      name = reference.text[1:].removesuffix('()').rsplit('/', 1)[-1]
      _check_selector(name, f'{where}: in {reference}')
  if not statement.arg_name:
    return
  parts = f'{statement.selector}.{statement.arg_name}'.split('.')
  for old, new in successors.BINDINGS.items():
    if parts[-len(old.split('.')) :] == old.split('.'):
      raise BindingError(f'{where}: {old} is called {new} now')
  selector = _check_selector(statement.selector, where)
  known = configurables.parameters_of(selector)
  if statement.arg_name not in known:
    raise BindingError(
      f"{where}: '{statement.selector}' has no parameter "
      f"'{statement.arg_name}'"
      f'{did_you_mean(statement.arg_name, known)} (it has: '
      f'{", ".join(known) or "none"})'
    )


def _check_selector(selector: str, where: str) -> str:
  """The complete one. Raises BindingError of one that is none, or several."""
  registry = gin_config._REGISTRY
  matches = registry.matching_selectors(selector)
  if len(matches) > 1:
    raise BindingError(
      f"{where}: '{selector}' is ambiguous, write one of {sorted(matches)}"
    )
  if not matches:
    names = [full.rsplit('.', 1)[-1] for full, _ in registry.items()]
    raise BindingError(
      f"{where}: unknown configurable '{selector}'"
      f'{did_you_mean(selector.rsplit(".", 1)[-1], names)}'
    )
  return matches[0]


def check_macros(statements: Sequence[Statement]) -> None:
  """Raises BindingError if a value refers to a macro that none defines."""
  defined = [key[0] for key, _, _ in statements if key[1] == MACRO]
  for _, value, where in statements:
    for reference in references(value):
      name = reference.text[1:]
      if not reference.is_macro or name in defined:
        continue
      if not gin_config._CONSTANTS.matching_selectors(name):
        raise BindingError(
          f"{where}: macro '{reference}' is defined nowhere"
          f'{did_you_mean(name, defined)}'
        )


def references(value: Any) -> Iterator[Reference]:
  """All references in a value that `read_text` gave."""
  if isinstance(value, Reference):
    yield value
  elif isinstance(value, Mapping):
    for pair in value.items():
      yield from references(pair)
  elif isinstance(value, (list, tuple)):
    for element in value:
      yield from references(element)


def key_text(key: Key) -> str:
  """The binding as one would write it in a gin file."""
  scope, selector, parameter = key
  if selector == MACRO:
    return scope
  if selector in gin_config._REGISTRY:
    selector = gin_config._REGISTRY.minimal_selector(selector)
  return f'{scope}{"/" if scope else ""}{selector}.{parameter}'


def shorten(text: str) -> str:
  """The text, or of a long one its two ends."""
  return text if len(text) <= 160 else f'{text[:110]} ... {text[-30:]}'


def did_you_mean(name: str, known: Sequence[str]) -> str:
  """'; did you mean ...?' with the closest of `known`, '' if none is close."""
  matches = difflib.get_close_matches(name, sorted(set(known)))
  return f'; did you mean {" or ".join(matches)}?' if matches else ''
