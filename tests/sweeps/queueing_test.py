"""Units in their folders, and what keeps them out of there."""

import json

import disks
import pytest

from tfirl.machine import installed
from tfirl.sweeps import queueing
from tfirl.work_units import unit as unit_lib
from tfirl.work_units.unit import Status, UnitError


@pytest.fixture
def units(tmp_path):
  """Two units that nothing has been done for."""
  return [
    unit_lib.WorkUnit(
      id=f'id{seed}',
      argv=('python', '-m', 'tfirl.launch', f'--seed={seed}'),
      run_dir=str(tmp_path / 'runs' / 'hopper' / 'mm' / str(seed)),
      env={},
      cwd=str(tmp_path),
      steps=10,
    )
    for seed in range(2)
  ]


def _change(unit, **fields):
  path = unit.path / unit_lib.COMMAND_FILE
  path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_new_units_are_queued(units):
  assert queueing.queue(units) == units
  for unit in units:
    assert unit_lib.read_command(unit.path)[0] == unit
    assert json.loads((unit.path / 'status.json').read_text())['state'] == (
      'queued'
    )


def test_done_units_are_skipped_and_failed_ones_are_not(units):
  queueing.queue(units)
  done = Status(state=unit_lib.DONE, attempts=1, exit_code=0)
  unit_lib.write_status(units[0].path, done)
  failed = Status(state=unit_lib.FAILED, attempts=2, exit_code=1)
  unit_lib.write_status(units[1].path, failed)
  assert queueing.queue(units) == units[1:]
  assert unit_lib.read_status(units[0].path) == done
  status = unit_lib.read_status(units[1].path)
  assert (status.state, status.attempts) == (unit_lib.QUEUED, 2)


def test_another_unit_in_the_folder(units):
  queueing.queue(units)
  _change(units[1], id='other', argv=['python', '--gin_bindings=x = 1'])
  assert queueing.queue(units)  # it had not begun: it gives way
  unit_lib.write_status(units[1].path, Status(attempts=1))
  _change(units[1], id='other', argv=['python', '--gin_bindings=x = 1'])
  with pytest.raises(UnitError) as error:
    queueing.queue(units)
  message = str(error.value)
  assert f'{units[1].path} holds unit other; expected id1' in message
  assert '--gin_bindings=x = 1' in message
  _change(units[1], argv=units[1].argv)
  with pytest.raises(UnitError, match='what is in its gin files'):
    queueing.queue(units)


def test_another_code_version_in_the_folder(units):
  queueing.queue(units)
  unit_lib.write_status(units[1].path, Status(attempts=1))
  _change(units[1], code_version='older')
  commands = [(unit.path / 'command.json').read_text() for unit in units]
  with pytest.raises(UnitError) as error:
    queueing.queue(units)
  message = str(error.value)
  assert f'{units[1].path} was begun by code version older' in message
  assert installed.code_version() in message
  # Nothing was changed, in the folders before it neither.
  assert commands == [
    (unit.path / 'command.json').read_text() for unit in units
  ]
  assert queueing.queue(units, accept_code_change=True) == units
  assert unit_lib.read_command(units[1].path)[1] == installed.code_version()


def test_read_only_disk(tmp_path):
  with disks.needed(tmp_path / 'disk', '64k', 'ro') as disk:
    with pytest.raises(OSError) as error:
      queueing.check_writable(str(disk / 'runs'))
  assert f'--root_dir={disk / "runs"}: ' in str(error.value)
  assert 'Read-only file system' in str(error.value)


def test_full_disk(tmp_path):
  with disks.needed(tmp_path / 'disk', '64k') as disk:
    queueing.check_writable(str(disk / 'runs'))
    disks.fill(disk)
    with pytest.raises(OSError) as error:
      queueing.check_writable(str(disk / 'runs'))
    (disk / 'filler').unlink()
    assert not list((disk / 'runs').iterdir())
  assert f'--root_dir={disk / "runs"}: ' in str(error.value)
  assert 'No space left' in str(error.value)


def test_a_file_where_the_folder_should_be(tmp_path):
  (tmp_path / 'runs').touch()
  with pytest.raises(OSError, match='--root_dir=.*runs: '):
    queueing.check_writable(str(tmp_path / 'runs'))
