"""What is looked at of a Minari data set before Minari itself opens it.

Without spaces in its metadata Minari would make the environment that they name,
and gymnasium makes whatever they name, `os:system` for one.
"""

import json
import os

from tfirl.demos.checking import check
from tfirl.demos.formats.containers import files
from tfirl.demos.formats.containers.hdf5_file import Hdf5File

_NEEDED = ('observation_space', 'action_space')
_MOST_METADATA = 64 * 2**20


def check_metadata(source: str, folder: str) -> None:
  """Raises unless Minari can be let loose on the data set's metadata.

  Args:
    source: for messages.
    folder: of the data set, which is there.

  Raises:
    FileNotFoundError: there are none.
    DemonstrationError: they name no spaces, or no HDF5.
  """
  path = os.path.join(folder, 'data', 'metadata.json')
  files.check_regular(path)
  files.check_regular(numbers_path(folder))
  size = os.path.getsize(path)
  check(size <= _MOST_METADATA, source, 'metadata', f'{size} bytes', 'fewer')
  with files.reading(source, "Minari's metadata.json"):
    with open(path, encoding='utf-8') as file:
      metadata = json.load(file)
    for key in _NEEDED:
      found = type(metadata.get(key)).__name__
      check(found == 'str', source, key, found, 'a space, as text')
  kind = metadata.get('data_format')
  check(kind == 'hdf5', source, 'data_format', kind, "'hdf5'")


def numbers_path(folder: str) -> str:
  """The HDF5 file of the data set in `folder`."""
  return os.path.join(folder, 'data', 'main_data.hdf5')


def check_numbers(folder: str) -> None:
  """Raises DemonstrationError if they lie elsewhere, or are too many."""
  with Hdf5File(numbers_path(folder)) as file:
    file.check_all()
