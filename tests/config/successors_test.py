"""Bindings of earlier versions: nobody is told to use one."""

import ast

from tfirl.config import successors


def _texts(path):
  """All that a module says, docstrings too."""
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
      yield node.value


def test_no_text_names_an_old_binding(root):
  found = {}
  for path in sorted((root / 'tfirl').rglob('*.py')):
    if path.name != 'successors.py':
      said = ' '.join(_texts(path))
      old = [name for name in successors.BINDINGS if name in said]
      found |= {str(path): old} if old else {}
  assert found == {}


def test_no_page_names_an_old_binding(root):
  pages = [root / 'README.md', root / 'CONTRIBUTING.md']
  pages += [*(root / 'docs').glob('*.md'), *(root / 'docs/guides').glob('*.md')]
  assert len(pages) > 10
  for page in pages:
    text = page.read_text()
    assert [name for name in successors.BINDINGS if name in text] == []
