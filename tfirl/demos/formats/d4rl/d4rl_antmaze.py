"""What has to be put right in D4RL's AntMaze files, and which env they need.

Their rewards and terminals are relabelled after one goal, that of evaluation,
while `infos/goal` is where the ant was sent; their `infos/qpos` and `qvel` are
those after the step (Farama-Foundation/D4RL, issue 200).
"""

import logging

import numpy as np

from tfirl.demos.checking import check
from tfirl.envs.mazes import goal_maze

# Farther than one step can lead (m): the ant runs at most 6 m/s in steps of
# at most 0.1 s.
MAX_STEP = 1.0
_RADIUS = 0.5  # m, D4RL's
_NUM_QPOS, _NUM_QVEL = 15, 14
_NUM_STATES = _NUM_QPOS + _NUM_QVEL  # D4RL's whole observation
_TOLERANCE = 1e-3  # float32 of coordinates up to 40 m

# Gymnasium-Robotics' mazes, and the tasks whose gin files name them.
_TASKS = {
  'AntMaze_Large_Diverse_GR': 'antmaze_large_diverse',
  'AntMaze_Large': 'antmaze_large_play',
}


def gin_flag(task: str) -> str:
  """The flag that puts D4RL's environment in the place of `task`'s.

  Args:
    task: antmaze_large_diverse or antmaze_large_play.
  """
  return f'--gin_file=tasks/{task}_d4rl.gin'


def advice(env_id: str) -> str:
  """What to do if demonstrations aren't in the frame of `env_id`.

  Returns: '; ...', to end a message with, or '' if there is nothing to do.
  """
  if env_id == goal_maze.D4RL_ID:
    return (
      "; this environment is D4RL's: for others' demonstrations leave out "
      '--gin_file=tasks/..._d4rl.gin'
    )
  task = _TASKS.get(env_id.rpartition('-v')[0])
  if task is None:
    return ''
  return f"; for D4RL's own files add {gin_flag(task)}"


def check_name(name: str, env_id: str) -> None:
  """Raises ValueError unless `env_id` is where `name` was recorded.

  Another frame would also show in the positions; other gears would not.

  Args:
    name: of one of D4RL's AntMaze data sets, such as antmaze-large-play-v2.
    env_id: of the task, an AntMaze.
  """
  source, is_large = f'd4rl:{name}', name.startswith('antmaze-large')
  large = f'antmaze-large-*, all that {goal_maze.D4RL_ID} is for'
  if env_id == goal_maze.D4RL_ID:
    check(is_large, source, 'env_id', "another of D4RL's mazes", large)
    return
  first = f'{large},'
  if is_large:
    task = name.rpartition('-v')[0].replace('-', '_')
    first = f"D4RL's environment: add {gin_flag(task)};"
  check(
    False,
    source,
    'env_id',
    "D4RL's own AntMaze, where y is mirrored, the origin is the start cell, "
    'and time step, gears and control range differ',
    f'{first} or demonstrations of {env_id} itself: those of Minari '
    '(minari:D4RL/antmaze/...), or your own',
  )


def repair(
  path: str, arrays: dict[str, np.ndarray], is_cut: np.ndarray
) -> dict[str, np.ndarray]:
  """The file's arrays, with rewards, terminals and states of their rows.

  If a terminal is not at the goal of its row, `infos/goal`, they are all of
  another goal, since no ant dies in a maze: rewards and terminals are then 1
  where the step leads to within 0.5 m of the row's. States that aren't the
  observation's are taken from it. What the file hasn't stays away.

  Args:
    path: for messages.
    arrays: of N rows each, by their names in the file.
    is_cut: [N] bool, where the next row is not the successor.

  Raises: ValueError if `infos/goal` is not x and y.
  """
  repaired = dict(arrays)
  if 'infos/goal' in arrays:
    shape = arrays['infos/goal'].shape
    expected = f'shape ({shape[0]}, 2)'
    check(shape[1] == 2, path, 'infos/goal', f'shape {shape}', expected)
    is_there = _leads_to_goal(arrays, is_cut)
    if ((arrays['terminals'] != 0) & ~is_there).any():
      repaired['rewards'] = is_there.astype(np.float32)
      repaired['terminals'] = is_there
  repaired.update(_own_states(path, arrays))
  return repaired


def _leads_to_goal(
  arrays: dict[str, np.ndarray], is_cut: np.ndarray
) -> np.ndarray:
  """Whether the step of each row leads to the row's own goal, [N] bool.

  Of a row whose successor is missing its terminal is believed.
  """
  distance = _distance(arrays['observations'], arrays['infos/goal'])
  is_near = distance <= _RADIUS + MAX_STEP
  if 'next_observations' in arrays:
    following = _distance(arrays['next_observations'], arrays['infos/goal'])
    return is_near & (following <= _RADIUS)
  following = _distance(
    np.roll(arrays['observations'], -1, axis=0), arrays['infos/goal']
  )
  is_said = arrays['terminals'] != 0
  return is_near & np.where(is_cut, is_said, following <= _RADIUS)


def _distance(observations: np.ndarray, goals: np.ndarray) -> np.ndarray:
  """From x-y of `observations` [N, O] to `goals` [N, 2] (m), [N]."""
  return np.hypot(*(observations[:, :2].astype(np.float64) - goals).T)


def _own_states(
  path: str, arrays: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
  """`infos/qpos` and `infos/qvel` as observed, if those in the file differ."""
  recorded = [arrays.get('infos/qpos'), arrays.get('infos/qvel')]
  widths = [None if state is None else state.shape[1] for state in recorded]
  observations = arrays['observations'][:, :_NUM_STATES]
  if widths != [_NUM_QPOS, _NUM_QVEL] or observations.shape[1] != _NUM_STATES:
    return {}  # absent or another robot's: resets say so
  is_off = np.abs(np.concatenate(recorded, axis=1) - observations) > _TOLERANCE
  if not is_off.any():
    return {}
  logging.info(
    '%s: infos/qpos, infos/qvel: found others than the observation shows in '
    '%d of %d rows; took those of the observations.',
    path,
    is_off.any(axis=1).sum(),
    len(is_off),
  )
  qpos, qvel = np.split(observations, [_NUM_QPOS], axis=1)
  return {'infos/qpos': qpos, 'infos/qvel': qvel}
