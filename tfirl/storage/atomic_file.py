"""Writing a file whole or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def write_text(path: Path, text: str) -> None:
  """Writes the whole file or, on any error, leaves the old one alone."""
  write_bytes(path, text.encode('utf-8'))


def write_bytes(path: Path, data: bytes) -> None:
  """Likewise. Raises OSError as `opened`."""
  with opened(path) as file:
    file.write(data)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
  """A file to be written, which is `path` once the block has ended well.

  Raises:
    OSError: it could not be written (a full disk, say); names the file.
  """
  # A name of its own: two may write the same file at once, and two machines or
  # containers that share a folder give their processes the same number.
  token = secrets.token_hex(4)
  writing = path.with_name(f'.{path.name}.{token}.{os.getpid()}.tmp')
  try:
    with open(writing, 'wb') as file:
      yield file
      file.flush()
      os.fsync(file.fileno())
    os.replace(writing, path)
  except BaseException as error:
    with contextlib.suppress(OSError):  # of a disk that is read-only, say
      writing.unlink(missing_ok=True)
    if isinstance(error, OSError) and error.errno is not None:
      # Of a write it does not say where.
      raise OSError(error.errno, error.strerror, str(path)) from error
    raise


def remove_leftovers(folder: Path) -> None:
  """Removes what killed processes were about to write in `folder`."""
  for path in folder.glob('.*.tmp'):
    owner = path.name.split('.')[-2]
    # Another process may be writing its own files beside ours.
    if owner.isdigit() and not Path('/proc', owner).exists():
      path.unlink(missing_ok=True)
