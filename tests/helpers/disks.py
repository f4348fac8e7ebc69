"""Small file systems of their own, to be filled; root alone can mount them."""

import contextlib
import shutil
import subprocess

import pytest


@contextlib.contextmanager
def mounted(folder, size, *options):
  """A file system at the new `folder`; yields whether it could be mounted.

  Args:
    folder: where; made.
    size: as mount takes it, '4m'.
    options: more of mount's.
  """
  folder.mkdir()
  words = ','.join((f'size={size}', *options))
  is_there = shutil.which('mount') and not subprocess.call(
    ['mount', '-t', 'tmpfs', '-o', words, 'tmpfs', str(folder)],
    stderr=subprocess.DEVNULL,
  )
  try:
    yield bool(is_there)
  finally:
    if is_there:
      # Lazily: a failed test's traceback may hold a file open.
      subprocess.check_call(['umount', '--lazy', str(folder)])


@contextlib.contextmanager
def needed(folder, size, *options):
  """As `mounted`, but yields the folder, and skips where there is none."""
  with mounted(folder, size, *options) as is_there:
    if not is_there:
      pytest.skip('no file system can be mounted here (needs root)')
    yield folder


def fill(folder):
  """Leaves no byte free, by the file `filler`."""
  with contextlib.suppress(OSError), open(folder / 'filler', 'wb', 0) as file:
    while True:
      file.write(bytes(4096))
