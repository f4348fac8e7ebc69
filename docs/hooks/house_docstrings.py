"""tfirl's docstrings as griffe reads them.

Two habits of the house are its own: a section that is prose on the line of its
title (`Raises: ValueError if ...`), and an entry of several parameters
(`rate, decay: ...`).
"""

import re
from collections.abc import Iterator

import griffe

_PROSE = re.compile(
  r'^(?P<indent> *)(?P<title>Args|Attributes|Returns?|Raises|Yields|Source): +'
  r'(?P<text>\S.*)$'
)
_SHARED = re.compile(
  r'^(?P<indent> +)(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)+):(?P<text>.*)$'
)


class HouseDocstrings(griffe.Extension):
  """Rewrites each docstring once it is found."""

  def on_object(self, *, obj: griffe.Object, **kwargs) -> None:
    if obj.docstring is not None:
      obj.docstring.value = rewrite(obj.docstring.value)


def rewrite(text: str) -> str:
  """A docstring whose sections of prose are paragraphs, with an entry a name.

  Args:
    text: without the indentation of its first line.
  """
  lines = text.splitlines()
  written = []
  while lines:
    line = lines.pop(0)
    if match := _PROSE.match(line):
      prose = [match['text'], *_taken(lines, f'{match["indent"]} ')]
      written += [f'{match["indent"]}**{match["title"]}:** {" ".join(prose)}']
    elif match := _SHARED.match(line):
      said = match['text'], *_taken(lines, f'{match["indent"]} ')
      entry = ' '.join(part.strip() for part in said)
      names = match['names'].split(', ')
      written += [f'{match["indent"]}{name}: {entry}' for name in names]
    else:
      written.append(line)
  return '\n'.join(written)


def _taken(lines: list[str], indent: str) -> Iterator[str]:
  """Takes from the front of `lines` those that go on at `indent`."""
  while lines and lines[0].startswith(indent):
    yield lines.pop(0).strip()
