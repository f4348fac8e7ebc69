"""Reads run folders: ROOT/TASK/METHOD/SEED/metrics.csv."""

import csv
import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfirl.config import budget
from tfirl.report import texts
from tfirl.report.reading import bindings
from tfirl.storage import csv_file, last_policy, metadata_file, run_files
from tfirl.storage.last_policy import LastPolicy
from tfirl.work_units import unit as unit_lib

_FILE = run_files.METRICS
# What shows that a folder is a run, some even before its first evaluation.
_RUN_FILES = (_FILE, run_files.CONFIG, metadata_file.NAME)
_LARGEST = 1e300  # whose sums are still numbers
_REQUIRED = ('env_steps', 'updates', 'wall_s', 'eval_return_mean')


@dataclasses.dataclass(frozen=True)
class Run:
  """One seed of one algorithm on one task."""

  path: str  # the run folder
  task: str
  algorithm: str
  seed: str
  columns: Mapping[str, np.ndarray]  # name -> [T] float64, nan where blank
  config: Mapping[str, str] | None = None  # as `bindings.read` has it
  num_demos: int | None = None  # demonstrated episodes; None: none, or not said
  cut: str | None = (
    None  # what its budget was cut to, and from; None: it is full
  )
  # Mean returns of one with the trembling hand, None if not said.
  expert_return: float | None = None
  random_return: float | None = None
  demos_return: float | None = None  # mean of the demonstrated episodes
  last_policy: LastPolicy | None = None  # of many episodes; None: not said
  # Of tfirl, at each launch that had another: commits, or releases of wheels.
  versions: tuple[str, ...] = ()

  @property
  def is_offline(self) -> bool:
    """Whether no environment was ever stepped, as in bc."""
    columns = self.columns
    return not columns['env_steps'].any() and bool(columns['updates'].any())

  @property
  def has_policy(self) -> bool:
    """Whether there was one to evaluate; pretrain_dynamics has none."""
    episodes = self.columns.get('eval_episodes')
    return episodes is None or bool(episodes.any())

  @property
  def clock(self) -> np.ndarray:
    """What evaluations are ordered by, [T]: env steps, or updates if none.

    Not real steps: seeds whose cost rolls out are evaluated at the same env
    steps, but have then taken more or fewer in all.
    """
    return self.columns['updates' if self.is_offline else 'env_steps']

  @property
  def steps(self) -> np.ndarray:
    """What evaluations are shown over, [T]: real steps, or updates if none."""
    return self.columns['updates' if self.is_offline else 'real_steps']

  @property
  def has_success(self) -> bool:
    """Whether every evaluation says how often the goal was reached."""
    success = self.columns.get('eval_success')
    return success is not None and not np.isnan(success).any()


def read_runs(
  folders: Sequence[str], may_be_empty: bool = False
) -> tuple[list[Run], list[str]]:
  """Reads every run at or beneath `folders`.

  Args:
    folders: run folders or any ancestors of them.
    may_be_empty: whether a folder may hold no evaluation yet.

  Returns:
    Runs sorted by task, algorithm and seed; and notes, one for each run that
    was left out: it has no evaluation yet, or an error ended it before there
    was anything to go on from.

  Raises:
    FileNotFoundError: a folder is absent or holds no run with an evaluation.
    ValueError: a metrics.csv is damaged.
  """
  runs, notes = {}, []
  for folder in folders:
    paths = find(folder)
    found = {path: read_run(path) for path in paths}
    left_out = {path: _why_left_out(path, run) for path, run in found.items()}
    left_out = {path: why for path, why in left_out.items() if why}
    if len(left_out) == len(paths) and not may_be_empty:
      told = [f'; {path}: {why}' for path, why in left_out.items()][:3]
      raise FileNotFoundError(
        f'{folder}: found {len(left_out)} run folder(s), none with an '
        f'evaluation in its {_FILE}; expected '
        f'ROOT/TASK/METHOD/SEED/{_FILE} at or beneath it{"".join(told)}'
      )
    notes += [f'{path}: left out, {why}' for path, why in left_out.items()]
    runs.update({p: run for p, run in found.items() if p not in left_out})
  return sorted(runs.values(), key=order), notes


def _why_left_out(path: str, run: Run | None) -> str:
  """Why a run is none to be shown; '' if it is one."""
  if run is None:
    return 'it has no evaluation yet'
  names = run_files.ERROR, run_files.CONFIG
  has = [os.path.exists(os.path.join(path, name)) for name in names]
  if has == [True, False]:  # what could be mended is forgotten
    return 'an error ended it before its first checkpoint'
  return ''


def read_run(path: str) -> Run | None:
  """The run in `path`, None if it has no evaluation yet.

  Raises:
    ValueError: metrics.csv is damaged; names the line and the column. Or
      metadata.json or last_policy.json is.
  """
  file_path = os.path.join(path, _FILE)
  if not os.path.exists(file_path):
    return None
  names = path.split(os.sep)[-3:]
  if len(names) < 3 or not all(names):
    raise ValueError(f'{path}: expected a folder ROOT/TASK/METHOD/SEED')
  columns = _read_columns(file_path)
  if not len(columns['env_steps']):
    return None
  task, algorithm, seed = map(texts.name_of_folder, names)
  label = _label(path)
  name = f'{algorithm} {label}'.strip()
  config = bindings.read(path)
  run = Run(
    *(path, task, name, seed, columns, config),
    **_what_it_was_given(path),
    expert_return=bindings.number(config, 'Task.expert_return'),
    random_return=bindings.number(config, 'Task.random_return'),
    last_policy=last_policy.read(Path(path)),
  )
  backwards = np.flatnonzero(np.diff(run.clock) <= 0)
  if len(backwards):
    line = int(backwards[0]) + 3
    raise ValueError(
      f'{file_path}, line {line}: the clock goes from '
      f'{run.clock[line - 3]:.0f} to {run.clock[line - 2]:.0f}; expected it '
      'to grow from row to row'
    )
  return run


