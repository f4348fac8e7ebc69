"""The members of an .npz, looked at before any of them is read.

Such a file may be damaged, or made to do harm: a few bytes of it may claim to
be terabytes, and be allocated before anybody has seen that they are not there.
"""

import dataclasses
import io
import math
import os
import zipfile
from collections.abc import Mapping

import numpy as np

from tfirl.machine import memory

_MOST_MEMBERS = 10_000  # each is opened, for its header
_LONGEST_HEADER = 2**16  # what says that it is 4 GiB long is not read so far
_HEADERS = {
  (1, 0): np.lib.format.read_array_header_1_0,
  (2, 0): np.lib.format.read_array_header_2_0,
}


class MemberError(ValueError):
  """Arrays are not as they claim, or too large: file, key, found, expected."""


@dataclasses.dataclass(frozen=True)
class Member:
  """An array as its header says that it is; not read yet."""

  name: str  # in the archive
  shape: tuple[int, ...]
  dtype: np.dtype

  @property
  def num_bytes(self) -> int:
    """What it takes in memory."""
    return math.prod(self.shape) * self.dtype.itemsize


def read_headers(
  archive: zipfile.ZipFile, path: str | os.PathLike
) -> dict[str, Member]:
  """Its arrays by their keys; what is no .npy is left out.

  Args:
    archive: open.
    path: of the archive, for errors.

  Raises:
    MemberError: a member is longer or shorter than its header claims, or there
      are too many, or two of one key.
    Others: whatever zipfile and NumPy raise on damage.
  """
  infos = archive.infolist()
  ok, most = len(infos) <= _MOST_MEMBERS, f'at most {_MOST_MEMBERS}'
  _check(ok, path, 'members', len(infos), most)
  members = {}
  for info in infos:
    key, dot, suffix = info.filename.rpartition('.')
    if (dot, suffix) != ('.', 'npy'):
      continue
    _check(key not in members, path, key, 'twice', 'each key once')
    members[key] = _read_header(archive, path, info, key)
  return members


def read(
  archive: zipfile.ZipFile,
  path: str | os.PathLike,
  members: Mapping[str, Member],
) -> dict[str, np.ndarray]:
  """Some of its arrays, by their keys; no others are unpacked.

  Args:
    archive, path: as of `read_headers`.
    members: of what that gave.

  Raises:
    MemberError: they take more memory than one file may.
    Others: whatever zipfile and NumPy raise on damage and on pickles.
  """
  total = sum(member.num_bytes for member in members.values())
  ok, found, expected = memory.fits_one_file(total)
  _check(ok, path, ', '.join(members), found, expected)
  return {key: _read(archive, member) for key, member in members.items()}


def _read_header(
  archive: zipfile.ZipFile,
  path: str | os.PathLike,
  info: zipfile.ZipInfo,
  key: str,
) -> Member:
  with archive.open(info) as file:
    start = io.BytesIO(file.read(_LONGEST_HEADER))
  version = np.lib.format.read_magic(start)
  known = version in _HEADERS
  _check(known, path, key, f'npy version {version}', list(_HEADERS))
  shape, _, dtype = _HEADERS[version](start)
  member = Member(info.filename, shape, dtype)
  ok = all(size >= 0 for size in shape) and (
    dtype.hasobject or start.tell() + member.num_bytes == info.file_size
  )
  found = f'{info.file_size} bytes for shape {shape} of {dtype}'
  _check(ok, path, key, found, 'as many as the shape has')
  return member


def _read(archive: zipfile.ZipFile, member: Member) -> np.ndarray:
  with archive.open(member.name) as file:
    array = np.lib.format.read_array(file, allow_pickle=False)
    file.read(1)  # at its end the checksum is compared
    return array


def _check(
  condition: bool, path: str | os.PathLike, key: str, found, expected
) -> None:
  if not condition:
    raise MemberError(f'{path}: {key}: found {found}; expected {expected}')
