"""Demonstrations as a NumPy archive, this project's own format.

Keys, one row a transition: observations, actions (environment's scale),
next_observations, terminals, timeouts; qpos, qvel, goal, rewards, seed if
recorded. One row an episode: episode_returns (wins over rewards), if recorded.
Scalars: env_id, env_kwargs (JSON), `*_version`.
"""

import json
import os
import tempfile
from collections.abc import Mapping

import numpy as np

from tfirl.demos.border import RawDemonstrations
from tfirl.demos.checking import check
from tfirl.demos.formats.containers.npz_archive import NpzArchive
from tfirl.demos.formats.foreign import keyed, layouts

_COLUMNS = (
  'observations',
  'actions',
  'next_observations',
  'terminals',
  'timeouts',
  'qpos',
  'qvel',
  'goal',
  'rewards',
  'seed',
)
_REQUIRED = _COLUMNS[:5]
_OTHERS = ('env_id', 'env_kwargs', 'episode_returns')
_VERSION_SUFFIX = '_version'


def read_arrays(path: str) -> dict[str, np.ndarray]:
  """All arrays of an .npz; pickles are refused.

  Raises FileNotFoundError, or ValueError for a damaged file.
  """
  with NpzArchive(path) as archive:
    return archive.read(*archive.shapes)


def _scalar(path: str, arrays: dict[str, np.ndarray], key: str) -> str:
  """A string of the archive, '' if it isn't there."""
  if key not in arrays:
    return ''
  shape = arrays[key].shape
  check(shape == (), path, key, f'shape {shape}', 'a scalar')
  return str(arrays[key])


def _env_kwargs(path: str, arrays: dict[str, np.ndarray]) -> dict | None:
  """None if the archive doesn't say."""
  text = _scalar(path, arrays, 'env_kwargs')
  if not text:
    return None
  try:
    kwargs = json.loads(text)
  except json.JSONDecodeError:
    kwargs = None
  ok = isinstance(kwargs, dict)
  check(ok, path, 'env_kwargs', repr(text), 'a JSON object')
  return kwargs


def read_npz(
  path: str, keys: Mapping[str, str] | None = None
) -> RawDemonstrations:
  """Reads an archive, actions in the environment's scale.

  Args:
    path: FILE.npz of the keys above, of a layout that `layouts` knows, or of
      any other keys.
    keys: what they are, as in `keyed`; None for known ones.

  Raises FileNotFoundError, or DemonstrationError for what isn't such an
  archive.
  """
  with NpzArchive(path) as archive:
    shapes = archive.shapes
    if keys is not None:
      return keyed.read_rows(path, shapes, archive.read, keys)
    is_own = all(key in shapes for key in _REQUIRED)
    if not is_own and layouts.is_known(shapes):
      return layouts.read(path, shapes, archive.read)
    keyed.require(path, shapes, _REQUIRED)
    return _read_own(path, archive)


def _read_own(path: str, archive: NpzArchive) -> RawDemonstrations:
  columns = [key for key in _COLUMNS if key in archive.shapes]
  others = [
    key
    for key in archive.shapes
    if key in _OTHERS or key.endswith(_VERSION_SUFFIX)
  ]
  keyed.warn_of_near_names(path, list(archive.shapes), _COLUMNS + _OTHERS)
  arrays = archive.read(*columns, *others)
  return RawDemonstrations(
    source=path,
    columns={key: arrays[key] for key in columns},
    env_id=_scalar(path, arrays, 'env_id'),
    env_kwargs=_env_kwargs(path, arrays),
    versions={
      key.removesuffix(_VERSION_SUFFIX): _scalar(path, arrays, key)
      for key in others
      if key.endswith(_VERSION_SUFFIX)
    },
    episode_returns=arrays.get('episode_returns'),
  )


def write_atomically(path: str, arrays: dict[str, np.ndarray]) -> None:
  """Writes an .npz beside `path` and renames it: never half a file."""
  folder = os.path.dirname(os.path.abspath(path))
  os.makedirs(folder, exist_ok=True)
  handle, temporary = tempfile.mkstemp(suffix='.npz', dir=folder)
  try:
    with os.fdopen(handle, 'wb') as file:
      np.savez_compressed(file, **arrays)
    os.chmod(temporary, 0o644)  # mkstemp makes files for the owner alone
    os.replace(temporary, path)
  except BaseException:
    os.unlink(temporary)
    raise


def save_npz(raw: RawDemonstrations, path: str) -> None:
  """Writes `raw` under the keys above, as `read_npz` reads it back."""
  arrays = {key: raw.columns[key] for key in _COLUMNS if key in raw.columns}
  if raw.episode_returns is not None:
    arrays['episode_returns'] = raw.episode_returns
  arrays['env_id'] = np.array(raw.env_id)
  if raw.env_kwargs is not None:
    arrays['env_kwargs'] = np.array(json.dumps(dict(raw.env_kwargs)))
  for name, version in raw.versions.items():
    arrays[f'{name}{_VERSION_SUFFIX}'] = np.array(version)
  write_atomically(path, arrays)
