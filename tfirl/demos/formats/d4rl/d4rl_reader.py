"""D4RL's HDF5 files, without D4RL (which needs the MuJoCo 2.1 binary).

The rows are those of D4RL's `qlearning_dataset` (Fu et al. 2020): row i pairs
with row i + 1; rows that time out, whose successor isn't in the file, and the
last row go. Where the file has `next_observations` those are used, and no row
goes: D4RL drops what times out there as well, and its successor of a terminal
row is the next episode's first observation. An AntMaze's rewards, terminals and
states are put right first (`d4rl_antmaze`).
"""

import logging

import gymnasium
import numpy as np

from tfirl.demos import jumps
from tfirl.demos.border import RawDemonstrations
from tfirl.demos.checking import check, to_flags
from tfirl.demos.formats import rows
from tfirl.demos.formats.containers import hdf5_file
from tfirl.demos.formats.d4rl import d4rl_antmaze, d4rl_files
from tfirl.demos.formats.foreign import keyed
from tfirl.envs.mazes import goal_maze

REQUIRED = ('observations', 'actions', 'rewards', 'terminals')
_INFOS = {
  'infos/qpos': 'qpos',
  'infos/qvel': 'qvel',
  'infos/goal': 'goal',
  'infos/seed': 'seed',
  'infos/success': 'success',
}
_RETURNS = 'metadata/episode_returns'  # as `d4rl_writing` has them
_WANTED = (*REQUIRED, 'timeouts', 'next_observations', *_INFOS)
_NUMBERS = ('rewards', 'terminals', 'timeouts', 'infos/seed', 'infos/success')

# Farther than one step can lead (m): the point mass moves at most 5 m/s in
# steps of 0.01 s.
_MAX_STEP = {'antmaze': d4rl_antmaze.MAX_STEP, 'pointmaze': 0.25}


def _read_arrays(path: str, file: hdf5_file.Hdf5File) -> dict[str, np.ndarray]:
  """The arrays of the file that matter here, by their full names."""
  keyed.require(path, file.shapes, REQUIRED)
  keyed.warn_of_near_names(path, list(file.shapes), _WANTED)
  return file.read(*(key for key in _WANTED if key in file.shapes))


def _max_steps(env_id: str) -> int | None:
  """Of its episodes; None if gymnasium does not know."""
  if env_id:
    goal_maze.register(env_id)
  try:
    return gymnasium.spec(env_id).max_episode_steps
  except gymnasium.error.Error:
    return None


def _timeouts(
  path: str, arrays: dict[str, np.ndarray], terminals: np.ndarray, env_id: str
) -> np.ndarray:
  """Time-outs [N] of a file without them: where the state jumps, and counted.

  Counts the task's episode length from 0 after every end. D4RL counts from 1
  after a terminal row, so it drops the row before the time-out and pairs across
  the reset.
  """
  is_cut = _cuts(arrays) & ~terminals
  max_steps = _max_steps(env_id)
  check(
    max_steps is not None or is_cut.any(),
    path,
    'timeouts',
    f'none, and no episode length registered for env_id {env_id!r}',
    'timeouts, or an env_id with max_episode_steps',
  )
  logging.warning(
    '%s: timeouts: found none; episodes are cut in %d places where the state '
    'jumps, and after %s steps',
    path,
    is_cut.sum(),
    max_steps or 'no number of',
  )
  if max_steps is None:
    return is_cut
  ends = np.flatnonzero(terminals | is_cut) + 1
  starts = np.concatenate([[0], ends[ends < len(terminals)]])
  lengths = np.diff(starts, append=len(terminals))
  steps = np.arange(len(terminals)) - np.repeat(starts, lengths)
  return is_cut | (steps % max_steps == max_steps - 1)


def _cuts(arrays: dict[str, np.ndarray]) -> np.ndarray:
  """Rows [N] after which another episode begins, as states tell."""
  observations = arrays['observations']
  if 'next_observations' in arrays:
    is_cut = jumps.breaks(observations, arrays['next_observations'])
  else:
    is_cut = jumps.leaps(arrays.get('infos/qpos', observations))
  return np.append(is_cut, False)


def _next(flags: np.ndarray) -> np.ndarray:
  """Of each row, the next one's flag."""
  return np.append(flags[1:], False)


def _xy_jumps(observations: np.ndarray, maze: str) -> np.ndarray:
  """Rows [N] from which x-y (first two of a maze) jumps to the next row's."""
  is_far = np.zeros(len(observations), bool)
  if maze in _MAX_STEP:
    steps = np.diff(observations[:, :2].astype(np.float64), axis=0)
    is_far[:-1] = np.hypot(steps[:, 0], steps[:, 1]) > _MAX_STEP[maze]
  return is_far


