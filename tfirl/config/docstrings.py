"""What the docstrings of a function or class say of its parameters."""

import inspect
import re
from collections.abc import Callable, Iterator

_SECTION = re.compile(r'^(\s*)(Args|Attributes):\s*(.*)$')
_OTHER_SECTION = re.compile(r'^\s*(Returns?|Raises|Yields|Source):')
_ENTRY = re.compile(r'^(\*{0,2}\w+(?:, \*{0,2}\w+)*):(?:\s+(.*))?$')


def of_parameter(function: Callable, name: str) -> str:
  """What is said of the parameter `name`, on one line; '' if nothing is.

  Args:
    function: a function, or a class: its constructor and its own docstring are
      asked first, then those of its bases.
    name: of the parameter.
  """
  said = [
    parameters[name]
    for text in _docstrings(function)
    if name in (parameters := of_docstring(text))
  ]
  if not said:
    return ''
  if said[0].startswith('as above') and len(said) > 1:
    return said[1].rstrip('.') + said[0].removeprefix('as above')
  return said[0]


def summary(function: Callable) -> str:
  """All that the docstrings of a class or function say before their sections.

  What one searches, to find all parameters of what it is about.
  """
  texts = [_before_sections(text) for text in _docstrings(function)]
  return ' '.join(' '.join(texts).split())


def first_line(function: Callable) -> str:
  """The docstring's first sentence or line."""
  return (inspect.getdoc(function) or '').partition('\n')[0]


def of_docstring(text: str) -> dict[str, str]:
  """The entries of the sections Args and Attributes, each on one line.

  `rate, decay: ...` is of both. A section that is prose, and names parameters
  in `quotes`, gives each its clause.
  """
  found = {}
  for first, body in _sections(inspect.cleandoc(text)):
    for name, said in _entries(body):
      found.setdefault(name, said)
    if first:
      prose = ' '.join([first, *map(str.strip, body)])
      for name, said in _clauses(prose):
        found.setdefault(name, said)
  return found


def _docstrings(function: Callable) -> Iterator[str]:
  if not inspect.isclass(function):
    yield function.__doc__ or ''
    return
  for base in function.__mro__:
    if base.__module__.startswith('tfirl') or base is function:
      yield base.__dict__.get('__init__', base).__doc__ or ''
      yield base.__doc__ or ''


def _before_sections(text: str) -> str:
  lines = []
  for line in inspect.cleandoc(text).splitlines():
    if _SECTION.match(line) or _OTHER_SECTION.match(line):
      break
    lines.append(line)
  return '\n'.join(lines)


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
  """What follows `Args:` on its line, and the lines below that are its own."""
  lines = text.splitlines()
  for i, line in enumerate(lines):
    if match := _SECTION.match(line):
      indent, _, first = match.groups()
      body = []
      for other in lines[i + 1 :]:
        is_deeper = other.startswith(f'{indent} ') or not other.strip()
        if _OTHER_SECTION.match(other) or not (is_deeper or first):
          break
        if first and not other.strip():  # a paragraph of prose ends
          break
        body.append(other)
      yield first, body


def _entries(body: list[str]) -> Iterator[tuple[str, str]]:
  filled = [line for line in body if line.strip()]
  if not filled:
    return
  indent = len(filled[0]) - len(filled[0].lstrip())
  names, said = [], []
  for line in [*filled, ' ' * indent + 'end:']:
    match = _ENTRY.match(line.strip())
    if len(line) - len(line.lstrip()) <= indent and match:
      for name in names:
        yield name, ' '.join(said)
      names = [name.lstrip('*') for name in match[1].split(', ')]
      said = [match[2]] if match[2] else []
    else:
      said.append(line.strip())


def _clauses(prose: str) -> Iterator[tuple[str, str]]:
  for clause in re.split(r'; |\. ', prose):
    for name in re.findall(r'`(\w+)`', clause):
      yield name, clause.strip().rstrip('.')
