"""The gin reference: what can be bound, a page a room, and all gin files."""

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import links
from gin import config as gin_config
from repository_pages import fence

from tfirl import checks
from tfirl.config import (
  configurables,
  docstrings,
  explaining,
  gin_files,
  gin_types,
  listing,
  reach,
)
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's names

_INDEX = """# Gin reference

All that can be bound, by the part of tfirl that has it. What one run binds,
with the line that says so, is told by `tfirl show NAME`; how bindings are
given, by [the guide](../guides/settings.md).
"""
_FILES_TEXT = """
## Gin files

[`METHOD_TASK.gin`](files/METHOD_TASK.md) are the recipes: what `tfirl train
METHOD_TASK` reads. They include files of {folders}; `paper/` has the published
settings.
"""
FILES = 'gin/files/'  # where the pages of gin files are
_NO_SEARCH = '---\nsearch: {exclude: true}\n---\n\n'
_MANY = 3  # bindings; more are folded away
# Of a default that is no value.
_MUST = {'not bound': '; has to be bound', '': '; has no default'}
# (selector, parameter) -> (name, value), as gin files write them -> places.
_Bound = Mapping[tuple[str, str], Mapping[tuple[str, str], Sequence[str]]]


def pages() -> dict[str, str]:
  """Each page's Markdown, the index first."""
  rooms = {}
  for selector in _selectors():
    rooms.setdefault(_room(selector), []).append(selector)
  bound = _bound_by_files()
  made = {
    f'gin/{room}.md': _page(room, rooms[room], bound) for room in sorted(rooms)
  }
  files = _file_pages()
  index = [_INDEX, *_table(rooms), _FILES_TEXT.format(folders=_folders(files))]
  return {'gin/index.md': '\n'.join(index), **made, **files}


def _selectors() -> list[str]:
  """Of all that is tfirl's, or that tfirl gave gin, by module."""
  found = [name for name, _ in gin_config._REGISTRY.items()]
  return sorted(filter(reach.is_ours, found), key=_source)


def _wrapped(selector: str) -> Callable:
  """The function or class, without what gin laid around it."""
  return inspect.unwrap(gin_config._REGISTRY[selector].wrapped)


def _source(selector: str) -> tuple[str, str]:
  """The module that defines it, and its name there."""
  wrapped = _wrapped(selector)
  return wrapped.__module__, wrapped.__qualname__


def _room(selector: str) -> str:
  """'agents' of tfirl.agents.sac; what is not tfirl's own is an optimiser."""
  package, _, rest = _source(selector)[0].partition('.')
  return rest.split('.')[0] if package == 'tfirl' else 'optimizers'


def _bound_by_files() -> _Bound:
  """All bindings of tfirl's gin files, those that say the same as one."""
  folder = gin_files.gin_folder()
  bound = defaultdict(lambda: defaultdict(list))
  for path in sorted(folder.rglob('*.gin')):
    short = path.relative_to(folder).as_posix()
    text = path.read_text(encoding='utf-8')
    for key, value, where in gin_files.read_text(text, short, None):
      written = gin_files.key_text(key), repr(value)
      bound[key[1:]][written].append(where)
  return bound


def _name(selector: str) -> str:
  """As gin files write it."""
  return gin_config._REGISTRY.minimal_selector(selector)


def _table(rooms: Mapping[str, Sequence[str]]) -> Iterator[str]:
  yield '| room | configurables |\n|---|---|'
  for room in sorted(rooms):
    names = [f'[`{n}`]({room}.md#{n})' for n in map(_name, rooms[room])]
    yield f'| [{room}]({room}.md) | {", ".join(names)} |'


def _page(room: str, selectors: Sequence[str], bound: _Bound) -> str:
  entries = [_entry(selector, bound) for selector in selectors]
  return '\n'.join([f'# gin: {room}\n', *entries])


