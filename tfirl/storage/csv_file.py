"""CSV: what is read is not trusted."""

import contextlib
import csv
import os
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def damage_named(path: str | os.PathLike, reader: Any) -> Iterator[None]:
  """Tells of a file what `csv` does not: which one it is, and where.

  Args:
    path: of the file.
    reader: of `csv`, from which the block takes rows or names of columns.

  Raises:
    ValueError: a quote that is opened there and never closed, say, made a cell
      of the rest, larger than `csv` takes; names the file and the line.
  """
  try:
    yield
  except csv.Error as error:
    # A DictReader's own number is that of its last whole row.
    line = getattr(reader, 'reader', reader).line_num
    raise ValueError(
      f'{path}, line {line}: found a cell without an end ({error}); '
      'expected a table of numbers and names'
    ) from error
