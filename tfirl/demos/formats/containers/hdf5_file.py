"""The datasets of an HDF5 file, looked at before any of them is read.

HDF5 may say that its numbers lie in another file (external storage, virtual
datasets, external links): whoever sends such a file would have one of ours
read.
"""

import math
import os

import h5py
import numpy as np

from tfirl.demos.checking import check
from tfirl.demos.formats.containers import files
from tfirl.machine import memory

_EXPECTED = 'an HDF5 file'
_INSIDE = 'numbers that lie in the file itself'
_MOST_OBJECTS = 200_000
_DEEPEST = 16
_ORDINARY_BYTES = 2**20  # of a chunk; HDF5 unpacks it whole
_LONGEST_NAME = 1000
_MOST_ROWS_AT_ONCE = 10_000

_LINKS = {
  h5py.h5l.TYPE_SOFT: 'soft link',
  h5py.h5l.TYPE_EXTERNAL: 'link to another file',
}


class Hdf5File:
  """An HDF5 file whose datasets are read when they are asked for.

  A context manager.
  """

  def __init__(self, path: str):
    """Opens it and lists what is in it.

    Raises:
      FileNotFoundError: nothing is there.
      DemonstrationError: it is no HDF5, a damaged one, or too nested.
    """
    files.check_regular(path)
    self.path = path
    self._datasets: dict[str, h5py.Dataset] = {}
    self._links: dict[str, str] = {}
    with files.reading(path, _EXPECTED):
      self._file = h5py.File(path, 'r')
      try:
        self._walk(self._file, '', 0)
        self.shapes = {k: v.shape or () for k, v in self._datasets.items()}
      except BaseException:
        self._file.close()
        raise

  def __enter__(self) -> 'Hdf5File':
    return self

  def __exit__(self, *unused_exception) -> None:
    self._file.close()

  def read(self, *names: str) -> dict[str, np.ndarray]:
    """Some of its datasets, by their full names; no others are touched.

    Raises:
      DemonstrationError: one is damaged, lies elsewhere, was never written, or
        they are too many numbers.
    """
    for name in names:
      found = f'a {self._links.get(name)}'
      check(name not in self._links, self.path, name, found, _INSIDE)
      self._check(name, self._datasets[name])
    total = sum(_num_bytes(self._datasets[name]) for name in names)
    files.check_bytes(self.path, ', '.join(names), total)
    with files.reading(self.path, _EXPECTED):
      return {name: self._datasets[name][()] for name in names}

  def is_text(self, name: str) -> bool:
    """Whether a dataset is of texts, of one length or of any."""
    with files.reading(self.path, _EXPECTED):
      dtype = self._datasets[name].dtype
      return dtype.kind == 'S' or bool(h5py.check_string_dtype(dtype))

  def number_texts(self, name: str) -> np.ndarray:
    """A dataset of texts, by numbers that are alike where those are.

    Raises:
      DemonstrationError: it is damaged, lies elsewhere, or is no names.
    """
    dataset, found = self._datasets[name], f'shape {self.shapes[name]}'
    self._check(name, dataset, holds_text=True)
    files.check_bytes(self.path, name, _num_bytes(dataset))
    check(dataset.ndim > 0, self.path, name, found, 'one a row')
    order: dict[bytes, int] = {}
    numbers = np.zeros(dataset.shape, np.int64)
    # A text of any length may be all of the file, and each row may be that one.
    size = os.path.getsize(self.path)
    block = min(max(1, memory.MOST_OF_A_FILE // size), _MOST_ROWS_AT_ONCE)
    for start in range(0, len(dataset), block):
      with files.reading(self.path, _EXPECTED):
        texts = dataset[start : start + block]
      for i, text in zip(np.ndindex(texts.shape), texts.flat, strict=True):
        ok = 0 < len(text) <= _LONGEST_NAME
        found = f'a text of {len(text)} bytes in row {start + i[0]}'
        expected = f'names, of 1 to {_LONGEST_NAME} bytes'
        check(ok, self.path, name, found, expected)
        numbers[(start + i[0], *i[1:])] = order.setdefault(text, len(order))
    return numbers

  def texts(self) -> dict[str, str]:
    """The file's own attributes that are text, by their names.

    Raises:
      DemonstrationError: one is damaged.
    """
    with files.reading(self.path, _EXPECTED):
      found = {}
      for name in self._file.attrs:
        how = self._file.attrs.get_id(name)
        if how.shape == () and how.dtype.kind in 'SO':
          value = self._file.attrs[name]
          if isinstance(value, bytes):
            value = value.decode(errors='replace')
          if isinstance(value, str):
            found[name] = str(value)
      return found

  def check_all(self) -> None:
    """`read` would take every dataset, and no link leads anywhere.

    For a library that is about to read the file by itself.
    """
    for name, kind in self._links.items():
      check(False, self.path, name, f'a {kind}', _INSIDE)
    for name, dataset in self._datasets.items():
      self._check(name, dataset, holds_text=True)
    total = sum(map(_num_bytes, self._datasets.values()))
    files.check_bytes(self.path, 'datasets', total)

  def _walk(self, group: h5py.Group, prefix: str, depth: int) -> None:
    expected = f'at most {_DEEPEST}'
    check(depth <= _DEEPEST, self.path, prefix, 'deeper groups', expected)
    for key in group:
      name = f'{prefix}{key}'
      # The low-level calls: data sets of thousands of episodes are looked at.
      kind = group.id.links.get_info(key.encode()).type
      if kind != h5py.h5l.TYPE_HARD:
        self._links[name] = _LINKS.get(kind, 'link of another kind')
        continue
      item = group[key]
      if isinstance(item, h5py.Group):
        self._walk(item, f'{name}/', depth + 1)
      elif isinstance(item, h5py.Dataset):
        self._datasets[name] = item
      total = len(self._datasets) + len(self._links)
      expected = f'at most {_MOST_OBJECTS}'
      check(total <= _MOST_OBJECTS, self.path, name, total, expected)

  def _check(
    self, name: str, dataset: h5py.Dataset, holds_text: bool = False
  ) -> None:
    """Raises DemonstrationError unless it holds numbers of its own."""
    with files.reading(self.path, _EXPECTED):
      dtype = dataset.dtype
      if dataset.shape is None:  # h5py.Empty
        check(holds_text, self.path, name, 'an empty dataset', 'numbers')
        return
      ok = dtype.kind in ('biufSUO' if holds_text else 'biuf')
      check(ok, self.path, name, f'dtype {dtype}', 'numbers')
      how = dataset.id.get_create_plist()
      layout = how.get_layout()
      is_elsewhere = layout == h5py.h5d.VIRTUAL or how.get_external_count() > 0
      check(not is_elsewhere, self.path, name, 'those of other files', _INSIDE)
      if dtype.kind == 'O':
        return
      chunks = how.get_chunk() if layout == h5py.h5d.CHUNKED else None
      num_bytes = math.prod(chunks or (0,)) * dtype.itemsize
      if num_bytes > _ORDINARY_BYTES:
        files.check_bytes(self.path, name, num_bytes)
      ok = _is_written(dataset, chunks)
      check(ok, self.path, name, 'gaps', 'numbers throughout')


def _num_bytes(dataset: h5py.Dataset) -> int:
  return math.prod(dataset.shape or (0,)) * dataset.dtype.itemsize


def _is_written(dataset: h5py.Dataset, chunks: tuple[int, ...] | None) -> bool:
  """Whether all of it is stored: what is not would be read as zeros."""
  num_bytes = _num_bytes(dataset)
  if chunks is None:
    return num_bytes == 0 or dataset.id.get_storage_size() >= num_bytes
  sizes = zip(dataset.shape, chunks, strict=True)
  expected = math.prod(-(-size // chunk) for size, chunk in sizes)
  return num_bytes == 0 or dataset.id.get_num_chunks() == expected