def _entry(selector: str, bound: _Bound) -> str:
  name, (module, path) = _name(selector), _source(selector)
  source = f'`{module}.{path}`'
  if module.startswith('tfirl.'):
    source = f'[{source}](../api/{_room(selector)}.md#{module})'
  lines = [
    f'## `{name}` {{ #{name} data-toc-label="{name}" }}\n',
    f'{docstrings.first_line(_wrapped(selector))} {source}\n',
  ]
  parameters = configurables.parameters_of(selector)
  lines += [_setting(selector, each, bound) for each in parameters]
  if not parameters:
    lines.append('It has no parameters that gin binds.\n')
  return '\n'.join(lines)


def _setting(selector: str, parameter: str, bound: _Bound) -> str:
  """A definition: name and default, then what it takes, is, and is bound to."""
  key = '', selector, parameter
  name, hint = gin_files.key_text(key), gin_types.hint_of(key)
  takes = '' if hint is inspect.Parameter.empty else checks.words_for(hint)
  default = explaining.default_text(key)
  shown = '' if default in _MUST else f' = {default}'
  doc = docstrings.of_parameter(_wrapped(selector), parameter)
  lines = [
    f'`#!gin {name}{shown}` {{ #{name} }}\n',
    f':   *{takes}{_MUST.get(default, "")}.* {doc[:1].upper()}{doc[1:]}\n',
  ]
  found = bound.get((selector, parameter), {})
  number = sum(map(len, found.values()))
  told = [_binding(*written, places) for written, places in found.items()]
  if 0 < number <= _MANY:
    lines.append(f'    Bound: {"; ".join(told)}.\n')
  elif told:
    lines.append(f'    ??? info "bound in {number} places"\n')
    lines += [f'        - {line}' for line in told]
    lines.append('')
  return '\n'.join(lines)


def _binding(name: str, value: str, places: Sequence[str]) -> str:
  """'`value` in file:line, file:line'; of a scope, the binding's whole name."""
  shown = []
  for place in places:
    path = place.rpartition(':')[0]
    shown.append(f'[{place}](../{links.of_gin_file(path)})')
  scoped = f'{name} = ' if '/' in name else ''
  return f'`#!gin {scoped}{value}` in {", ".join(shown)}'


def _file_pages() -> dict[str, str]:
  """A page a folder of gin_configs/, with its files as they stand there."""
  root = gin_files.gin_folder()
  found = {}
  for path in sorted(root.rglob('*.gin')):
    short = path.relative_to(root).as_posix()
    found.setdefault(links.of_gin_file(short).partition('#')[0], []).append(
      (short, path)
    )
  return {page: _file_page(files) for page, files in sorted(found.items())}


def _file_page(files: Sequence[tuple[str, Path]]) -> str:
  folder = files[0][0].rpartition('/')[0]
  head = f'{folder}/' if folder else 'METHOD_TASK.gin'
  lines = [f'{_NO_SEARCH}# {head}']
  lines += [] if folder else list(_recipes())
  for short, path in files:
    anchor = links.of_gin_file(short).partition('#')[2]
    title = short.rpartition('/')[2]
    lines.append(f'\n## {title} {{ #{anchor} }}\n')
    lines.append(fence(path.read_text(encoding='utf-8'), 'gin'))
  return '\n'.join(lines)


def _recipes() -> Iterator[str]:
  """What `tfirl list` prints, as a table."""
  yield '\nBudgets, and what runs reached: the mean of all seeds.\n'
  yield '| recipe | budget | measured |\n|---|---:|---|'
  for pair in listing.pairs():
    budget, measured = listing.columns(pair)
    yield f'| [{pair.name}](#{pair.name}) | {budget} | {measured} |'


def _folders(files: Mapping[str, str]) -> str:
  named = [Path(page).stem for page in files]
  return ', '.join(
    f'[`{name.replace("_", "/")}/`](files/{name}.md)'
    for name in named
    if name != 'METHOD_TASK'
  )
