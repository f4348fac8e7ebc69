"""D4RL's HDF5 files, without D4RL (which needs the MuJoCo 2.1 binary).

The rows are those of D4RL's `qlearning_dataset` (Fu et al. 2020): row i pairs
with row i + 1; rows that time out, whose successor isn't in the file, and the
last row go. Where the file has `next_observations` those are used: D4RL's
own successor of a terminal row is the next episode's first observation. An
AntMaze's rewards, terminals and states are put right first (`d4rl_antmaze`).
"""

import gymnasium
import h5py
import numpy as np

from tfirl.demos.border import RawDemonstrations
from tfirl.demos.checking import check, require_keys, to_flags
from tfirl.demos.formats import d4rl_antmaze, d4rl_files
from tfirl.envs.mazes import goal_maze

_REQUIRED = ('observations', 'actions', 'rewards', 'terminals')
_INFOS = {'infos/qpos': 'qpos', 'infos/qvel': 'qvel', 'infos/goal': 'goal'}
_WANTED = (*_REQUIRED, 'timeouts', 'next_observations', *_INFOS)

# Farther than one step can lead (m): the point mass moves at most 5 m/s in
# steps of 0.01 s.
_MAX_STEP = {'antmaze': d4rl_antmaze.MAX_STEP, 'pointmaze': 0.25}


def _read_arrays(path: str) -> dict[str, np.ndarray]:
  """The arrays of the file that matter here, by their full names."""
  try:
    with open(path, 'rb'):
      pass
    with h5py.File(path, 'r') as file:
      names = []
      file.visititems(
        lambda name, item: (
          names.append(name) if isinstance(item, h5py.Dataset) else None
        )
      )
      require_keys(path, names, _REQUIRED)
      return {key: np.asarray(file[key]) for key in _WANTED if key in names}
  except FileNotFoundError:
    raise FileNotFoundError(f'{path}: no such demonstration file') from None
  except (OSError, RuntimeError) as error:
    raise ValueError(
      f'{path}: found a file that is truncated or no HDF5 ({error}); expected '
      "an HDF5 file of D4RL's layout"
    ) from error


def _timeouts(path: str, terminals: np.ndarray, env_id: str) -> np.ndarray:
  """Time-outs [N] of a file without them, from the task's episode length.

  Counts from 0 after every end. D4RL counts from 1 after a terminal row, so
  it drops the row before the time-out and pairs across the reset.
  """
  if env_id:
    goal_maze.register(env_id)
  try:
    max_steps = gymnasium.spec(env_id).max_episode_steps
  except gymnasium.error.Error:
    max_steps = None
  check(
    max_steps is not None,
    path,
    'timeouts',
    f'none, and no episode length registered for env_id {env_id!r}',
    'timeouts, or an env_id with max_episode_steps',
  )
  ends = np.flatnonzero(terminals) + 1
  starts = np.concatenate([[0], ends[ends < len(terminals)]])
  lengths = np.diff(starts, append=len(terminals))
  steps = np.arange(len(terminals)) - np.repeat(starts, lengths)
  return steps % max_steps == max_steps - 1


def _next(flags: np.ndarray) -> np.ndarray:
  """Of each row, the next one's flag."""
  return np.append(flags[1:], False)


def _jumps(observations: np.ndarray, maze: str) -> np.ndarray:
  """Rows [N] from which x-y (first two of a maze) jumps to the next row's."""
  jumps = np.zeros(len(observations), bool)
  if maze in _MAX_STEP:
    steps = np.diff(observations[:, :2].astype(np.float64), axis=0)
    jumps[:-1] = np.hypot(steps[:, 0], steps[:, 1]) > _MAX_STEP[maze]
  return jumps


def _check_lengths(path: str, arrays: dict[str, np.ndarray]) -> None:
  num_rows = len(np.atleast_1d(arrays['observations']))
  check(num_rows > 1, path, 'observations', f'{num_rows} rows', 'two or more')
  for key, values in arrays.items():
    wanted = 1 if key in ('rewards', 'terminals', 'timeouts') else 2
    check(
      values.ndim == wanted and len(values) == num_rows,
      path,
      key,
      f'shape {values.shape}',
      f'{num_rows} rows and {wanted} axes',
    )


