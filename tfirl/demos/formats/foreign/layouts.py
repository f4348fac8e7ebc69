"""Archives of two libraries for imitation, known by their keys.

`imitation` (its .npz of trajectories): obs, the T + 1 of each trajectory one
after the other; acts and, perhaps, rews, T of each; terminal, one a trajectory;
indices, where acts are split, none for one trajectory alone. Its infos are
pickles, and never read.

Stable-Baselines 2 (`generate_expert_traj`): obs, actions, rewards and
episode_starts, one a row; episode_returns.
"""

import logging

import numpy as np

from tfirl.demos.checking import check, to_flags
from tfirl.demos.formats import rows
from tfirl.demos.formats.foreign.keyed import Read, Shapes
from tfirl.demos.raw import RawDemonstrations

_IMITATION = ('obs', 'acts', 'terminal')
_BASELINES = ('obs', 'actions', 'episode_starts')


def is_known(shapes: Shapes) -> bool:
  """Whether an archive of these keys is one of the two."""
  return any(
    all(key in shapes for key in keys) for keys in (_IMITATION, _BASELINES)
  )


def read(path: str, shapes: Shapes, read_keys: Read) -> RawDemonstrations:
  """Reads what `is_known`; args as of `keyed.read_rows`.

  Raises:
    DemonstrationError: names the key, what was found and what is expected.
  """
  if all(key in shapes for key in _IMITATION):
    return _imitation(path, shapes, read_keys)
  return _baselines(path, shapes, read_keys)


def _imitation(path: str, shapes: Shapes, read_keys: Read):
  optional = [key for key in ('rews', 'indices') if key in shapes]
  arrays = read_keys(*_IMITATION, *optional)
  obs, acts = arrays['obs'], arrays['acts']
  for key in ('obs', 'acts'):
    ok = arrays[key].ndim == 2
    check(ok, path, key, f'shape {arrays[key].shape}', 'two axes')
  splits = arrays.get('indices', np.zeros(0, np.int64))
  ok = splits.ndim == 1 and splits.dtype.kind in 'iu'
  ends = np.append(splits, len(acts)) if ok else splits
  ok = ok and bool((np.diff(ends, prepend=0) > 0).all())
  check(ok, path, 'indices', splits, 'rows of acts, increasing')
  terminal = to_flags(path, 'terminal', np.atleast_1d(arrays['terminal']))
  found, expected = terminal.shape, (len(ends),)
  check(found == expected, path, 'terminal', f'shape {found}', expected)
  expected = len(acts) + len(ends)
  found = f'{len(obs)} rows'
  check(len(obs) == expected, path, 'obs', found, f'{expected}, T + 1 of each')
  starts = np.concatenate([[0], ends[:-1]])
  episodes = [
    rows.episode_columns(
      f'{path}, trajectory {i}', obs[a + i : b + i + 1], acts[a:b], terminal[i]
    )
    for i, (a, b) in enumerate(zip(starts, ends, strict=True))
  ]
  columns = rows.join(path, episodes)
  if 'rews' in arrays:
    columns['rewards'] = arrays['rews']
  return RawDemonstrations(path, columns)


def _baselines(path: str, shapes: Shapes, read_keys: Read):
  optional = [key for key in ('rewards', 'next_obs') if key in shapes]
  arrays = read_keys(*_BASELINES, *optional)
  names = {'obs': 'observations', 'next_obs': 'next_observations'}
  logging.warning(
    '%s: Stable-Baselines does not record how an episode ended: all ends are '
    'taken as time-outs',
    path,
  )
  return rows.from_rows(path, {names.get(k, k): v for k, v in arrays.items()})
