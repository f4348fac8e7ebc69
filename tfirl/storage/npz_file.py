"""NumPy archives: written whole or not at all; what is read is not trusted."""

import io
import json
import os
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tfirl.storage import atomic_file, npz_members


def write(
  path: str | os.PathLike,
  arrays: Mapping[str, np.ndarray],
  compressed: bool = False,
) -> None:
  """Writes `arrays`, or leaves an earlier file alone.

  Args:
    path: FILE.npz, in a folder that is there.
    arrays: by name.
    compressed: whether it is small rather than fast to write.

  Raises OSError as `atomic_file.opened`.
  """
  with atomic_file.opened(Path(path)) as file:
    _save(file, arrays, compressed)


def to_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
  """What such a file holds."""
  file = io.BytesIO()
  _save(file, arrays)
  return file.getvalue()


def _save(
  file: BinaryIO, arrays: Mapping[str, np.ndarray], compressed: bool = False
) -> None:
  """What `np.savez` does, which leaves an archive that it could not write, on a
  full disk, open: it then complains of the file that was closed, on stderr.
  """
  method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
  with zipfile.ZipFile(file, 'w', method) as archive:
    for name, values in arrays.items():
      with archive.open(f'{name}.npy', 'w', force_zip64=True) as member:
        array = np.asanyarray(values)
        np.lib.format.write_array(member, array, allow_pickle=False)


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
    ValueError: it is damaged, or no archive, or not as large as it claims.
  """
  path = name or file
  try:
    with zipfile.ZipFile(file) as archive:
      members = npz_members.read_headers(archive, path)
      return npz_members.read(archive, path, members)
  except FileNotFoundError:
    raise FileNotFoundError(f'{path}: no such file; expected {what}') from None
  except npz_members.MemberError as error:
    raise ValueError(f'{error}, of {what}') from error
  except Exception as error:  # damage shows as any of a dozen types
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


def require_numbers(
  path: str | os.PathLike,
  arrays: Mapping[str, np.ndarray],
  keys: Collection[str],
  what: str,
) -> None:
  """Raises ValueError unless `keys` hold finite real numbers, as `require`."""
  for key in keys:
    found = arrays[key]
    problem = ''
    if found.dtype.kind not in 'fiu':
      problem = f'of type {found.dtype}'
    elif not np.isfinite(found).all():
      problem = f'that are not finite, {found[~np.isfinite(found)][0]}'
    if problem:
      raise ValueError(
        f'{path}: {key}: found numbers {problem}; expected finite real '
        f'numbers, of {what}'
      )


def count_layers(
  path: str | os.PathLike, arrays: Mapping[str, np.ndarray], what: str
) -> int:
  """num_layers: of an MLP whose layers are kernel_0, bias_0, kernel_1, ....

  Raises ValueError, as `require`, if there are not so many.
  """
  require(path, arrays, {'num_layers': ()}, what)
  found, kernels = arrays['num_layers'], 0
  while f'kernel_{kernels}' in arrays:
    kernels += 1
  if found.dtype.kind not in 'iu' or not kernels or found != kernels:
    raise ValueError(
      f'{path}: num_layers: found {found}, and {kernels} kernels; expected '
      f'as many, 1 or more, of {what}'
    )
  return kernels


def metadata(
  path: str | os.PathLike, arrays: Mapping[str, np.ndarray], what: str
) -> dict[str, Any]:
  """The JSON object in `metadata`. Raises ValueError, as `require`."""
  require(path, arrays, {'metadata': ()}, what)
  text = str(arrays['metadata'])
  try:
    found = json.loads(text)
  except (ValueError, RecursionError):
    found = None
  if not isinstance(found, dict):
    raise ValueError(
      f'{path}: metadata: found {text[:60]!r}; expected a JSON object, of '
      f'{what}'
    )
  return found