def _episode_returns(
  rewards: np.ndarray, ends: np.ndarray, kept: np.ndarray
) -> np.ndarray:
  """Returns [K], dropped rows included, of episodes with a row in `kept`."""
  episode = np.concatenate([[0], np.cumsum(ends)[:-1]])
  returns = np.bincount(episode, weights=rewards.astype(np.float64))
  return returns[np.unique(episode[kept])]


def _flags(
  path: str, arrays: dict[str, np.ndarray], env_id: str
) -> tuple[np.ndarray, np.ndarray]:
  """Terminals and time-outs, [N] bool each."""
  terminals = to_flags(path, 'terminals', arrays['terminals'])
  if 'timeouts' in arrays:
    return terminals, to_flags(path, 'timeouts', arrays['timeouts'])
  return terminals, _timeouts(path, terminals, env_id)


def _columns(
  arrays: dict[str, np.ndarray], terminals: np.ndarray, dropped: np.ndarray
) -> dict[str, np.ndarray]:
  """The rows that aren't dropped; flags are [N]."""
  rows = np.flatnonzero(~dropped)
  observations = arrays['observations']
  successors = arrays.get('next_observations')
  columns = {
    'observations': observations[rows],
    'actions': arrays['actions'][rows],
    'next_observations': (
      observations[rows + 1] if successors is None else successors[rows]
    ),
    'rewards': arrays['rewards'][rows],
    'terminals': terminals[rows],
    'timeouts': dropped[rows + 1] & ~terminals[rows],
  }
  for key, name in _INFOS.items():
    if key in arrays:
      columns[name] = arrays[key][rows]
  return columns


def read_d4rl(
  path: str, env_id: str, observation_size: int | None = None
) -> RawDemonstrations:
  """Reads a D4RL file of N rows.

  Args:
    path: FILE.hdf5.
    env_id: the task's Gymnasium id: gives the episode length where the file
      has no `timeouts`, and says whether observations start with x-y.
    observation_size: O. If it is 2 more than the file's, `infos/goal` is
      appended to the observations.

  Returns:
    The rows of `qlearning_dataset`, less those whose x-y jumps. `timeouts`
    marks the last row of each episode that doesn't end in a terminal. In a
    maze a terminal row without its successor goes as well, and `success` marks
    the row before it.

  Raises FileNotFoundError, or ValueError for what isn't such a file.
  """
  arrays = _read_arrays(path)
  for key in ('rewards', 'terminals', 'timeouts'):
    if key in arrays and arrays[key].shape[1:] == (1,):
      arrays[key] = arrays[key][:, 0]
  _check_lengths(path, arrays)
  base = d4rl_files.base_of(env_id).lower()
  jumps = _jumps(arrays['observations'], base)
  if base == 'antmaze':
    is_last = np.arange(len(jumps)) == len(jumps) - 1
    arrays = d4rl_antmaze.repair(path, arrays, jumps | is_last)
  terminals, timeouts = _flags(path, arrays, env_id)
  if 'next_observations' in arrays:
    jumps &= ~terminals  # the reset: the row has its successor
  dropped = timeouts | jumps
  dropped[-1] = True
  check(not dropped.all(), path, 'timeouts', 'no row with a successor', 'some')
  columns = _columns(arrays, terminals, dropped)
  if base in _MAX_STEP:
    columns['success'] = _next(dropped & terminals)[~dropped]
  width = columns['observations'].shape[1]
  if width + 2 == observation_size:
    expected = "the goal's x-y, which is part of the task's observation"
    check('goal' in columns, path, 'infos/goal', 'none', expected)
    for key in ('observations', 'next_observations'):
      columns[key] = np.concatenate([columns[key], columns['goal']], axis=1)
  returns = _episode_returns(arrays['rewards'], terminals | dropped, ~dropped)
  return RawDemonstrations(
    source=path, columns=columns, episode_returns=returns
  )
