import json
import re

import pytest

from tfirl.machine import installed
from tfirl.storage import file_lock
from tfirl.work_units import unit as unit_lib
from tfirl.work_units.unit import Status, UnitError


def test_a_unit_comes_back_as_it_was_written(make_unit):
  unit = make_unit('pass', label='x=1', env={'A': '2'})
  assert unit_lib.read_command(unit.path) == (unit, installed.code_version())
  assert unit.name == 'hopper/mm/0 x=1'


def test_status_of_a_new_unit(make_unit):
  assert unit_lib.read_status(make_unit('pass').path) == Status()


def test_running_without_a_process_is_queued(make_unit):
  unit = make_unit('pass')
  running = Status(state=unit_lib.RUNNING, attempts=2, host='lost')
  unit_lib.write_status(unit.path, running)
  status = unit_lib.read_status(unit.path)
  assert (status.state, status.attempts) == (unit_lib.QUEUED, 2)
  assert status.message == 'interrupted'
  with open(unit.path / unit_lib.LOCK_FILE, 'a+b') as lock:
    assert file_lock.try_lock(lock)
    assert unit_lib.read_status(unit.path) == running
    assert unit_lib.is_held(unit.path)
  assert not unit_lib.is_held(unit.path)


def test_a_unit_that_ends_while_it_is_looked_at_is_not_interrupted(
  make_unit, monkeypatch
):
  unit = make_unit('pass')
  unit_lib.write_status(unit.path, Status(state=unit_lib.RUNNING, attempts=1))
  done = Status(state=unit_lib.DONE, attempts=1, exit_code=0)

  def end(run_dir):
    unit_lib.write_status(run_dir, done)
    return False

  monkeypatch.setattr(unit_lib, 'is_held', end)
  assert unit_lib.read_status(unit.path) == done


@pytest.mark.parametrize('text', ['', '{', '[1]', '{"id": "a"}'])
def test_damaged_files_are_named(make_unit, text):
  unit = make_unit('pass')
  path = unit.path / unit_lib.COMMAND_FILE
  path.write_text(text)
  with pytest.raises(UnitError, match=str(path)):
    unit_lib.read_command(unit.path)
  path = unit.path / unit_lib.STATUS_FILE
  path.write_text('{"stat": 1}')
  with pytest.raises(UnitError, match=str(path)):
    unit_lib.read_status(unit.path)


@pytest.mark.parametrize(
  'file, name, value',
  [
    (unit_lib.COMMAND_FILE, 'argv', 'python -m tfirl.launch'),
    (unit_lib.COMMAND_FILE, 'steps', None),
    (unit_lib.COMMAND_FILE, 'env', ['A=2']),
    (unit_lib.STATUS_FILE, 'attempts', '2'),
    (unit_lib.STATUS_FILE, 'start', 1795993506.6),
    (unit_lib.STATUS_FILE, 'state', 'paused'),
  ],
)
def test_what_no_field_holds_is_named(make_unit, file, name, value):
  unit = make_unit('pass')
  unit_lib.write_status(unit.path, Status())
  path = unit.path / file
  values = json.loads(path.read_text())
  path.write_text(json.dumps(values | {name: value}))
  read = {
    unit_lib.COMMAND_FILE: unit_lib.read_command,
    unit_lib.STATUS_FILE: unit_lib.read_status,
  }[file]
  with pytest.raises(
    UnitError, match=re.escape(f'{path}: {name} is {value!r}')
  ):
    read(unit.path)


def test_command_json_holds_the_version(make_unit):
  unit = make_unit('pass')
  values = json.loads((unit.path / unit_lib.COMMAND_FILE).read_text())
  assert values['code_version'] == installed.code_version()
  assert values['id'] == 'abc'
