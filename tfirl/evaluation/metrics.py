"""metrics.csv of a run folder, and the same numbers for TensorBoard."""

import contextlib
import csv
import io
import logging
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Union

from tfirl.config import budget
from tfirl.evaluation import board
from tfirl.storage import atomic_file, csv_file, run_files

Number = Union[int, float, None]

COLUMNS = (
  'real_steps',  # in all, actors' stale ones too; only evaluations are free
  'env_steps',  # steps of the training environment
  'rollout_steps',  # steps of the environment of the cost's rollouts
  'updates',  # gradient steps of the policy
  'wall_s',  # seconds since the run began, resumptions included
  'steps_per_s',  # real steps of training, evaluation left out; bc's updates
  'eval_return_mean',
  'eval_return_std',
  'eval_episodes',
  'eval_success',  # share of episodes in [0, 1]; blank without a goal
)
_CLOCK = ('real_steps', 'updates')  # orders the rows, so it must be there


def _format(value: Number) -> str:
  """Blank for None and NaN, all digits of a whole number, 8 of a fraction."""
  if value is None:
    return ''
  value = float(value)
  if value != value:
    return ''
  return str(int(value)) if value.is_integer() else f'{value:.8g}'


def _read(path: str) -> list[dict[str, str]]:
  """Rows of an earlier metrics.csv as text; ValueError if it isn't one.

  What a crash of the machine may leave is mended, and said: a file that is
  empty, and a last row that breaks off. One that was begun before real_steps
  was a column gets it.
  """
  with open(path, newline='', encoding='utf-8', errors='replace') as file:
    text = file.read()
  if not text.strip('\0\r\n '):
    logging.warning('%s is empty: its evaluations are lost', path)
    return []
  _check_quotes(path, text)
  reader = csv.DictReader(io.StringIO(text, newline=''))
  with csv_file.damage_named(path, reader):
    rows = list(reader)
  columns = tuple(reader.fieldnames or ())
  is_old = columns[: len(COLUMNS) - 1] == COLUMNS[1:]
  if not is_old and columns[: len(COLUMNS)] != COLUMNS:
    raise ValueError(
      f'{path}: first columns are {columns[: len(COLUMNS)]}; expected '
      f'{COLUMNS}. Remove the file to resume this run without its rows'
    )
  if rows and (_is_torn(rows[-1]) or not text.endswith('\n')):
    logging.warning(
      '%s, line %d breaks off: the row is left out', path, len(rows) + 1
    )
    rows.pop()
  for number, row in enumerate(rows, start=2):
    _check_row(f'{path}, line {number}', row, is_old)
    if is_old:
      row['real_steps'] = _format(budget.real_steps(row))
  return rows


def _check_quotes(path: str, text: str) -> None:
  """Raises ValueError of a quote in a whole row: numbers have none, and what
  one opens takes in all rows after it, as if they were the last, broken off.
  """
  for number, line in enumerate(text.split('\n')[1:-1], start=2):
    if '"' in line:
      raise ValueError(
        f'{path}, line {number}: found a quote; expected numbers. Remove the '
        'line to resume this run'
      )


def _is_torn(row: Mapping[str | None, str | None]) -> bool:
  return None in row.values() or None in row


def _check_row(where: str, row: Mapping[str, str], is_old: bool) -> None:
  if _is_torn(row):
    raise ValueError(
      f'{where}: more or fewer cells than columns. Remove the line to resume '
      'this run'
    )
  clock = COLUMNS[1:4] if is_old else _CLOCK
  for column, cell in row.items():
    try:
      value = float(cell) if cell or column in clock else 0.0
    except ValueError:
      value = None
    if value is None or (column in clock and not math.isfinite(value)):
      raise ValueError(
        f'{where}: {column} is {cell!r}; expected a number. Remove the line '
        'to resume this run'
      )


def tells_success(folder: str | os.PathLike) -> bool:
  """Whether any evaluation in the run folder's metrics.csv told of successes;
  False without one, and of one that can't be read.
  """
  path = os.path.join(folder, run_files.METRICS)
  with contextlib.suppress(OSError, csv.Error):
    with open(path, newline='', encoding='utf-8', errors='replace') as file:
      return any(row.get('eval_success') for row in csv.DictReader(file))
  return False


