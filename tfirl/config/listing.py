"""What can be trained: each METHOD_TASK.gin with its budget and its result.

A list takes no TensorFlow: the modules that gin files name are not imported,
and names are not checked.
"""

import json
import logging
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tfirl.config import budget, gin_files, gin_types

MEASURED_FILE = 'measured.json'


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
  """All that have all `words` in their names: tfirl's, and those of the working
  folder, which take the place of tfirl's as they do for a run.

  Files of the working folder that name no algorithm are to be laid over others
  or included, and are not shown; what can't be read there is warned of.

  Raises ValueError for a file of tfirl that can't be read.
  """
  folder = gin_files.gin_folder()
  measured = read_measured(folder / MEASURED_FILE)
  found = {}
  for path in folder.glob('*.gin'):
    if _has(path, words):
      result = measured.get(path.stem)
      found[path.stem] = _pair(path, _statements(path), result)
  for path in Path().glob('*.gin'):
    is_own = path.resolve() != (folder / path.name).resolve()
    if is_own and _has(path, words):
      try:
        statements = _statements(path)
        if any(_is_of_run(key, ['algorithm']) for key, _, _ in statements):
          found[path.stem] = _pair(path, statements)
      except (OSError, ValueError) as error:
        logging.warning('%s is not listed: %s', path, error)
  return [found[name] for name in sorted(found)]


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
  total, result = columns(pair)
  return f'{pair.name:<{width}}  {total:>20}  {result}'


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


def _has(path: Path, words: Sequence[str]) -> bool:
  return all(word.lower() in path.stem.lower() for word in words)


def _statements(path: Path) -> list[gin_files.Statement]:
  folders = [gin_files.gin_folder()]
  statements = gin_files.read_file(
    str(path), folders, checks_names=False, imports=False
  )
  return gin_types.without_macros(statements)


def _pair(
  path: Path,
  statements: Sequence[gin_files.Statement],
  measured: Measured | None = None,
) -> Pair:
  given = _budgets(statements)
  if len(given) != 1:
    raise ValueError(f'{path}: found {given}; expected exactly one budget')
  ((unit, total),) = given.items()
  return Pair(path.stem, unit, total, measured)


def _budgets(statements: Sequence[gin_files.Statement]) -> dict[str, int]:
  """What the file of these binds of `budget.UNITS`."""
  units = budget.UNITS
  bound = {k[2]: value for k, value, _ in statements if _is_of_run(k, units)}
  return {unit: total for unit, total in bound.items() if total is not None}


def _is_of_run(key: gin_files.Key, parameters: Sequence[str]) -> bool:
  _, selector, parameter = key
  return selector.rpartition('.')[2] == 'run' and parameter in parameters
