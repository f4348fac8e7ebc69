"""Demonstrations as a NumPy archive, this project's own format.

Keys, one row a transition: observations, actions (environment's scale),
next_observations, terminals, timeouts; qpos, qvel, goal, rewards, seed, success
if recorded, as of `RawDemonstrations`. One row an episode: episode_returns, if
recorded, which win over rewards. Scalars: env_id, env_kwargs, wrappers (JSON)
and `*_version`.
"""

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfirl.demos.border import RawDemonstrations
from tfirl.demos.checking import check
from tfirl.demos.formats import facts
from tfirl.demos.formats.containers.npz_archive import NpzArchive
from tfirl.demos.formats.foreign import keyed, layouts
from tfirl.storage import npz_file

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
  'success',
)
_REQUIRED = _COLUMNS[:5]
_OTHERS = ('env_id', 'env_kwargs', 'wrappers', 'episode_returns')


def _scalar(path: str, arrays: dict[str, np.ndarray], key: str) -> str:
  """A string of the archive."""
  shape = arrays[key].shape
  check(shape == (), path, key, f'shape {shape}', 'a scalar')
  value = arrays[key].item()
  return value.decode(errors='replace') if type(value) is bytes else str(value)


def _facts(path: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
  texts = {key: _scalar(path, arrays, key) for key in arrays}
  return facts.parse(path, texts)


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
      raw = keyed.read_rows(path, shapes, archive.read, keys)
      # Others' arrays may be called so: a scalar of text is a fact.
      texts = archive.read(*filter(facts.is_fact, archive.texts))
      return dataclasses.replace(raw, **_facts(path, texts))
    is_own = all(key in shapes for key in _REQUIRED)
    if not is_own and layouts.is_known(shapes):
      return layouts.read(path, shapes, archive.read)
    keyed.require(path, shapes, _REQUIRED)
    return _read_own(path, archive)


def _read_own(path: str, archive: NpzArchive) -> RawDemonstrations:
  columns = [key for key in _COLUMNS if key in archive.shapes]
  about = [key for key in archive.shapes if facts.is_fact(key)]
  others = [key for key in _OTHERS if key in archive.shapes]
  keyed.warn_of_near_names(path, list(archive.shapes), _COLUMNS + _OTHERS)
  arrays = archive.read(*dict.fromkeys((*columns, *others, *about)))
  return RawDemonstrations(
    source=path,
    columns={key: arrays[key] for key in columns},
    episode_returns=arrays.get('episode_returns'),
    **_facts(path, {key: arrays[key] for key in about}),
  )


def save_npz(raw: RawDemonstrations, path: str) -> None:
  """Writes `raw` under the keys above, as `read_npz` reads it back; makes the
  folder.
  """
  arrays = {key: raw.columns[key] for key in _COLUMNS if key in raw.columns}
  if raw.episode_returns is not None:
    arrays['episode_returns'] = raw.episode_returns
  texts = facts.as_texts(raw)
  arrays |= {name: np.array(text) for name, text in texts.items()}
  os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
  npz_file.write(path, arrays, compressed=True)
