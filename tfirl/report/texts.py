"""Names and numbers, however odd, for figures, tables and files."""

import hashlib
import math
import os
import re

_MOST_LETTERS = 48  # of a name in a figure
_MOST_BYTES = 180  # of a file's name, without what it ends with


def name_of_folder(name: str) -> str:
  """As it can be written anywhere: no bytes that are no text, no line ends."""
  text = os.fsencode(name).decode('utf-8', errors='replace')
  return ''.join(c if c.isprintable() else '\ufffd' for c in text)


def for_figure(text: str) -> str:
  """Else Matplotlib takes what stands between two dollars for a formula, and
  makes the curves as narrow as the name is long.
  """
  if len(text) > _MOST_LETTERS:
    text = f'{text[: _MOST_LETTERS - 1]}…'
  return text.replace('$', r'\$')


def for_markdown(text: str) -> str:
  """A cell of a table."""
  return ' '.join(text.replace('|', r'\|').split())


def for_file(name: str) -> str:
  """A file's name: of a path, or what is too long, a part and a digest."""
  encoded = os.fsencode(name)
  if '/' not in name and len(encoded) <= _MOST_BYTES:
    return name
  digest = hashlib.sha256(encoded).hexdigest()[:8]
  kept = re.sub(r'[^\w.-]+', '_', name, flags=re.ASCII)[: _MOST_BYTES - 9]
  return f'{kept}_{digest}'


def number(value: float, digits: int = 0) -> str:
  """With `digits` decimals; a small or huge one by its leading digits."""
  if math.isnan(value):
    return '–'
  size = abs(value)
  if size >= 1e12 or 0 < size < 10 and not digits and value != int(value):
    return f'{value:.3g}'
  return f'{value:,.{digits}f}'


def count(size: int, name: str) -> str:
  """'1 seed', '3 seeds'."""
  return f'{size} {name}{"" if size == 1 else "s"}'
