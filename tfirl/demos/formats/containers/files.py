"""What holds of every file of demonstrations: nothing in it is trusted.

A file may be damaged, or made to do harm: to fill the memory, or to have
another file read.
"""

import contextlib
import os
import stat
from collections.abc import Iterator

from tfirl.demos.checking import DemonstrationError, check
from tfirl.machine import memory
from tfirl.storage import npz_members


def check_regular(path: str) -> None:
  """Raises unless `path` is a file: to open a pipe or a terminal may wait.

  Raises:
    FileNotFoundError: nothing is there.
    DemonstrationError: a folder, pipe, socket or device is; or it can't be
      looked at.
  """
  expected = 'a regular file'
  try:
    mode = os.stat(path).st_mode
  except FileNotFoundError:
    raise FileNotFoundError(f'{path}: no such demonstration file') from None
  except (OSError, ValueError) as error:
    check(False, path, 'file', error, expected)
  kinds = {
    stat.S_IFDIR: 'a folder',
    stat.S_IFIFO: 'a pipe',
    stat.S_IFSOCK: 'a socket',
  }
  found = kinds.get(stat.S_IFMT(mode), 'a device')
  check(stat.S_ISREG(mode), path, 'file', found, expected)


def check_bytes(path: str, key: str, num_bytes: int) -> None:
  """Raises DemonstrationError if they are more than one file may unpack to.

  Args:
    path, key: of what is about to be read.
    num_bytes: in memory.
  """
  ok, found, expected = memory.fits_one_file(num_bytes)
  check(ok, path, key, found, expected)


@contextlib.contextmanager
def reading(path: str, expected: str) -> Iterator[None]:
  """Says of whatever a library raises that the file is damaged.

  zipfile, h5py and the decompressors under them raise anything on bytes that
  are not what they should be: no list of types would be whole.

  Args:
    path: of the file that is read inside.
    expected: what should be there, 'an .npz' say.
  """
  try:
    yield
  except DemonstrationError:
    raise
  except npz_members.MemberError as error:  # it has said what is wrong
    raise DemonstrationError(str(error)) from error
  except Exception as error:
    raise DemonstrationError(
      f'{path}: found a file that is truncated, damaged or of another kind '
      f'({type(error).__name__}: {error}); expected {expected}'
    ) from error
