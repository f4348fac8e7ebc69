"""A table of comma-separated values, with a header, a row a step.

Columns NAME_0, NAME_1, ... (or NAME[0], NAME.0) are one array NAME [N, .], and
so are NAME0, NAME1, ... where none is missing and no column is NAME alone; any
is an array [N] by its own name. Those that are not asked for may hold
anything: dates, say, or nothing. A first one without a name that counts the
rows, as pandas writes it, is passed over.
"""

import collections
import csv
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from tfirl.demos.checking import check
from tfirl.demos.formats.containers import files
from tfirl.demos.formats.foreign import keyed
from tfirl.demos.raw import RawDemonstrations

_EXPECTED = 'comma-separated numbers with a header'
_BYTES_A_NUMBER = 2  # of text: a digit and a comma
_PART = re.compile(r'(?P<name>.+?)(?:_|\.|\[)(?P<number>\d+)\]?')
_BARE_PART = re.compile(r'(?P<name>.*\D)(?P<number>\d+)')
_BOOLS = {'true': '1', 'false': '0'}


def read_csv(
  path: str, keys: Mapping[str, str] | None = None
) -> RawDemonstrations:
  """Reads a table, actions in the environment's scale.

  Args:
    path: FILE.csv.
    keys: which columns are what, as in `keyed`: 'observations=x+v'. None
      for our own names.

  Raises FileNotFoundError, or DemonstrationError for what isn't such a table.
  """
  files.check_regular(path)
  num_bytes = os.path.getsize(path) // _BYTES_A_NUMBER * 8
  files.check_bytes(path, 'table', num_bytes)
  header, lines = _read_lines(path)
  groups, faults = _group(header)
  columns = {name: [i] for i, name in enumerate(header) if name} | groups
  asked = [p for theirs in (keys or {}).values() for p in theirs.split('+')]
  for name in asked or keyed.OURS:
    if name in faults:
      check(False, path, name, *faults[name])
  if keys is None:
    shapes = _shapes(groups, len(lines))
    keyed.require(path, shapes, ('observations', 'actions'))
    keyed.warn_of_near_names(path, list(shapes), keyed.OURS)
    keys = {key: key for key in keyed.OURS if key in groups}

  # Of a column that is something else, too, names would be no numbers.
  labels = keys.get('episodes')
  labels = labels if asked.count(labels) < 2 else None

  def read(*names):
    return {
      name: _numbers(path, name, lines, columns[name], name == labels)
      for name in names
    }

  return keyed.read_rows(path, _shapes(columns, len(lines)), read, keys)


def _shapes(columns: Mapping[str, Sequence[int]], num_rows: int):
  """Shapes of the arrays, by their names."""
  return {
    name: (num_rows,) if len(found) == 1 else (num_rows, len(found))
    for name, found in columns.items()
  }


def _read_lines(path: str) -> tuple[list[str], list[str]]:
  """Names of the columns, and the lines that are not blank."""
  with files.reading(path, _EXPECTED):
    with open(path, encoding='utf-8-sig', newline=None) as file:
      text = file.read()
    header, _, body = text.partition('\n')
    found = 'a last line without an end'
    check(text.endswith('\n'), path, 'table', found, 'one: is it cut off?')
    names = [name.strip().strip('"') for name in _cells(header)]
    lines = []
    for number, line in enumerate(body.split('\n'), 2):
      if line.strip():
        found = len(_cells(line))
        expected = f"{len(names)}, as in the table's header (line {number})"
        check(found == len(names), path, 'columns', found, expected)
        lines.append(line)
    check(len(lines) > 0, path, 'table', 'no rows', 'one or more')
  for name, times in collections.Counter(names).items():
    check(times == 1, path, repr(name), f'{times} columns', 'one')
    ok = name != '' or _is_counted(names, lines)
    expected = 'names, but of a first one that counts the rows from 0'
    check(ok, path, 'header', 'a column without a name', expected)
  return names, lines


def _is_counted(names: Sequence[str], lines: Sequence[str]) -> bool:
  """Whether the first column has no name, and the numbers of the rows."""
  return names[0] == '' and all(
    _cells(line)[0].strip() == str(row) for row, line in enumerate(lines)
  )


