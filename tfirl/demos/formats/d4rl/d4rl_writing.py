"""Writes demonstrations as an HDF5 file of D4RL's layout.

A maze's observations go without the goal, as in D4RL's: it is `infos/goal`.
`next_observations` is written too, so that an episode's last transition isn't
lost to our reader; so are seeds and successes (`infos/`), recorded returns
(`metadata/episode_returns`) and, as attributes, the file's facts.
"""

import os
import tempfile

import h5py
import numpy as np

from tfirl.demos.border import RawDemonstrations
from tfirl.demos.checking import check
from tfirl.demos.formats import facts

_COLUMNS = (
  'observations',
  'actions',
  'next_observations',
  'rewards',
  'terminals',
  'timeouts',
)
_INFOS = ('qpos', 'qvel', 'goal', 'seed', 'success')


def _arrays(raw: RawDemonstrations) -> dict[str, np.ndarray]:
  """What the file holds, by its names there."""
  columns = dict(raw.columns)
  expected = "one a row, as D4RL's layout has them: write FILE.npz without"
  check('rewards' in columns, raw.source, 'rewards', 'none', expected)
  if 'goal' in columns:
    for key in ('observations', 'next_observations'):
      off = np.abs(columns[key][:, -2:] - columns['goal']).max()
      found = f'a last x-y that is up to {off:.3g} m off the goal'
      check(off < 1e-3, raw.source, key, found, 'the goal')
      columns[key] = columns[key][:, :-2]
  arrays = {key: columns[key] for key in _COLUMNS}
  infos = {f'infos/{key}': columns[key] for key in _INFOS if key in columns}
  if raw.episode_returns is not None:
    infos['metadata/episode_returns'] = raw.episode_returns
  return {**arrays, **infos}


def save_d4rl(raw: RawDemonstrations, path: str) -> None:
  """Writes `raw`, actions in the environment's scale, as `read_hdf5` reads it.

  The file comes into being whole. Raises ValueError if there are no rewards,
  or a maze's observations don't end in the goal.
  """
  arrays = _arrays(raw)
  folder = os.path.dirname(os.path.abspath(path))
  os.makedirs(folder, exist_ok=True)
  with tempfile.TemporaryDirectory(dir=folder) as temporary:
    name = os.path.join(temporary, 'demos.hdf5')
    with h5py.File(name, 'w') as file:
      for key, values in arrays.items():
        file.create_dataset(key, data=values, compression='gzip')
      file.attrs.update(facts.as_texts(raw))
    os.replace(name, path)
