"""Runs a work unit and sees to its end, whatever happens to its parent."""

import contextlib
import dataclasses
import functools
import os
import platform
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from tfirl.machine import installed, orphans, signals
from tfirl.storage import file_lock, run_files
from tfirl.work_units import unit as unit_lib
from tfirl.work_units.unit import Status, UnitError, WorkUnit

# Exit codes, as sysexits.h has them: the unit can't be run; it was stopped and
# can go on.
EXIT_UNUSABLE, EXIT_INTERRUPTED = 65, 75
_POLL_S = 0.2


class StopWatch:
  """Notices SIGTERM, SIGINT, SIGHUP and the death of the parent.

  Attributes:
    reason: Why to stop, '' as long as there is no reason.
  """

  def __init__(self, parent: int):
    """Begins to watch the process `parent`; main thread only."""
    self.reason = ''
    signals.catch(self._receive)
    self._parent = None
    try:
      # Unlike its number, its descriptor can't come to mean another process.
      self._parent = os.pidfd_open(parent)
    except ProcessLookupError:
      self.reason = f'the launcher, process {parent}, has ended'
    self._parent_pid = parent

  def wait(self, pidfd: int | None, timeout_s: float) -> bool:
    """Waits for a process to end; shorter if there is reason to stop.

    Args:
      pidfd: of the process; None only waits.
      timeout_s: at most this long.

    Returns: whether the process has ended.
    """
    poll = select.poll()
    for fd in (pidfd, None if self.reason else self._parent):
      if fd is not None:
        poll.register(fd, select.POLLIN)
    ready = [fd for fd, _ in poll.poll(timeout_s * 1000)]
    if self._parent in ready:
      self.reason = f'the launcher, process {self._parent_pid}, has ended'
    return pidfd in ready

  def _receive(self, number: int, unused_frame) -> None:
    self.reason = self.reason or f'received {signal.Signals(number).name}'


def supervise(
  run_dir: Path, parent: int, grace_s: float, lock_timeout_s: float
) -> int:
  """Runs the unit queued in `run_dir` unless it is done.

  Args:
    run_dir: The run folder, with command.json.
    parent: The process whose end is to be the unit's end too.
    grace_s: How long a unit may take from SIGTERM to its end.
    lock_timeout_s: How long to wait for another process of the same unit.

  Returns:
    0 if the unit is done, its exit code (128 + n for signal n) if it failed,
    EXIT_INTERRUPTED if it was stopped.

  Raises:
    UnitError: the unit can't be run; status.json says so too, unless another
      process has the unit.
  """
  watch = StopWatch(parent)
  unit, version = unit_lib.read_command(run_dir)
  with open(run_dir / unit_lib.LOCK_FILE, 'a+b') as lock:
    _wait_for_lock(lock, watch, lock_timeout_s)
    if watch.reason:
      return EXIT_INTERRUPTED
    status = unit_lib.read_status(run_dir)
    if status.state == unit_lib.DONE:
      return 0
    status = Status(
      state=unit_lib.RUNNING,
      host=platform.node(),
      start=unit_lib.now(),
      attempts=status.attempts + 1,
    )
    try:
      _check_version(run_dir, version)
      unit_lib.write_status(run_dir, status)
      code = _run(unit, lock, watch, grace_s, status.attempts)
    except (OSError, UnitError) as error:
      unit_lib.write_status(run_dir, _failed(status, None, str(error)))
      raise UnitError(f'{unit.name}: {error}') from error
    status = _ended(unit, status, code, watch.reason)
    unit_lib.write_status(run_dir, status)
  return _exit_code(status)


def _wait_for_lock(lock: BinaryIO, watch: StopWatch, timeout_s: float) -> None:
  """Returns without the lock only if there is reason to stop."""
  deadline = time.monotonic() + timeout_s
  while not file_lock.try_lock(lock):
    if watch.reason:
      return
    if time.monotonic() > deadline:
      lock.seek(0)
      owner = lock.read().decode(errors='replace') or 'unknown'
      raise UnitError(
        f'{lock.name} is held by another process ({owner}), after '
        f'{timeout_s:.0f} s still; expected no other launcher to run this unit'
      )
    watch.wait(None, _POLL_S)
  lock.truncate(0)
  lock.write(f'process {os.getpid()} on {platform.node()}'.encode())
  lock.flush()


