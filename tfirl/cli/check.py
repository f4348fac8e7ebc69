"""`tfirl check`: whether this machine is fit, a line for each thing needed."""

import contextlib
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent import futures
from typing import NamedTuple, TextIO

from tfirl.cli import arguments, pins
from tfirl.config import argument_types

_OK, _WARNING, _FAILED = 'ok', '--', 'FAILED'
_TIMEOUT_S = 120
# In a process each, for they may hang or crash: module-level functions of
# `cli.probes`, whether a run needs them, and what to do if they fail.
_PROBES = {
  'tensorflow': (
    True,
    'it takes Python 3.11 on Linux x86-64, and the packages of setup.py',
  ),
  'reverb': (
    True,
    'runs keep their rows in a Reverb server on localhost: allow its sockets, '
    'and unset http_proxy and grpc_proxy',
  ),
  'renderer': (
    False,
    'runs train without videos; for them: apt-get install libegl1 libosmesa6, '
    'or set MUJOCO_GL to egl, osmesa or glfw',
  ),
  'ffmpeg': (False, 'runs train without videos; pip install imageio-ffmpeg'),
}


class Line(NamedTuple):
  """One thing looked at.

  Attributes:
    name: of it.
    is_fit: whether it is as it should be.
    text: what was found, and what to do if that is wrong.
    is_needed: whether nothing runs without it.
  """

  name: str
  is_fit: bool
  text: str
  is_needed: bool = True

  def __str__(self) -> str:
    wrong = _FAILED if self.is_needed else _WARNING
    return f'{_OK if self.is_fit else wrong:<7} {self.name:<11} {self.text}'


def main(argv: Sequence[str], name: str) -> int:
  """Prints the lines. Returns: 1 if something that is needed fails."""
  parser = arguments.make_parser(
    name,
    'Whether this machine is fit for tfirl. A line each: ok, FAILED (nothing '
    'runs without it) or -- (some things do not), with what to do about it.',
  )
  parser.add_argument(
    '--timeout',
    metavar='S',
    type=argument_types.seconds,
    default=_TIMEOUT_S,
    help=f'seconds that each part may take ({_TIMEOUT_S})',
  )
  args = parser.parse_args(argv)
  is_fit = True
  for line in _lines(args.timeout):
    print(line, flush=True)
    is_fit &= line.is_fit or not line.is_needed
  return 0 if is_fit else 1


def _lines(timeout_s: float):
  """Slow ones run meanwhile, two at a time."""
  with futures.ThreadPoolExecutor(2) as pool:
    waiting = [pool.submit(probe, name, timeout_s) for name in _PROBES]
    yield _python()
    yield _installed()
    yield _threads()
    yield from _folders()
    for result in waiting:
      yield result.result()


def probe(name: str, timeout_s: float) -> Line:
  """Runs a function of `cli.probes` in a process of its own.

  Args:
    name: of the function.
    timeout_s: after so many seconds it is killed.
  """
  is_needed, remedy = _PROBES[name]
  command = [sys.executable, '-m', 'tfirl.cli.probes', name]
  code, said, why = _run(command, timeout_s)
  if code == 0 and said:
    return Line(name, True, said, is_needed)
  if code is None:
    why = f'no answer within {timeout_s:g} s'
  elif not why:
    why = f'it ended with exit code {code}'
  return Line(name, False, f'{why}: {remedy}', is_needed)


def _run(
  command: Sequence[str], timeout_s: float
) -> tuple[int | None, str, str]:
  """The exit code, None if time ran out, and the last lines it wrote.

  Files and not pipes: what it may have started itself could hold a pipe open.
  """
  with tempfile.TemporaryFile('w+') as out, tempfile.TemporaryFile('w+') as err:
    process = subprocess.Popen(
      command,
      stdin=subprocess.DEVNULL,
      stdout=out,
      stderr=err,
      env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
      start_new_session=True,
    )
    code = None
    with contextlib.suppress(subprocess.TimeoutExpired):
      code = process.wait(timeout_s)
    with contextlib.suppress(ProcessLookupError):
      os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return code, _last_line(out), _last_line(err)


def _last_line(file: TextIO) -> str:
  file.seek(0)
  return ''.join(file.read().strip().splitlines()[-1:])


def _python() -> Line:
  found = f'Python {platform.python_version()} on {platform.system()} '
  found += platform.machine()
  is_fit = sys.version_info[:2] == (3, 11) and (
    platform.system(),
    platform.machine(),
  ) == ('Linux', 'x86_64')
  wanted = '' if is_fit else '; expected Python 3.11 on Linux x86_64'
  return Line('python', is_fit, f'{found}{wanted}')


def _installed() -> Line:
  wanted = pins.wanted()
  if not wanted:
    return Line(
      'packages', False, 'found no list of them: pip install -e . (tfirl)'
    )
  wrong = [text for pin in wanted if (text := pins.mismatch(pin))]
  if not wrong:
    return Line('packages', True, f'{len(wanted)} as setup.py pins them')
  return Line(
    'packages', False, f'{"; ".join(wrong)}: pip install {pins.command(wrong)}'
  )


def _threads() -> Line:
  from tfirl.machine import memory

  cores = len(os.sched_getaffinity(0))
  taken = os.environ.get('TF_NUM_INTRAOP_THREADS')
  said = f'{taken} (TF_NUM_INTRAOP_THREADS)' if taken else 'all of them'
  text = f'{os.cpu_count()} cores, {cores} for this process; a run takes {said}'
  available = memory.available_bytes()
  if available is not None:
    text += f'; {available / 2**30:.1f} GiB of memory free'
  return Line('threads', True, text)


def _folders():
  """What is kept for later runs; without them it is made anew."""
  from tfirl.demos.formats.d4rl import d4rl_files

  cache = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
  minari = os.environ.get('MINARI_DATASETS_PATH') or os.path.expanduser(
    '~/.minari/datasets'
  )
  for name, what, folder, variable in (
    ('models', 'pretrained models', f'{cache}/tfirl', 'XDG_CACHE_HOME'),
    ('minari', 'demonstrations', minari, 'MINARI_DATASETS_PATH'),
    ('d4rl', 'data sets', d4rl_files.cache_folder(), 'D4RL_DATASET_DIR'),
  ):
    text = f'{what} are kept in {folder}'
    is_fit = _is_writable(folder)
    if not is_fit:
      text += f', which is not writable: set {variable}'
    yield Line(name, is_fit, text, is_needed=False)


def _is_writable(folder: str) -> bool:
  """Whether `folder` is, or what it would be made in."""
  folder = os.path.abspath(folder)  # which ends at '/', that is there
  while not os.path.exists(folder):
    folder = os.path.dirname(folder)
  return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)