class MetricsLogger:
  """One row per evaluation, in FOLDER/metrics.csv and as TensorBoard scalars.

  The file is rewritten whole beside itself and renamed at each row: a reader,
  or a kill, never meets half a row. It has few rows, so this costs nothing.

  TensorBoard's x is real_steps, or updates where no environment is stepped
  (bc).

  Attributes:
    path: of metrics.csv.
    board: TensorBoard's file.
  """

  def __init__(
    self,
    folder: str,
    restored_real_steps: int | None = None,
    restored_updates: int | None = None,
  ):
    """Opens the log of a run that is new, or restored from a checkpoint.

    Args:
      folder: the run folder; made if absent.
      restored_real_steps: real steps of the checkpoint restored. Later rows
        are dropped, for they will be measured again. None: a new run, which
        drops every row of a run that never reached a checkpoint.
      restored_updates: same for updates; bc has no other clock.

    Raises:
      ValueError: a metrics.csv is there and isn't one of ours.
    """
    self.path = os.path.join(folder, run_files.METRICS)
    self._rows: list[dict[str, str]] = []
    os.makedirs(folder, exist_ok=True)
    is_restored = (restored_real_steps, restored_updates) != (None, None)
    if is_restored and not os.path.exists(self.path):
      logging.warning('%s is missing: its evaluations are lost', self.path)
    if os.path.exists(self.path):
      if is_restored:
        self._rows = [
          row
          for row in _read(self.path)
          if _at_most(row['real_steps'], restored_real_steps)
          and _at_most(row['updates'], restored_updates)
        ]
      self._write_file()
    self.board = board.Board(folder)

  @property
  def last_row(self) -> dict[str, float] | None:
    """Latest row as numbers, blanks left out; None before the first one."""
    if not self._rows:
      return None
    return {k: float(v) for k, v in self._rows[-1].items() if v}

  @property
  def tells_success(self) -> bool:
    """Whether the environment ever told of successes."""
    return any(row['eval_success'] for row in self._rows)

  def write(self, metrics: Mapping[str, Number]) -> None:
    """Adds a row; one at the last row's real_steps and updates replaces it.

    With the first row that has an eval_success, those above of whose episodes
    none told of one get 0.

    Args:
      metrics: all of `COLUMNS` and any others (losses, mix). None or NaN
        leaves the cell blank. A column that appears late is blank above.

    Raises:
      ValueError: one of `COLUMNS` is missing, real_steps or updates is blank,
        or real_steps runs backwards.
      OSError: either file could not be written (a full disk, say).
    """
    missing = [column for column in COLUMNS if column not in metrics]
    if missing:
      raise ValueError(
        f'{self.path}: the row lacks {missing}; expected {list(COLUMNS)} '
        f'(None leaves a cell blank), found {sorted(metrics)}'
      )
    row = {key: _format(value) for key, value in metrics.items()}
    if not all(row[name] for name in _CLOCK):
      raise ValueError(
        f'{self.path}: real_steps {metrics["real_steps"]}, updates '
        f'{metrics["updates"]}; expected numbers, for they order the rows'
      )
    clock = _clock(row)
    if self._rows:
      last = _clock(self._rows[-1])
      if clock[0] < last[0]:
        raise ValueError(
          f'{self.path}: a row at real_steps {clock[0]:.0f} after one at '
          f'{last[0]:.0f}; expected the clock to go forwards'
        )
      if clock == last:
        self._rows.pop()
    self._rows.append(row)
    if self.tells_success:
      self._fill_successes()
    self._write_file()
    self.show(metrics)

  def show(self, metrics: Mapping[str, Number]) -> None:
    """A point of TensorBoard's curves alone, between two rows.

    Args:
      metrics: real_steps, updates, and any others.

    Raises:
      OSError: the file could not be written (a full disk, say).
    """
    step = int(metrics['real_steps'] or metrics['updates'])
    self.board.scalars({_tag(k): v for k, v in metrics.items()}, step)

  def close(self) -> None:
    """Flushes and closes the TensorBoard file."""
    self.board.close()

  def _fill_successes(self) -> None:
    for row in self._rows:
      if not row['eval_success'] and float(row['eval_episodes'] or 0):
        row['eval_success'] = '0'

  def _write_file(self) -> None:
    columns = dict.fromkeys(COLUMNS)
    for row in self._rows:
      columns.update(dict.fromkeys(row))
    text = io.StringIO(newline='')
    writer = csv.DictWriter(
      text, list(columns), restval='', lineterminator='\n'
    )
    writer.writeheader()
    writer.writerows(self._rows)
    atomic_file.write_text(Path(self.path), text.getvalue())


def _clock(row: Mapping[str, str]) -> tuple[float, float]:
  real_steps, updates = (float(row[name]) for name in _CLOCK)
  return real_steps, updates


def _at_most(text: str, limit: int | None) -> bool:
  return limit is None or float(text) <= limit


def _tag(column: str) -> str:
  """TensorBoard groups by what stands before the slash."""
  if column.startswith('eval_'):
    return f'eval/{column.removeprefix("eval_")}'
  return f'{"clock" if column in COLUMNS else "train"}/{column}'
