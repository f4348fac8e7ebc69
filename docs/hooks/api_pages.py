"""The Python reference: what `import tfirl` offers, and a page a room.

mkdocstrings reads what the pages name, from the source.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

_INDEX = """# Python

```python
import tfirl
```

What it offers. `import tfirl` alone brings no TensorFlow: each name is imported
when it is first asked for.

{names}

## Rooms

What stands behind them, for [methods of your own](../guides/own_method.md).
Names without an underscore; [how the house is laid](../contributing.md) says
which may import which.

| room | what it has |
|---|---|
{rooms}
"""
_NAME = """::: tfirl.api.{name}
    options: {{heading: tfirl.{name}, toc_label: {name}}}
"""
# Programs, and what the index itself shows.
_LEFT_OUT = {'__init__', '__main__', 'api', 'cli', 'evaluate', 'launch'}


def pages(root: Path) -> dict[str, str]:
  """Each page's Markdown, the index first.

  Args:
    root: of the checkout.
  """
  package = root / 'tfirl'
  rooms = {
    path.stem: _modules(path)
    for path in sorted(package.iterdir())
    if path.stem not in _LEFT_OUT
    and (path.suffix == '.py' or (path / '__init__.py').is_file())
  }
  index = _INDEX.format(
    names='\n'.join(_NAME.format(name=name) for name in _offered(package)),
    rooms='\n'.join(_row(room, paths) for room, paths in rooms.items()),
  )
  return {
    'api/index.md': index,
    **{f'api/{r}.md': _page(r, p, root) for r, p in rooms.items()},
  }


def _offered(package: Path) -> list[str]:
  for statement in ast.parse((package / 'api.py').read_text()).body:
    if isinstance(statement, ast.Assign):
      if statement.targets[0].id == '__all__':
        return ast.literal_eval(statement.value)
  raise ValueError(f'{package / "api.py"} has no __all__; expected a list')


def _modules(path: Path) -> list[Path]:
  """Its modules that define something; the room itself, if it is one."""
  if path.is_file():
    return [path]
  return [file for file in sorted(path.rglob('*.py')) if _names(file)]


def _names(file: Path) -> list[str]:
  body = ast.parse(file.read_text(encoding='utf-8')).body
  kinds = ast.ClassDef, ast.FunctionDef
  names = [node.name for node in body if isinstance(node, kinds)]
  return [name for name in names if not name.startswith('_')]


def _row(room: str, paths: list[Path]) -> str:
  names = [name for path in paths for name in _names(path)]
  shown = ', '.join(f'`{name}`' for name in names if name[0].isupper())
  return f'| [`tfirl.{room}`]({room}.md) | {shown} |'


def _page(room: str, paths: list[Path], root: Path) -> str:
  return '\n'.join([f'# tfirl.{room}\n', *_directives(paths, root)])


def _directives(paths: list[Path], root: Path) -> Iterator[str]:
  for path in paths:
    parts = path.relative_to(root).with_suffix('').parts
    yield f'::: {".".join(parts)}\n'