def _cells(line: str) -> list[str]:
  return next(csv.reader([line])) if '"' in line else line.split(',')


def _numbers(
  path: str,
  name: str,
  lines: Sequence[str],
  columns: Sequence[int],
  may_be_text: bool,
) -> np.ndarray:
  """Numbers of some columns: [N] of one, else [N, columns].

  One that `may_be_text`, and is, is numbered: alike where the text is.
  """
  try:
    table = np.loadtxt(
      _chosen(lines, columns), np.float64, comments=None, delimiter=',', ndmin=2
    )
    if table.size and table.shape[1] != len(columns):
      raise ValueError('a comma in it')
  except ValueError as error:
    if may_be_text and len(columns) == 1:
      return _numbered(path, name, lines, columns[0])
    check(False, path, name, f'a cell that is no number ({error})', _EXPECTED)
  num_empty = len(lines) - len(table)  # loadtxt passes over empty lines
  check(not num_empty, path, name, f'{num_empty} empty cells', _EXPECTED)
  return table[:, 0] if len(columns) == 1 else table


def _numbered(
  path: str, name: str, lines: Sequence[str], column: int
) -> np.ndarray:
  """A column's texts, each as the number of others before its first, [N]."""
  texts = [_cells(line)[column].strip() for line in lines]
  num_empty = texts.count('')
  check(not num_empty, path, name, f'{num_empty} empty cells', _EXPECTED)
  order = {text: i for i, text in enumerate(dict.fromkeys(texts))}
  return np.array([order[text] for text in texts])


def _chosen(lines: Sequence[str], columns: Sequence[int]) -> Iterator[str]:
  """The cells of some columns, true and false as 1 and 0."""
  for line in lines:
    cells = _cells(line)
    chosen = [cells[column].strip() for column in columns]
    yield ','.join(_BOOLS.get(cell.lower(), cell) for cell in chosen)


def _group(
  header: Sequence[str],
) -> tuple[dict[str, list[int]], dict[str, tuple[str, str]]]:
  """Arrays that the names tell, and those that they tell badly.

  Returns:
    Name of each array -> its columns, in the order of their numbers; name of
    each that is none -> what was found, and what is expected.
  """
  numbered = collections.defaultdict(list)
  groups = {}
  for column, name in enumerate(header):
    if not name:
      continue
    match = _PART.fullmatch(name)
    if match:
      numbered[match['name']].append((int(match['number']), column))
    else:
      groups[name] = [column]
  groups = _with_bare_parts(groups, numbered)
  faults = {}
  for name, found in numbered.items():
    found.sort()
    numbers = [number for number, _ in found]
    if _are_all(numbers):
      if name in groups:
        faults[name] = 'twice, alone and with numbers', 'each name once'
      else:
        groups[name] = [column for _, column in found]
    elif len(set(numbers)) < len(numbers):
      names = ', '.join(header[column] for _, column in found)
      faults[name] = f'a number twice in {names}', 'each once'
    else:
      faults[name] = f'columns {numbers}', '0, 1, ... without a gap'
  return groups, faults


def _with_bare_parts(
  columns: Mapping[str, list[int]], others: Collection[str]
) -> dict[str, list[int]]:
  """`columns`, of which x0, x1, ... are one, x, if no name is taken by that:
  none of these, and none of `others`. x and x2 may be two quantities.
  """
  parts = collections.defaultdict(list)
  for name, found in columns.items():
    match = _BARE_PART.fullmatch(name)
    if match:
      parts[match['name']].append((int(match['number']), name, found))
  grouped = dict(columns)
  for name, found in parts.items():
    found.sort()
    are_all = len(found) > 1 and _are_all([number for number, *_ in found])
    if are_all and name not in columns and name not in others:
      for _, part, _ in found:
        del grouped[part]
      grouped[name] = [column for *_, [column] in found]
  return grouped


def _are_all(numbers: list[int]) -> bool:
  """Whether they are 0, 1, ... or 1, 2, ..., in order and without a gap."""
  first = numbers[0]
  are_next = numbers == list(range(first, first + len(numbers)))
  return first in (0, 1) and are_next
