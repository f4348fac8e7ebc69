"""No constructor is longer than a screen, its signature included."""

import ast

_MOST_LINES = 50


def test_constructors_fit_a_screen(root):
  found = {}
  for path in sorted((root / 'tfirl').rglob('*.py')):
    for node in ast.walk(ast.parse(path.read_text())):
      if isinstance(node, ast.FunctionDef) and node.name == '__init__':
        found[f'{path}:{node.lineno}'] = node.end_lineno - node.lineno + 1
  assert len(found) > 50
  assert {where: n for where, n in found.items() if n > _MOST_LINES} == {}
