"""Real supervisors of tiny programs: how each kind of end is told."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tfirl.machine import installed
from tfirl.work_units import supervisor
from tfirl.work_units import unit as unit_lib

_PATH = os.pathsep.join(map(os.path.abspath, sys.path))
_TIMEOUT_S = 60
_COMPLETE = 'open({!r}, "w").close()\n'
# Goes on until it is told to stop; then it ends as a run does.
_STOPPABLE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print('ready', flush=True)
time.sleep(300)
"""
# Has a child that ignores SIGTERM, as it does itself.
_STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
print('ready', os.getpid(), flush=True)
time.sleep(300)
"""


def _start(unit, *flags, parent=None):
  return subprocess.Popen(
    [sys.executable, '-m', 'tfirl.work_units', unit.run_dir]
    + [f'--parent={parent or os.getpid()}', *flags],
    env=os.environ | {'PYTHONPATH': _PATH},
    stderr=subprocess.PIPE,
    text=True,
  )


def _finish(process):
  """Returns: exit code and stderr."""
  try:
    _, errors = process.communicate(timeout=_TIMEOUT_S)
  except subprocess.TimeoutExpired:
    process.kill()
    pytest.fail(f'the supervisor did not end in {_TIMEOUT_S} s')
  return process.returncode, errors


def _wait(condition, what):
  deadline = time.monotonic() + _TIMEOUT_S
  while not condition():
    assert time.monotonic() < deadline, f'{what}: not in {_TIMEOUT_S} s'
    time.sleep(0.02)


def _wait_ready(unit, count=1):
  log = unit.path / unit_lib.LOG_FILE
  _wait(lambda: log.exists() and log.read_text().count('ready') >= count, log)


def _complete(make_unit, code):
  """A unit that ends as a run with nothing left to do."""
  unit = make_unit('pass')
  return make_unit(_COMPLETE.format(str(unit.path / 'complete.json')) + code)


def test_done(make_unit):
  unit = _complete(make_unit, 'import os\nprint(os.environ["X"], os.getcwd())')
  unit = make_unit(unit.argv[2], env={'X': 'given'})
  assert _finish(_start(unit)) == (0, '')
  status = unit_lib.read_status(unit.path)
  assert (status.state, status.exit_code) == (unit_lib.DONE, 0)
  assert status.attempts == 1 and status.host == os.uname().nodename
  assert status.start <= status.end
  log = (unit.path / unit_lib.LOG_FILE).read_text()
  assert f'given {unit.cwd}' in log and log.startswith('== attempt 1')
  # A second time there is nothing to do.
  assert _finish(_start(unit)) == (0, '')
  assert unit_lib.read_status(unit.path) == status


def test_an_end_before_the_budget_is_no_failure_and_not_done(make_unit):
  unit = make_unit('pass')  # exit code 0, but no complete.json
  assert _finish(_start(unit))[0] == supervisor.EXIT_INTERRUPTED
  status = unit_lib.read_status(unit.path)
  assert (status.state, status.exit_code) == (unit_lib.QUEUED, 0)


@pytest.mark.parametrize(
  ('code', 'exit_code', 'message'),
  [
    ('import sys; sys.exit("error: a bad thing")', 1, 'error: a bad thing'),
    ('import os; os.kill(os.getpid(), 9)', 137, ''),
    ('print("last words"); raise SystemExit(7)', 7, 'last words'),
  ],
)
def test_failed(make_unit, code, exit_code, message):
  unit = make_unit(code)
  assert _finish(_start(unit))[0] == exit_code
  status = unit_lib.read_status(unit.path)
  assert (status.state, status.exit_code) == (unit_lib.FAILED, exit_code)
  assert message in status.message


def test_stopped_by_a_signal(make_unit):
  unit = make_unit(_STOPPABLE)
  process = _start(unit)
  _wait_ready(unit)
  assert unit_lib.read_status(unit.path).state == unit_lib.RUNNING
  process.terminate()
  assert _finish(process)[0] == supervisor.EXIT_INTERRUPTED
  status = unit_lib.read_status(unit.path)
  assert status.state == unit_lib.QUEUED
  assert status.message == 'interrupted: received SIGTERM'


def test_ends_with_its_parent(make_unit):
  unit = make_unit(_STOPPABLE)
  parent = subprocess.Popen(['sleep', '300'])
  process = _start(unit, parent=parent.pid)
  _wait_ready(unit)
  parent.kill()
  parent.wait()
  assert _finish(process)[0] == supervisor.EXIT_INTERRUPTED
  assert f'process {parent.pid}' in unit_lib.read_status(unit.path).message


def test_a_parent_that_is_gone_already(make_unit):
  unit = make_unit('print("ran")')
  parent = subprocess.Popen(['true'])
  parent.wait()
  process = _start(unit, parent=parent.pid)
  assert _finish(process)[0] == supervisor.EXIT_INTERRUPTED
  assert not (unit.path / unit_lib.LOG_FILE).exists()


def test_the_whole_group_ends_after_the_grace(make_unit):
  unit = make_unit(_STUBBORN)
  process = _start(unit, '--grace_s=0.5')
  _wait_ready(unit, count=2)
  process.terminate()
  assert _finish(process)[0] == supervisor.EXIT_INTERRUPTED
  assert unit_lib.read_status(unit.path).exit_code == 137
  pids = [
    int(line.split()[1])
    for line in (unit.path / unit_lib.LOG_FILE).read_text().splitlines()
    if line.startswith('ready')
  ]
  assert len(pids) == 2
  _wait(lambda: not any(map(_is_alive, pids)), f'the end of {pids}')


def _is_alive(pid):
  try:
    with open(f'/proc/{pid}/stat') as file:
      return file.read().rpartition(')')[2].split()[0] != 'Z'
  except FileNotFoundError:
    return False


def test_a_killed_supervisor_takes_the_unit_with_it(make_unit):
  unit = make_unit(_STOPPABLE)
  process = _start(unit)
  _wait_ready(unit)
  process.kill()
  _finish(process)
  _wait(lambda: not unit_lib.is_held(unit.path), 'the end of the unit')
  assert unit_lib.read_status(unit.path).state == unit_lib.QUEUED
  # The next attempt counts on.
  process = _start(unit)
  _wait_ready(unit, count=2)
  assert unit_lib.read_status(unit.path).attempts == 2
  process.send_signal(signal.SIGINT)
  assert _finish(process)[0] == supervisor.EXIT_INTERRUPTED


def test_waits_for_an_earlier_process_then_says_who_it_is(make_unit):
  unit = make_unit(_STOPPABLE)
  first = _start(unit)
  _wait_ready(unit)
  code, errors = _finish(_start(unit, '--lock_timeout_s=0.5'))
  assert code == supervisor.EXIT_UNUSABLE
  assert f'held by another process (process {first.pid} on ' in errors
  assert unit_lib.read_status(unit.path).state == unit_lib.RUNNING
  second = _start(unit)
  first.terminate()
  _finish(first)
  _wait_ready(unit, count=2)
  second.terminate()
  assert _finish(second)[0] == supervisor.EXIT_INTERRUPTED


def test_other_code_is_refused(make_unit):
  unit = make_unit('print("ran")')
  path = unit.path / unit_lib.COMMAND_FILE
  values = json.loads(path.read_text()) | {'code_version': 'other'}
  path.write_text(json.dumps(values))
  code, errors = _finish(_start(unit))
  assert code == supervisor.EXIT_UNUSABLE
  assert 'code version other' in errors and installed.code_version() in errors
  assert unit_lib.read_status(unit.path).state == unit_lib.FAILED
  assert not (unit.path / unit_lib.LOG_FILE).exists()


def test_a_folder_that_holds_no_unit(tmp_path):
  done = subprocess.run(
    [sys.executable, '-m', 'tfirl.work_units', str(tmp_path)],
    env=os.environ | {'PYTHONPATH': _PATH},
    capture_output=True,
    text=True,
    timeout=_TIMEOUT_S,
  )
  assert done.returncode == supervisor.EXIT_UNUSABLE
  assert done.stderr.startswith(
    f'error: {tmp_path / "command.json"} is missing'
  )