def _check_version(run_dir: Path, version: str) -> None:
  if version != installed.code_version():
    raise UnitError(
      f'{run_dir / unit_lib.COMMAND_FILE} was written by code version '
      f'{version}; found {installed.code_version()} in {Path(__file__).parent} '
      f'on {platform.node()}; expected the same on every machine'
    )


def _run(
  unit: WorkUnit, lock: BinaryIO, watch: StopWatch, grace_s: float, attempt: int
) -> int:
  """Starts the command and waits for it. Returns: its exit code."""
  with open(unit.path / unit_lib.LOG_FILE, 'a', encoding='utf-8') as log:
    log.write(
      f'== attempt {attempt}, {unit_lib.now()} on {platform.node()}, '
      f'process {os.getpid()}\n'
    )
    log.flush()
    process = subprocess.Popen(
      [sys.executable, *unit.argv[1:]],
      stdin=subprocess.DEVNULL,
      stdout=log,
      stderr=subprocess.STDOUT,
      cwd=unit.cwd,
      env=os.environ | unit.env,
      start_new_session=True,  # and so a process group of its own
      # As long as any process of the unit lives, its folder is taken.
      pass_fds=[lock.fileno()],
      # So that SIGTERM reaches it if this process is killed.
      preexec_fn=functools.partial(
        orphans.end_with_parent, os.getpid(), signal.SIGTERM, EXIT_INTERRUPTED
      ),
    )
  pidfd = os.pidfd_open(process.pid)
  try:
    while not watch.reason and not watch.wait(pidfd, _POLL_S):
      pass
    if watch.reason:
      _signal_group(process, signal.SIGTERM)
      watch.wait(pidfd, grace_s)
    # Whatever is left of the group; the dead leader still holds its number.
    _signal_group(process, signal.SIGKILL)
  finally:
    os.close(pidfd)
  return process.wait()


def _signal_group(process: subprocess.Popen, number: int) -> None:
  with contextlib.suppress(ProcessLookupError):
    os.killpg(process.pid, number)


def _ended(unit: WorkUnit, status: Status, code: int, reason: str) -> Status:
  """The status after the command's end."""
  if code == 0 and (unit.path / run_files.COMPLETE).exists():
    return dataclasses.replace(
      status, state=unit_lib.DONE, exit_code=0, end=unit_lib.now()
    )
  if code == 0 or reason:
    return dataclasses.replace(
      status,
      state=unit_lib.QUEUED,
      exit_code=_shell_code(code),
      end=unit_lib.now(),
      message=f'interrupted: {reason or "the run was told to stop"}',
    )
  return _failed(status, code, _last_error(unit.path / unit_lib.LOG_FILE))


def _failed(status: Status, code: int | None, message: str) -> Status:
  return dataclasses.replace(
    status,
    state=unit_lib.FAILED,
    exit_code=EXIT_UNUSABLE if code is None else _shell_code(code),
    end=unit_lib.now(),
    message=message,
  )


def _shell_code(code: int) -> int:
  """As a shell says it: 128 + n for a process that signal n ended."""
  return 128 - code if code < 0 else code


def _exit_code(status: Status) -> int:
  if status.state == unit_lib.QUEUED:
    return EXIT_INTERRUPTED
  return status.exit_code


def _last_error(log: Path, num_bytes: int = 4000) -> str:
  """The last line `error: ...` of the log, else its last line."""
  with open(log, 'rb') as file:
    file.seek(max(0, log.stat().st_size - num_bytes))
    lines = file.read().decode(errors='replace').splitlines()
  lines = [line.strip() for line in lines if line.strip()]
  errors = [line for line in lines if line.startswith('error: ')]
  return (errors or lines or [''])[-1]
