"""A table of comma-separated values, with a header, a row a step.

Columns NAME_0, NAME_1, ... (or NAME[0], NAME.0) are one array NAME [N, .];
any other is an array [N].
"""

import collections
import io
import os
import re
from collections.abc import Mapping

import numpy as np

from tfirl.demos.checking import check
from tfirl.demos.formats.containers import files
from tfirl.demos.formats.foreign import keyed
from tfirl.demos.raw import RawDemonstrations

_EXPECTED = 'comma-separated numbers with a header'
_BYTES_A_NUMBER = 2  # of text: a digit and a comma
_PART = re.compile(r'(?P<name>.+?)(?:_|\.|\[)(?P<number>\d+)\]?')
_BOOL = re.compile(r'(?<![^,\n])\s*(true|false)\s*(?![^,\n])', re.IGNORECASE)


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
  header, table = _read_table(path)
  arrays = {
    name: table[:, columns[0]] if len(columns) == 1 else table[:, columns]
    for name, columns in _group(path, header).items()
  }
  shapes = {name: values.shape for name, values in arrays.items()}
  if keys is None:
    keyed.require(path, shapes, ('observations', 'actions'))
    keyed.warn_of_near_names(path, list(shapes), keyed.OURS)
    keys = {key: key for key in keyed.OURS if key in arrays}
  return keyed.read_rows(path, shapes, lambda *names: arrays, keys)


def _read_table(path: str) -> tuple[list[str], np.ndarray]:
  """Header and numbers [N, columns]."""
  with files.reading(path, _EXPECTED):
    with open(path, encoding='utf-8-sig', newline=None) as file:
      text = file.read()
    header, newline, body = text.partition('\n')
    found = 'a last line without an end'
    check(text.endswith('\n'), path, 'table', found, 'one: is it cut off?')
    check(body.strip() != '', path, 'table', 'no rows', 'one or more')
    names = [name.strip().strip('"') for name in header.split(',')]
    body = _BOOL.sub(lambda match: str(int(match[1].lower() == 'true')), body)
    table = np.loadtxt(
      io.StringIO(body), np.float64, comments=None, delimiter=',', ndmin=2
    )
    found, expected = table.shape[1], f'{len(names)}, as in the header'
    check(found == len(names), path, 'columns', found, expected)
    return names, table


def _group(path: str, header: list[str]) -> dict[str, list[int]]:
  """Name of each array -> its columns, in the order of their numbers."""
  for name, times in collections.Counter(header).items():
    check(times == 1, path, repr(name), f'{times} columns', 'one')
    check(name != '', path, 'header', 'a column without a name', 'names')
  numbered: dict[str, dict[int, int]] = collections.defaultdict(dict)
  groups = {}
  for column, name in enumerate(header):
    match = _PART.fullmatch(name)
    if match:
      numbered[match['name']][int(match['number'])] = column
    else:
      groups[name] = [column]
  for name, found in numbered.items():
    numbers = sorted(found)
    first = numbers[0]
    ok = first in (0, 1) and numbers == list(range(first, first + len(numbers)))
    check(ok, path, name, f'columns {numbers}', '0, 1, ... without a gap')
    check(name not in groups, path, name, 'twice', 'each name once')
    groups[name] = [found[number] for number in numbers]
  return groups
