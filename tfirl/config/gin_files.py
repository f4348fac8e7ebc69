"""Gin files: where they are found, and reading them before gin does.

Reading them first gives errors that name the line and what was probably meant,
and remembers where each binding stands. Names are looked up in gin's private
registry, for which gin has no public way; gin-config is pinned to 0.5.0.
"""

import contextlib
import difflib
import fnmatch
import importlib
import inspect
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gin import config as gin_config
from gin import config_parser

MACRO = 'gin.macro'
# Files of earlier versions, and what to read in their place; the first pattern
# that fits says it, `*` being the file's own name.
_REPLACED = {
  'scale/paper*.gin': 'paper/METHOD_TASK.gin, the published settings',
  'scale/*.gin': 'METHOD_TASK.gin alone: it is the recipe',
  'games/hyper_maze.gin': 'methods/hyper_maze.gin',
  'games/maze.gin': 'methods/METHOD_maze.gin',
  'games/model_free.gin': 'methods/game.gin',
  'algorithms/model_free*.gin': 'methods/mm.gin',
  'algorithms/maze_encoding.gin': 'agents/td3_bc.gin',
  'algorithms/sac.gin': 'agents/sac.gin',
  'algorithms/td3_bc.gin': 'agents/td3_bc.gin',
  'games/*.gin': 'methods/*, or on a maze methods/METHOD_maze.gin',
  'algorithms/*.gin': 'methods/*',
}
# Bindings of earlier versions, and what says the same now.
_RENAMED = {
  'run.task': 'Task.name',
  'suites.load.env_id': 'Task.env_id',
  'suites.load.env_kwargs': 'Task.env_kwargs',
  'suites.load.tremble_probability': 'Task.tremble_probability',
  'ModelEnv.is_healthy': 'Task.is_healthy',
  'DynamicsTrainer.cosine_epochs': (
    'DynamicsTrainer.cosine_half_period, in gradient steps,'
  ),
  'DynamicsTrainer.cosine_end': 'DynamicsTrainer.cosine_floor, a rate,',
  **{
    f'{loop}.{name}': f'WarmStart.{name}'
    for loop in ('ModelFree', 'ModelBased')
    for name in ('bc_steps', 'critic_steps', 'bc_scale')
  },
}
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


def find_file(name: str, search_path: Sequence[Path] | None = None) -> Path:
  """The gin file `name` in the working folder or the folders of `search_path`.

  Args:
    name: A path, relative to the working folder or to a folder searched.
    search_path: Folders searched after the working folder; tfirl's own
      gin files by default.

  Raises:
    FileNotFoundError: naming the folders searched and similar files there,
      or what replaced a file of an earlier version.
  """
  folders = [gin_folder()] if search_path is None else search_path
  for folder in ['', *folders]:
    path = Path(folder, name)
    if path.is_file():
      return path
  known = [
    str(path.relative_to(folder))
    for folder in map(Path, folders)
    for path in sorted(folder.rglob('*.gin'))
  ] + [path.name for path in sorted(Path().glob('*.gin'))]
  searched = ', '.join(str(folder) for folder in [Path.cwd(), *folders])
  hint = _replacement(name) or did_you_mean(name, known)
  raise FileNotFoundError(f"gin file '{name}' not found in {searched}{hint}")


def _replacement(name: str) -> str:
  """'; it was replaced by ...' for a file of an earlier version, or ''."""
  parts = Path(name).parts[-2:]
  for pattern, successor in _REPLACED.items():
    if fnmatch.fnmatchcase('/'.join(parts), pattern):
      return f'; it was replaced by {successor.replace("*", parts[-1])}'
  return ''


def read_file(
  path: str, folders: Sequence[Path], checks_names: bool = True
) -> list[Statement]:
  """Reads and checks the gin file `path`, as `read_text` does."""
  with open(path) as file:
    return read_text(file.read(), path, folders, checks_names)


