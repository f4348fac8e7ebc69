"""The gin reference: what can be bound, a page a room, and all gin files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import links
from repository_pages import fence

from tfirl.config import gin_files, listing, reference
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


def pages() -> dict[str, str]:
  """Each page's Markdown, the index first."""
  rooms = {}
  for entry in reference.everything():
    rooms.setdefault(_room(entry), []).append(entry)
  made = {f'gin/{room}.md': _page(room, rooms[room]) for room in sorted(rooms)}
  files = _file_pages()
  index = [_INDEX, *_table(rooms), _FILES_TEXT.format(folders=_folders(files))]
  return {'gin/index.md': '\n'.join(index), **made, **files}


def _room(entry: reference.Configurable) -> str:
  """'agents' of tfirl.agents.sac; what is not tfirl's own is an optimiser."""
  package, _, rest = entry.module.partition('.')
  return rest.split('.')[0] if package == 'tfirl' else 'optimizers'


def _table(
  rooms: Mapping[str, Sequence[reference.Configurable]],
) -> Iterator[str]:
  yield '| room | configurables |\n|---|---|'
  for room in sorted(rooms):
    names = [f'[`{e.name}`]({room}.md#{e.name})' for e in rooms[room]]
    yield f'| [{room}]({room}.md) | {", ".join(names)} |'


def _page(room: str, entries: Sequence[reference.Configurable]) -> str:
  return '\n'.join([f'# gin: {room}\n', *map(_entry, entries)])


def _entry(entry: reference.Configurable) -> str:
  source = f'{entry.module}.{entry.path}'
  if entry.module.startswith('tfirl.'):
    room = entry.module.split('.')[1]
    source = f'[`{source}`](../api/{room}.md#{entry.module})'
  else:
    source = f'`{source}`'
  lines = [
    f'## `{entry.name}` {{ #{entry.name} data-toc-label="{entry.name}" }}\n',
    f'{entry.summary} {source}\n',
  ]
  lines += map(_setting, entry.settings)
  if not entry.settings:
    lines.append('It has no parameters that gin binds.\n')
  return '\n'.join(lines)


def _setting(setting: reference.Setting) -> str:
  """A definition: name and default, then what it takes, is, and is bound to."""
  default = f' = {setting.default}' if _has_default(setting) else ''
  number = sum(len(bound.places) for bound in setting.bound)
  bound = [_bound(bound) for bound in setting.bound]
  lines = [
    f'`#!gin {setting.name}{default}` {{ #{setting.name} }}\n',
    f':   *{setting.takes}{_must(setting)}.* {_sentence(setting.doc)}\n',
  ]
  if 0 < number <= _MANY:
    lines.append(f'    Bound: {"; ".join(bound)}.\n')
  elif bound:
    lines.append(f'    ??? info "bound in {number} places"\n')
    lines += [f'        - {line}' for line in bound]
    lines.append('')
  return '\n'.join(lines)


def _has_default(setting: reference.Setting) -> bool:
  return setting.default not in ('', 'not bound')


def _must(setting: reference.Setting) -> str:
  if setting.default == 'not bound':
    return '; has to be bound'
  return '' if setting.default else '; has no default'


def _sentence(text: str) -> str:
  return f'{text[:1].upper()}{text[1:]}'


def _bound(bound: reference.Bound) -> str:
  """'`value` in file:line, file:line'; of a scope, the binding's whole name."""
  shown = []
  for place in bound.places:
    path = place.rpartition(':')[0]
    shown.append(f'[{place}](../{links.of_gin_file(path)})')
  name = f'{bound.name} = ' if '/' in bound.name else ''
  return f'`#!gin {name}{bound.value}` in {", ".join(shown)}'


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