def _check_lengths(path: str, arrays: dict[str, np.ndarray]) -> None:
  num_rows = len(np.atleast_1d(arrays['observations']))
  least = 1 if 'next_observations' in arrays else 2
  ok = num_rows >= least
  check(ok, path, 'observations', f'{num_rows} rows', f'{least} or more')
  for key, values in arrays.items():
    wanted = 1 if key in _NUMBERS else 2
    check(
      values.ndim == wanted and len(values) == num_rows,
      path,
      key,
      f'shape {values.shape}',
      f'{num_rows} rows and {wanted} axes',
    )
  shape = arrays['observations'].shape
  found = arrays.get('next_observations', arrays['observations']).shape
  check(found == shape, path, 'next_observations', f'shape {found}', shape)


def _flags(
  path: str, arrays: dict[str, np.ndarray], env_id: str
) -> tuple[np.ndarray, np.ndarray]:
  """Terminals and time-outs, [N] bool each."""
  terminals = to_flags(path, 'terminals', arrays['terminals'])
  if 'timeouts' in arrays:
    return terminals, to_flags(path, 'timeouts', arrays['timeouts'])
  return terminals, _timeouts(path, arrays, terminals, env_id)


def _columns(
  arrays: dict[str, np.ndarray],
  terminals: np.ndarray,
  ends: np.ndarray,
  kept: np.ndarray,
) -> dict[str, np.ndarray]:
  """The rows that are kept; flags are [N]."""
  rows = np.flatnonzero(kept)
  observations = arrays['observations']
  if 'next_observations' in arrays:
    successors, timeouts = arrays['next_observations'][rows], ends
  else:
    successors, timeouts = observations[rows + 1], _next(~kept)
  columns = {
    'observations': observations[rows],
    'actions': arrays['actions'][rows],
    'next_observations': successors,
    'rewards': arrays['rewards'][rows],
    'terminals': terminals[rows],
    'timeouts': (timeouts & ~terminals)[rows],
  }
  for key, name in _INFOS.items():
    if key in arrays:
      columns[name] = arrays[key][rows]
  return columns


def from_file(
  path: str,
  file: hdf5_file.Hdf5File,
  env_id: str,
  observation_size: int | None = None,
) -> RawDemonstrations:
  """Reads a D4RL file of N rows.

  Args:
    path: for messages.
    file: open.
    env_id: the task's Gymnasium id: gives the episode length where the file
      has no `timeouts`, and says whether observations start with x-y.
    observation_size: O. If it is 2 more than the file's, `infos/goal` is
      appended to the observations.

  Returns:
    The rows of `qlearning_dataset`, less those whose x-y jumps; all rows if
    the file has their `next_observations`. `timeouts` marks the last row of
    each episode that doesn't end in a terminal. In a maze a terminal row
    without its successor goes as well, and `success`, unless the file has it,
    marks the row before it.

  Raises FileNotFoundError, or ValueError for what isn't such a file.
  """
  arrays = _read_arrays(path, file)
  for key in _NUMBERS:
    if key in arrays and arrays[key].shape[1:] == (1,):
      arrays[key] = arrays[key][:, 0]
  _check_lengths(path, arrays)
  base = d4rl_files.base_of(env_id).lower()
  is_far = _xy_jumps(arrays['observations'], base)
  if base == 'antmaze':
    is_last = np.arange(len(is_far)) == len(is_far) - 1
    arrays = d4rl_antmaze.repair(path, arrays, is_far | is_last)
  terminals, timeouts = _flags(path, arrays, env_id)
  has_successors = 'next_observations' in arrays
  cut = timeouts | (is_far & ~terminals if has_successors else is_far)
  cut[-1] = True
  kept = np.full(len(cut), True) if has_successors else ~cut
  check(kept.any(), path, 'timeouts', 'no row with a successor', 'some')
  columns = _columns(arrays, terminals, cut, kept)
  if base in _MAX_STEP and 'success' not in columns:
    columns['success'] = _next(terminals & ~kept)[kept]
  width = columns['observations'].shape[1]
  if width + 2 == observation_size:
    expected = "the goal's x-y, which is part of the task's observation"
    check('goal' in columns, path, 'infos/goal', 'none', expected)
    for key in ('observations', 'next_observations'):
      columns[key] = np.concatenate([columns[key], columns['goal']], axis=1)
  if _RETURNS in file.shapes and kept.all():
    returns = file.read(_RETURNS)[_RETURNS]
  else:
    returns = rows.returns_of(arrays['rewards'], terminals | cut, kept)
  return RawDemonstrations(
    source=path,
    columns=columns,
    episode_returns=returns,
  )
