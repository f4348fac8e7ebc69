"""The members of an .npz, looked at before any of them is read."""

import dataclasses
import math
import zipfile

import numpy as np

from tfirl.demos.checking import check
from tfirl.demos.formats.containers import files, pickles

_EXPECTED = 'an .npz'
_MOST_MEMBERS = 10_000  # each is opened, for its header
_HEADERS = {
  (1, 0): np.lib.format.read_array_header_1_0,
  (2, 0): np.lib.format.read_array_header_2_0,
}


@dataclasses.dataclass(frozen=True)
class _Member:
  name: str  # in the archive
  shape: tuple[int, ...]
  dtype: np.dtype

  @property
  def num_bytes(self) -> int:
    return math.prod(self.shape) * self.dtype.itemsize


class NpzArchive:
  """An .npz file whose arrays are read when they are asked for.

  A context manager.
  """

  def __init__(self, path: str):
    """Opens it and reads the headers of its arrays.

    Raises:
      FileNotFoundError: nothing is there.
      DemonstrationError: it is no .npz, or a damaged one.
    """
    files.check_regular(path)
    self.path = path
    with open(path, 'rb') as file:
      if file.read(1) == b'\x80':
        pickles.refuse(path, 'a pickle')
    with files.reading(path, _EXPECTED):
      self._zip = zipfile.ZipFile(path)
      try:
        self._members = self._read_headers()
      except BaseException:
        self._zip.close()
        raise

  def __enter__(self) -> 'NpzArchive':
    return self

  def __exit__(self, *unused_exception) -> None:
    self._zip.close()

  @property
  def shapes(self) -> dict[str, tuple[int, ...]]:
    """Shape of each array, by its key."""
    return {key: member.shape for key, member in self._members.items()}

  @property
  def texts(self) -> list[str]:
    """Keys of the scalars that are text."""
    return [
      key
      for key, member in self._members.items()
      if member.shape == () and member.dtype.kind in 'US'
    ]

  def read(self, *keys: str) -> dict[str, np.ndarray]:
    """Some of its arrays, by their keys; no others are unpacked.

    Raises:
      DemonstrationError: they are pickles, damaged, or too many.
    """
    members = {key: self._members[key] for key in keys}
    for key, member in members.items():
      if member.dtype.hasobject:
        pickles.refuse_member(self.path, key)
    total = sum(member.num_bytes for member in members.values())
    files.check_bytes(self.path, ', '.join(keys), total)
    with files.reading(self.path, _EXPECTED):
      return {key: self._read(member) for key, member in members.items()}

  def _read_headers(self) -> dict[str, _Member]:
    infos = self._zip.infolist()
    expected = f'at most {_MOST_MEMBERS}'
    ok = len(infos) <= _MOST_MEMBERS
    check(ok, self.path, 'members', len(infos), expected)
    members = {}
    for info in infos:
      key, dot, suffix = info.filename.rpartition('.')
      if (dot, suffix) != ('.', 'npy'):
        continue
      check(key not in members, self.path, key, 'twice', 'each key once')
      members[key] = self._read_header(info, key)
    return members

  def _read_header(self, info: zipfile.ZipInfo, key: str) -> _Member:
    with self._zip.open(info) as file:
      version = np.lib.format.read_magic(file)
      known = version in _HEADERS
      check(known, self.path, key, f'npy version {version}', list(_HEADERS))
      shape, _, dtype = _HEADERS[version](file)
      length = file.tell()
    member = _Member(info.filename, shape, dtype)
    ok = all(size >= 0 for size in shape) and (
      dtype.hasobject or length + member.num_bytes == info.file_size
    )
    found = f'{info.file_size} bytes for shape {shape} of {dtype}'
    check(ok, self.path, key, found, 'as many as the shape has')
    return member

  def _read(self, member: _Member) -> np.ndarray:
    with self._zip.open(member.name) as file:
      array = np.lib.format.read_array(file, allow_pickle=False)
      file.read(1)  # at its end the checksum is compared
      return array