def read_text(
  text: str,
  name: str,
  folders: Sequence[Path] | None,
  checks_names: bool = True,
) -> list[Statement]:
  """Reads the bindings of `text` and of the files it includes.

  Args:
    text: gin's language.
    name: What to call the text in errors: a path, or a flag `--...`.
    folders: Where included files are searched. None: neither follow includes
      nor imports, nor check names (an old config may name what no longer
      exists).
    checks_names: Whether all names must be known; those of layers above the
      caller's may not be.

  Raises:
    FileNotFoundError: an included file is missing.
    BindingError: gin can't read a line, or lines name something unknown.
  """
  result = []
  problems = Problems()
  try:
    for statement in config_parser.ConfigParser(text, _TextDelegate()):
      where = name
      if not name.startswith('--'):
        where = f'{name}:{statement.location.line_num}'
      with problems.collected():
        if isinstance(statement, config_parser.BindingStatement):
          if folders is not None and checks_names:
            _check_binding(statement, where)
          result.append((_key(statement), statement.value, where))
        elif isinstance(statement, config_parser.BlockDeclaration):
          if folders is not None and checks_names:
            _check_selector(statement.selector, where)
        elif folders is not None:
          result += _follow(statement, where, folders, checks_names)
  except SyntaxError as error:
    raise BindingError(_syntax_text(error, name)) from error
  except tokenize.TokenError as error:
    raise BindingError(f'{name}: {error.args[0]}') from error
  problems.tell()
  return result


def _follow(
  statement, where: str, folders: Sequence[Path], checks_names: bool
) -> list[Statement]:
  """Reads an included file, or imports a module as gin will do."""
  if isinstance(statement, config_parser.IncludeStatement):
    try:
      path = str(find_file(statement.filename, folders))
    except FileNotFoundError as error:
      raise FileNotFoundError(f'{where}: included {error}') from error
    return read_file(path, folders, checks_names)
  module = statement.module
  if statement.is_from:
    module = module.rsplit('.', 1)[0]
  if module != '__gin__':
    try:
      importlib.import_module(module)
    except ImportError as error:
      raise BindingError(f"{where}: can't import {module}: {error}") from error
  return []


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
  for old, new in _RENAMED.items():
    if parts[-len(old.split('.')) :] == old.split('.'):
      raise BindingError(f'{where}: {old} is called {new} now')
  configurable = _check_selector(statement.selector, where)
  known = _parameters(configurable)
  if statement.arg_name not in known:
    raise BindingError(
      f"{where}: '{statement.selector}' has no parameter "
      f"'{statement.arg_name}'"
      f'{did_you_mean(statement.arg_name, known)} (it has: '
      f'{", ".join(known) or "none"})'
    )


def _check_selector(selector: str, where: str) -> gin_config.Configurable:
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
  return registry[matches[0]]


def function_of(selector: str) -> Callable | None:
  """The function, or the constructor, that a complete selector names.

  None for a macro.
  """
  if selector == MACRO:
    return None
  return _function(gin_config._REGISTRY[selector])


def parameters_of(selector: str) -> list[str]:
  """The parameters of a complete selector that gin may bind."""
  return _parameters(gin_config._REGISTRY[selector])


def _function(configurable: gin_config.Configurable) -> Callable:
  function = configurable.wrapped
  if inspect.isclass(function):
    function = gin_config._find_class_construction_fn(function)
  return inspect.unwrap(function)


def _parameters(configurable: gin_config.Configurable) -> list[str]:
  """Named parameters that gin may bind; keys of **kwargs don't count."""
  spec = inspect.getfullargspec(_function(configurable))
  names = [n for n in spec.args + spec.kwonlyargs if n not in ('self', 'cls')]
  if configurable.allowlist:
    names = [name for name in names if name in configurable.allowlist]
  return [name for name in names if name not in (configurable.denylist or ())]


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
