"""Pages of the site that are files of the checkout outside of docs/."""

import json
from pathlib import Path

# The file -> its page.
PLACES = {
  'README.md': 'index.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'examples/quickstart.ipynb': 'examples/quickstart.md',
  'examples/robot.py': 'examples/robot.md',
  'examples/sb3_on_learned_reward.py': 'examples/sb3_on_learned_reward.md',
}


def pages(root: Path) -> dict[str, str]:
  """Each page's Markdown.

  Raises:
    FileNotFoundError: a file of `PLACES` is gone.
  """
  return {page: _markdown(root / file) for file, page in PLACES.items()}


def _markdown(path: Path) -> str:
  text = path.read_text(encoding='utf-8')
  if path.suffix == '.ipynb':
    return '\n\n'.join(map(_cell, json.loads(text)['cells'])) + '\n'
  if path.suffix == '.py':
    file = f'{path.parent.name}/{path.name}'
    return f'# {file}\n\n{fence(text, "python")}'
  return text


def _cell(cell: dict) -> str:
  text = ''.join(cell['source'])
  return fence(text, 'python') if cell['cell_type'] == 'code' else text


def fence(text: str, language: str) -> str:
  """A block of code, whatever backticks are in it."""
  marks = '```'
  while marks in text:
    marks += '`'
  return f'{marks}{language}\n{text.rstrip()}\n{marks}\n'
