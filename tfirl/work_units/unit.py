"""A work unit and the files that tell of it, in the folder of its run.

`command.json` says what to call, `status.json` how far it is; both are written
whole or not at all.
"""

import dataclasses
import datetime
import json
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfirl.machine import installed
from tfirl.storage import atomic_file, file_lock

COMMAND_FILE, STATUS_FILE = 'command.json', 'status.json'
LOG_FILE, LOCK_FILE = 'log.txt', '.unit.lock'
_IN_JSON = {tuple: list, Mapping: dict}  # by what a field is
QUEUED, RUNNING, DONE, FAILED = 'queued', 'running', 'done', 'failed'


class UnitError(ValueError):
  """A unit's folder is damaged, in use, or belongs to something else."""


@dataclasses.dataclass(frozen=True)
class WorkUnit:
  """One run.

  Attributes:
    id: hash of the gin config and the seed; the same wherever it runs.
    argv: the command; its first word, `python`, stands for the interpreter of
      whoever runs it, as machines may keep theirs in different places.
    run_dir: absolute path of the run folder, ROOT/TASK/METHOD/SEED.
    env: added to the environment.
    cwd: where to run it: gin files may be named relative to it.
    steps: its budget.
    budget_unit: what that counts, the column of metrics.csv.
    label: the sweep's bindings of this unit, '' if it varies none.
    num_actors: cores it takes beside the learner's own.
  """

  id: str
  argv: tuple[str, ...]
  run_dir: str
  env: Mapping[str, str]
  cwd: str
  steps: int
  label: str = ''
  budget_unit: str = 'env_steps'  # of sweeps that don't say
  num_actors: int = 0

  @property
  def path(self) -> Path:
    """The run folder."""
    return Path(self.run_dir)

  @property
  def name(self) -> str:
    """What to call it in a table: TASK/METHOD/SEED and what it varies."""
    name = '/'.join(self.path.parts[-3:])
    return f'{name} {self.label}' if self.label else name


@dataclasses.dataclass(frozen=True)
class Status:
  """How far a unit is; times are UTC, in ISO format."""

  state: str = QUEUED
  exit_code: int | None = None
  host: str | None = None
  start: str | None = None  # of the latest attempt
  end: str | None = None
  attempts: int = 0
  message: str = ''


def write_command(unit: WorkUnit) -> None:
  """Writes command.json, with the version of this code."""
  unit.path.mkdir(parents=True, exist_ok=True)
  values = dataclasses.asdict(unit)
  values['code_version'] = installed.code_version()
  text = json.dumps(values, indent=2)
  atomic_file.write_text(unit.path / COMMAND_FILE, text + '\n')


def read_command(run_dir: Path) -> tuple[WorkUnit, str]:
  """The unit in `run_dir` and the version of the code that queued it.

  Raises UnitError if command.json is missing or damaged.
  """
  path = run_dir / COMMAND_FILE
  values = _read_json(path)
  try:
    version = values.pop('code_version')
    unit = WorkUnit(**values)
    _check_types(unit)
  except (KeyError, TypeError) as error:
    raise UnitError(
      f'{path}: {error}; expected the fields that a sweep writes'
    ) from error
  return dataclasses.replace(unit, argv=tuple(unit.argv)), version


def write_status(run_dir: Path, status: Status) -> None:
  """Writes status.json."""
  text = json.dumps(dataclasses.asdict(status), indent=2)
  atomic_file.write_text(run_dir / STATUS_FILE, text + '\n')


def read_status(run_dir: Path) -> Status:
  """The status in `run_dir`; that of a new unit if there is none.

  `running` without a process that holds the folder was interrupted (its
  machine failed, say): it counts as queued again.
  """
  status = _read_status(run_dir / STATUS_FILE)
  if status.state == RUNNING and not is_held(run_dir):
    # It may just have ended: its last word comes before it gives up the folder.
    status = _read_status(run_dir / STATUS_FILE)
    if status.state == RUNNING:
      return dataclasses.replace(
        status, state=QUEUED, message=status.message or 'interrupted'
      )
  return status


def _read_status(path: Path) -> Status:
  """What the file says; that of a new unit if there is none."""
  if not path.exists():
    return Status()
  try:
    status = Status(**_read_json(path))
    _check_types(status)
    if status.state not in (QUEUED, RUNNING, DONE, FAILED):
      raise TypeError(f'state is {status.state!r}')
  except TypeError as error:
    raise UnitError(
      f'{path}: {error}; expected the fields that a work unit writes'
    ) from error
  return status


def is_held(run_dir: Path) -> bool:
  """Whether a process of the unit in `run_dir` is alive."""
  return file_lock.is_held(run_dir / LOCK_FILE)


def now() -> str:
  """The time, UTC, in ISO format."""
  return datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds')


def _check_types(values: WorkUnit | Status) -> None:
  """Raises TypeError where what JSON held is not what its field is."""
  for name, hint in typing.get_type_hints(type(values)).items():
    value = getattr(values, name)
    kind = _IN_JSON.get(typing.get_origin(hint), hint)
    if not isinstance(value, kind):
      raise TypeError(f'{name} is {value!r}')


def _read_json(path: Path) -> dict[str, Any]:
  try:
    values = json.loads(path.read_text(encoding='utf-8'))
  except (OSError, ValueError) as error:
    raise UnitError(
      f'{path} is missing or damaged ({error}); expected a JSON object'
    ) from error
  if not isinstance(values, dict):
    raise UnitError(f'{path} holds {type(values)}; expected a JSON object')
  return values
