"""Two raylets of one host, for tests that kill one of them."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pytest

_START_S = 180


class Cluster:
  """A head and a second node, each with one core, of this host.

  Attributes:
    address: HOST:PORT of the head.
    head, node: the `ray start` processes.
  """

  def __init__(self, folder, path=()):
    self._folder = folder
    # Its own home: `ray` keeps a token in the user's. `ray.init` of a test
    # before, in this process, would have it ask for that token.
    self.env = os.environ | {
      'HOME': str(folder),
      'RAY_AUTH_MODE': 'disabled',
      'RAY_USAGE_STATS_ENABLED': '0',
      # Else workers starve beside whatever else a busy machine does.
      'RAY_worker_niceness': '0',
      'PYTHONPATH': os.pathsep.join(map(os.path.abspath, [*path, *sys.path])),
    }
    self._started = []
    # Short, for the sockets in it: a path of more than 107 letters is too long.
    self._temp = tempfile.mkdtemp(prefix='ray_')
    port = free_port()
    self.address = f'127.0.0.1:{port}'
    try:
      self.head = self._start(
        *('--head', f'--port={port}'),
        f'--ray-client-server-port={free_port()}',
        *('--include-dashboard=false', f'--temp-dir={self._temp}'),
      )
      self.node = self.add_node()
    except BaseException:
      self.close()
      raise

  def add_node(self):
    """One more. Returns: its `ray start` process."""
    return self._start(f'--address={self.address}')

  def _start(self, *flags):
    """What docs/sweeps.md says, in the foreground; waits until it is up."""
    command = [sys.executable, '-m', 'ray.scripts.scripts', 'start', '--block']
    log = self._folder / f'ray{len(self._started)}.log'
    with open(log, 'w') as file:
      process = subprocess.Popen(
        [*command, '--num-cpus=1', *flags],
        env=self.env,
        stdout=file,
        stderr=subprocess.STDOUT,
        start_new_session=True,
      )
    self._started.append(process)
    deadline = time.monotonic() + _START_S
    while 'Ray runtime started' not in log.read_text():
      if process.poll() is not None or time.monotonic() > deadline:
        pytest.fail(f'no Ray after {_START_S} s: {log.read_text()}')
      time.sleep(0.1)
    return process

  def raylet(self, start):
    """The raylet's process number, of a `ray start` process."""
    (pid,) = [
      pid
      for pid, parent, command in processes()
      if parent == start.pid and command[0].endswith('/raylet')
    ]
    return pid

  def close(self):
    for process in self._started:
      process.terminate()
    for process in self._started:
      with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(30)
      with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    shutil.rmtree(self._temp, ignore_errors=True)


@contextlib.contextmanager
def cluster(folder, path=()):
  """A `Cluster` that is closed in the end; its processes import from `path`,
  too, and first.
  """
  with contextlib.closing(Cluster(folder, path)) as made:
    yield made


def processes():
  """(process, its parent, words of its command) of all processes."""
  found = []
  for folder in pathlib.Path('/proc').glob('[0-9]*'):
    try:
      command = (folder / 'cmdline').read_bytes().decode().split('\0')
      stat = (folder / 'stat').read_text().rpartition(')')[2].split()
    except OSError:
      continue
    found.append((int(folder.name), int(stat[1]), command))
  return found


def free_port():
  """That nobody listens on now."""
  with socket.socket() as server:
    server.bind(('127.0.0.1', 0))
    return server.getsockname()[1]
