"""Puts units into their folders, if nothing speaks against it."""

import dataclasses
import os
from collections.abc import Sequence

from tfirl.machine import installed
from tfirl.work_units import unit as unit_lib
from tfirl.work_units.unit import Status, UnitError, WorkUnit


def queue(
  units: Sequence[WorkUnit], accept_code_change: bool = False
) -> list[WorkUnit]:
  """Writes each unit's command.json and status.json, after checking them all.

  Args:
    units: the sweep.
    accept_code_change: let units go on that other code began.

  Returns:
    The units that are not done.

  Raises:
    UnitError: a folder holds another unit, or one of other code.
    OSError: a folder can't be written to.
  """
  statuses = [unit_lib.read_status(unit.path) for unit in units]
  for unit, status in zip(units, statuses, strict=True):
    _check_folder(unit, status, accept_code_change)
  for unit, status in zip(units, statuses, strict=True):
    unit_lib.write_command(unit)
    if status == Status() or status.state == unit_lib.FAILED:
      status = dataclasses.replace(status, state=unit_lib.QUEUED)
      unit_lib.write_status(unit.path, status)
  return [
    unit
    for unit, status in zip(units, statuses, strict=True)
    if status.state != unit_lib.DONE
  ]


def check_writable(root_dir: str) -> None:
  """Raises OSError, naming the flag, if no file can be written there."""
  probe = os.path.join(root_dir, f'.probe-{os.getpid()}')
  try:
    os.makedirs(root_dir, exist_ok=True)
    try:
      with open(probe, 'wb') as file:
        file.write(bytes(4096))
        file.flush()
        os.fsync(file.fileno())
    finally:
      if os.path.exists(probe):
        os.remove(probe)
  except OSError as error:
    raise OSError(
      f'--root_dir={root_dir}: {error}; expected a folder that can be written '
      'to, on a disk with room'
    ) from error


def _check_folder(
  unit: WorkUnit, status: Status, accept_code_change: bool
) -> None:
  if not status.attempts or not (unit.path / unit_lib.COMMAND_FILE).exists():
    return
  old, version = unit_lib.read_command(unit.path)
  if old.id != unit.id:
    changes = sorted(set(old.argv) ^ set(unit.argv)) or [
      'none of its flags, so what is in its gin files'
    ]
    raise UnitError(
      f'{unit.path} holds unit {old.id}; expected {unit.id}. What changed: '
      f'{"; ".join(changes)}. Give another --root_dir or remove the folder'
    )
  if version != installed.code_version() and not accept_code_change:
    raise UnitError(
      f'{unit.path} was begun by code version {version}; found '
      f'{installed.code_version()}; expected the same for all units of a '
      'folder. Give another --root_dir, or --accept_code_change to go on'
    )
