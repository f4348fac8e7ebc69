"""An .npz of demonstrations, of which no more is read than is asked for."""

import zipfile

import numpy as np

from tfirl.demos.formats.containers import files, pickles
from tfirl.storage import npz_members

_EXPECTED = 'an .npz'


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
        self._members = npz_members.read_headers(self._zip, path)
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
    with files.reading(self.path, _EXPECTED):
      return npz_members.read(self._zip, self.path, members)
