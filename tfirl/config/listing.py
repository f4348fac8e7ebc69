"""What can be trained: each METHOD_TASK.gin with its budget and its result.

Read as text, so that a list takes no TensorFlow: the modules that gin files
name are not imported, and names are not checked.
"""

import functools
import json
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tfirl.config import gin_files

MEASURED_FILE = 'measured.json'
_INCLUDE = re.compile(r"^include\s+['\"](.+)['\"]\s*$", re.MULTILINE)
_UNITS = ('real_steps', 'env_steps', 'updates')


class Measured(NamedTuple):
  """What runs of a recipe reached.

  Attributes:
    returns: for each seed, the mean of its last three evaluations.
    real_steps: that each took; None for a method without steps.
  """

  returns: Sequence[float]
  real_steps: int | None = None


class Pair(NamedTuple):
  """One METHOD_TASK.gin.

  Attributes:
    name: of the file, without `.gin`.
    unit: of its budget, 'real_steps' for one.
    total: how much of it.
    measured: None if it was not.
  """

  name: str
  unit: str
  total: int
  measured: Measured | None


def pairs(words: Sequence[str] = ()) -> list[Pair]:
  """All that come with tfirl and have all `words` in their names.

  Raises ValueError for a file that can't be read.
  """
  folder = gin_files.gin_folder()
  measured = read_measured(folder / MEASURED_FILE)
  found = []
  for path in sorted(folder.glob('*.gin')):
    if all(word.lower() in path.stem for word in words):
      unit, total = _budget(path, folder)
      found.append(Pair(path.stem, unit, total, measured.get(path.stem)))
  return found


def read_measured(path: Path) -> Mapping[str, Measured]:
  """The results in measured.json; {} if there is no such file."""
  if not path.is_file():
    return {}
  texts = json.loads(path.read_text())
  return {name: Measured(**values) for name, values in texts.items()}


def line(pair: Pair, width: int) -> str:
  """Name, budget and result.

  Args:
    pair: what it is.
    width: of the column of names.
  """
  budget, result = columns(pair)
  return f'{pair.name:<{width}}  {budget:>20}  {result}'


def columns(pair: Pair) -> tuple[str, str]:
  """Budget and result in words; '-' for one that was not measured."""
  return f'{pair.total:,} {pair.unit.replace("_", " ")}', _result(pair)


def _result(pair: Pair) -> str:
  if pair.measured is None:
    return '-'
  returns, steps = pair.measured
  text = _rounded(statistics.mean(returns), 4)
  if len(returns) > 1:
    std = _rounded(statistics.stdev(returns), 2)
    text += f' +- {std}, {len(returns)} seeds'
  if steps is not None and (pair.unit, pair.total) != ('real_steps', steps):
    text += f', at {steps:,} real steps'
  return text


def _rounded(value: float, digits: int) -> str:
  """To so many leading digits, without an exponent: 290, not 2.9e+02."""
  return f'{float(f"{value:.{digits}g}"):.12g}'


def _budget(path: Path, folder: Path) -> tuple[str, int]:
  bound = {}
  for (_, selector, parameter), value in _statements(path, folder):
    if selector.rpartition('.')[2] == 'run' and parameter in _UNITS:
      bound[parameter] = value
  given = {unit: total for unit, total in bound.items() if total is not None}
  if len(given) != 1:
    raise ValueError(f'{path}: found {given}; expected exactly one budget')
  ((unit, total),) = given.items()
  return unit, total


@functools.cache
def _statements(path: Path, folder: Path) -> list[tuple[gin_files.Key, object]]:
  """What the file binds, after what it includes: here they come first."""
  text = path.read_text()
  found = []
  for name in _INCLUDE.findall(text):
    found += _statements(gin_files.find_file(name, [folder]), folder)
  own = gin_files.read_text(text, str(path), None)
  return found + [(key, value) for key, value, _ in own]
