"""Demonstrations as a NumPy archive, this project's own format.

Keys, one row a transition: observations, actions (environment's scale),
next_observations, terminals, timeouts; qpos, qvel, goal, rewards, seed if
recorded. One row an episode: episode_returns (wins over rewards), if recorded.
Scalars: env_id, env_kwargs (JSON), `*_version`.
"""

import json
import os
import tempfile
import zipfile
import zlib

import numpy as np

from tfirl.demos.border import RawDemonstrations
from tfirl.demos.checking import check, require_keys

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


def read_arrays(path: str) -> dict[str, np.ndarray]:
  """All arrays of an .npz; pickles are refused.

  Raises FileNotFoundError, or ValueError for a damaged file.
  """
  try:
    with np.load(path, allow_pickle=False) as archive:
      return {key: archive[key] for key in archive.files}
  except FileNotFoundError:
    raise FileNotFoundError(f'{path}: no such demonstration file') from None
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
      f'archive ({error}); expected an .npz'
    ) from error


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


def read_npz(path: str) -> RawDemonstrations:
  """Reads an archive of the keys above, actions in the environment's scale.

  Raises FileNotFoundError, or ValueError for what isn't such an archive.
  """
  arrays = read_arrays(path)
  require_keys(path, list(arrays), _REQUIRED)
  return RawDemonstrations(
    source=path,
    columns={key: arrays[key] for key in _COLUMNS if key in arrays},
    env_id=_scalar(path, arrays, 'env_id'),
    env_kwargs=_env_kwargs(path, arrays),
    versions={
      key.removesuffix('_version'): _scalar(path, arrays, key)
      for key in arrays
      if key.endswith('_version')
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
    arrays[f'{name}_version'] = np.array(version)
  write_atomically(path, arrays)
