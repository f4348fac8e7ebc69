"""NumPy archives: written whole or not at all, and read without pickles."""

import io
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tfirl.storage import atomic_file


def write(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> None:
  """Writes `arrays`, or leaves an earlier file alone."""
  atomic_file.write_bytes(Path(path), to_bytes(arrays))


def to_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
  """What such a file holds."""
  file = io.BytesIO()
  np.savez(file, **arrays)
  return file.getvalue()


def read(
  file: str | os.PathLike | BinaryIO, what: str, name: str | None = None
) -> dict[str, np.ndarray]:
  """All arrays of an archive.

  Args:
    file: FILE.npz, or an open one.
    what: it is said to be, in errors: 'a policy'.
    name: what an open file is called in errors.

  Raises:
    FileNotFoundError: no such file.
    ValueError: it is damaged, or no archive.
  """
  path = name or file
  try:
    with np.load(file, allow_pickle=False) as archive:
      return {key: archive[key] for key in archive.files}
  except FileNotFoundError:
    raise FileNotFoundError(f'{path}: no such file; expected {what}') from None
  except (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    AttributeError,  # a bare .npy array has no `files`
    TypeError,
  ) as error:
    raise ValueError(
      f'{path}: found a file that is truncated, holds pickles or is no NumPy '
      f'archive ({error}); expected {what}'
    ) from error


def require(
  path: str | os.PathLike,
  arrays: Mapping[str, np.ndarray],
  shapes: Mapping[str, tuple[int, ...]],
  what: str,
) -> None:
  """Raises ValueError unless `arrays` has all of `shapes`.

  It names the file, the key, what was found and what was expected.
  """
  for key, expected in shapes.items():
    found = arrays[key].shape if key in arrays else 'nothing'
    if found != expected:
      raise ValueError(
        f'{path}: {key}: found {found}; expected shape {expected}, of {what}'
      )
