"""How errors are worded: what was found; expected what, without a full stop."""

import ast
import re


def _messages(path):
  """Line and text of each error that is raised; `{}` for values."""
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
      for argument in node.exc.args:
        parts = getattr(argument, 'values', [argument])
        texts = (getattr(part, 'value', '{}') for part in parts)
        yield (
          node.lineno,
          ''.join(t if isinstance(t, str) else '{}' for t in texts),
        )


def test_what_is_expected_stands_behind_a_semicolon(root):
  wrong = re.compile(r', expected |\bexpects\b|expected [^.]*[^.]\.$')
  found, number = [], 0
  for path in sorted((root / 'tfirl').rglob('*.py')):
    for line, text in _messages(path):
      number += 'expected' in text
      if wrong.search(text):
        found.append(f'{path}:{line}: {text}')
  assert number > 150 and found == []