def find(folder: str, files: Sequence[str] = _RUN_FILES) -> list[str]:
  """Run folders at or beneath `folder`, by their true paths.

  Args:
    folder: a run folder or an ancestor of some.
    files: a folder with any of these is a run's.

  Raises FileNotFoundError if there is no such folder.
  """
  if not os.path.isdir(folder):
    raise FileNotFoundError(f'{folder}: not a folder; expected run folders')
  paths = []
  for parent, children, found in os.walk(os.path.realpath(folder)):
    if not set(files).isdisjoint(found):
      paths.append(parent)
      children.clear()  # nothing beneath a run is another run
  return paths


def _label(path: str) -> str:
  """What a sweep calls the run beside its algorithm; '' for most runs."""
  if not os.path.exists(os.path.join(path, unit_lib.COMMAND_FILE)):
    return ''
  return unit_lib.read_command(Path(path))[0].label


def _what_it_was_given(path: str) -> dict[str, Any]:
  """How many demonstrated episodes the run used, what they returned, what its
  budget was cut to, and by what it was made; without what its metadata doesn't
  say.
  """
  path = os.path.join(path, metadata_file.NAME)
  if not os.path.exists(path):
    return {}
  found = metadata_file.read(Path(path))
  demos = found.get('demonstrations', {})
  given, cut = found.get('budget', {}), None
  if given.get('cut_from'):
    unit = given['unit'].replace('_', ' ')
    cut = f'cut to {given["total"]:,} of {given["cut_from"]:,} {unit}'
  return {
    'num_demos': demos.get('num_episodes'),
    'demos_return': demos.get('mean_return'),
    'cut': cut,
    'versions': tuple(dict.fromkeys(map(_version, found.get('launches', [])))),
  }


def _version(launch: Mapping[str, Any]) -> str:
  """'e3367f1', '-dirty' behind it, or 'tfirl 0.2.0' of a wheel."""
  commit = launch.get('git_commit')
  if commit is None:
    return f'tfirl {launch.get("versions", {}).get("tfirl", "?")}'
  number, *dirty = commit.split('-')
  return '-'.join([number[:7], *dirty])


def _read_columns(path: str) -> dict[str, np.ndarray]:
  """All columns, [T] each; real_steps too where the file is older than it."""
  with open(path, newline='', encoding='utf-8', errors='replace') as file:
    reader = csv.reader(file)
    with csv_file.damage_named(path, reader):
      names, rows = _read_rows(path, reader)
  table = np.asarray(rows, np.float64).reshape(len(rows), len(names))
  return dict(zip(names, table.T, strict=True))


def _read_rows(path: str, reader) -> tuple[list[str], list[list[float]]]:
  """Names of the columns, and their numbers, row by row."""
  names = next(reader, [])
  missing = [name for name in _REQUIRED if name not in names]
  if missing:
    raise ValueError(
      f'{path}: no column {missing[0]!r}; found {names[:12]}; expected at '
      f'least {list(_REQUIRED)}'
    )
  rows = []
  for row in reader:
    where = f'{path}, line {reader.line_num}'
    if len(row) != len(names):
      raise ValueError(
        f'{where}: {len(row)} cells; expected {len(names)}, as in the first '
        'line'
      )
    cells = dict(zip(names, row, strict=True))
    required = {*_REQUIRED, 'real_steps'}
    if cells.get('eval_episodes') == '0':
      required.remove('eval_return_mean')
    numbers = {c[0]: _number(where, required, *c) for c in cells.items()}
    numbers['real_steps'] = budget.real_steps(cells)
    rows.append(list(numbers.values()))
  return list(dict.fromkeys([*names, 'real_steps'])), rows


def _number(where: str, required: set[str], name: str, text: str) -> float:
  """A cell's number; nan for a blank one of a column that may be blank."""
  try:
    value = float(text) if text else np.nan
  except ValueError:
    raise ValueError(
      f'{where}: {name} is {text!r}; expected a number'
    ) from None
  if name in required and not abs(value) <= _LARGEST:
    raise ValueError(f'{where}: {name} is {text!r}; expected a finite number')
  return value


def check_distinct(runs: Iterable[Run]) -> None:
  """Raises ValueError if two runs are the same task, algorithm and seed."""
  seen = {}
  for run in runs:
    key = (run.task, run.algorithm, run.seed)
    if key in seen:
      raise ValueError(
        f'{run.path} and {seen[key]} are the same task, algorithm and seed; '
        'expected each seed once, for seeds are taken as independent: name '
        'folders that hold it once, or give a sweep a --root_dir of its own'
      )
    seen[key] = run.path


def order(run: Run) -> tuple[str, str, int, str]:
  """What `read_runs` sorts by."""
  return run.task, run.algorithm, len(run.seed), run.seed
