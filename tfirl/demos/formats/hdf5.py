"""Which of HDF5's layouts a file has, and its reader."""

import dataclasses
import functools
import os
from collections.abc import Mapping

from tfirl.demos.formats import facts
from tfirl.demos.formats.containers import files, rehearsal
from tfirl.demos.formats.containers.hdf5_file import Hdf5File
from tfirl.demos.formats.d4rl import d4rl_reader
from tfirl.demos.formats.foreign import episode_groups, keyed
from tfirl.demos.raw import RawDemonstrations


def read_hdf5(
  path: str,
  env_id: str,
  observation_size: int | None = None,
  keys: Mapping[str, str] | None = None,
) -> RawDemonstrations:
  """Reads D4RL's layout, a group an episode (`episode_groups`), or `keys`.

  The file's attributes env_id, env_kwargs, wrappers (JSON) and `*_version` are
  facts.

  Args:
    path: FILE.hdf5.
    env_id, observation_size: as of `d4rl_reader.from_file`.
    keys: what the file's names are, as in `keyed`; None for known ones.

  Raises FileNotFoundError, or DemonstrationError for what isn't such a file.
  """
  files.check_regular(path)
  read = functools.partial(_read, path, env_id, observation_size, keys)
  rehearsal.rehearse(path, os.path.getsize(path), read)
  return read()


def _read(
  path: str,
  env_id: str,
  observation_size: int | None,
  keys: Mapping[str, str] | None,
) -> RawDemonstrations:
  with Hdf5File(path) as file:
    groups = episode_groups.find(file.shapes)
    groups = groups or episode_groups.find_named(path, file.shapes, keys)
    if groups:
      raw = episode_groups.read(path, file, groups, keys)
    elif keys is not None:
      raw = keyed.read_rows(path, file.shapes, _reader(file, keys), keys)
    else:
      raw = d4rl_reader.from_file(path, file, env_id, observation_size)
    return dataclasses.replace(raw, **facts.parse(path, file.texts()))


def _reader(file: Hdf5File, keys: Mapping[str, str]) -> keyed.Read:
  """Reads datasets, of `episodes` names as numbers."""
  labels = keys.get('episodes')

  def read(*names):
    found = [n for n in names if n == labels and file.is_text(n)]
    arrays = file.read(*(name for name in names if name not in found))
    return arrays | {name: file.number_texts(name) for name in found}

  return read
