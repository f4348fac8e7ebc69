"""A report as Markdown: README.md, and a page a task, for a repository."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tfirl.report import texts

_MARK = '<!-- written by tfirl report -->'  # ends each page, and is not seen


def readme(
  intro: str,
  tables: Sequence[str],
  figures: Sequence[str],
  tasks: Mapping[str, str],
  remarks: Sequence[str],
) -> str:
  """The page of all tasks.

  Args:
    intro: Markdown that it begins with.
    tables: Markdown.
    figures: files beside it.
    tasks: name of each -> file of its page.
    remarks: how to read it.
  """
  links = [
    f'[{_escaped(task)}]({_address(name)})' for task, name in tasks.items()
  ]
  parts = [
    intro.strip(),
    *tables,
    ' '.join(_picture(name) for name in figures),
    f'Curves, task by task: {", ".join(links)}.',
    *remarks,
  ]
  return _joined(parts)


def task(
  name: str,
  tables: Sequence[str],
  figures: Sequence[str],
  notes: Sequence[str],
) -> str:
  """The page of one task.

  Args:
    name: the task's.
    tables: Markdown.
    figures: files beside it.
    notes: on this task's runs.
  """
  parts = [
    f'# {_escaped(name)}',
    ' '.join(_picture(figure) for figure in figures),
    *tables,
    '\n'.join(f'- {_escaped(note)}' for note in notes),
    '[All tasks](README.md)',
  ]
  return _joined(parts)


def is_ours(path: Path) -> bool:
  """Whether the file is a page that a report wrote."""
  return path.is_file() and path.read_bytes().rstrip().endswith(_MARK.encode())


def _joined(parts: Sequence[str]) -> str:
  filled = [part.strip() for part in parts if part.strip()]
  return '\n\n'.join([*filled, _MARK]) + '\n'


def _picture(name: str) -> str:
  words = name.rsplit('.', 1)[0].replace('_', ' ')
  return f'![{_escaped(words)}]({_address(name)})'


def _escaped(text: str) -> str:
  """Of a name, what Markdown would read as its own."""
  marked = ''.join(f'\\{c}' if c in '\\`*_[]<>#' else c for c in text)
  return texts.for_markdown(marked)


def _address(name: str) -> str:
  """Between angle brackets a name may have blanks and parentheses."""
  if any(c in name for c in ' ()'):
    return f'<{name}>'
  return name
