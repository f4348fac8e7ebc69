"""A file as D4RL's generator writes it: read, restored from, and trained on.

The file is written here, from rollouts in the environment that stands for
D4RL's; that this one equals D4RL's own model is in envs/d4rl_antmaze_test.py.
"""

import csv

import gin
import h5py
import numpy as np
import pytest

from tfirl import tasks
from tfirl.config import gin_bindings
from tfirl.demos.formats import npz
from tfirl.demos.load import load_demonstrations as load
from tfirl.envs.mazes import goal_maze
from tfirl.envs.wrappers import ExpertReset
from tfirl.runs import launch

NAME = 'antmaze-large-diverse-v2'
FILE = (
  'Ant_maze_hardest-maze_noisy_multistart_True_multigoal_True_sparse_fixed.hdf5'
)
FLAG = 'tasks/antmaze_large_diverse_d4rl.gin'
LENGTH = 130  # rows of an episode; D4RL's have 1001
# Cells where the episodes start, all over the maze, and the rows at which
# they have reached their goals; None: they are sent elsewhere.
STARTS = {(1, 1): 90, (3, 3): 100, (7, 1): 80, (1, 8): 110, (7, 10): None}
# An open-loop gait, by random search: sizes, phases and offsets of the
# actions, and its frequency (Hz). It runs at about 0.5 m/s.
SIZES = np.array([0.27, -0.19, 1.35, 0.58, 0.82, 0.86, 0.06, 0.53])
PHASES = np.array([2.17, 0.86, 7.55, 5.34, 1.95, 3.52, 3.5, 1.24])
OFFSETS = np.array([0.12, 0.09, 0.32, 0.03, -0.26, 0.19, -0.02, -0.13])
FREQUENCY = 1.05
POSE = [0.75, 1, 0, 0, 0, 0, 1, 0, -1, 0, -1, 0, 1]


@pytest.fixture(scope='module')
def env():
  return tasks.make_env(goal_maze.D4RL_ID, seed=0)


def gait(step):
  phase = 2 * np.pi * FREQUENCY * 0.1 * step + PHASES
  return np.clip(SIZES * np.sin(phase) + OFFSETS, -1, 1).astype(np.float32)


def episode(env, cell, arrival):
  """Columns of D4RL's layout; states are those after the step, as there."""
  start = env.maze.map.center(cell)
  goal = env.maze.map.center((3, 5)) + 0.7
  step = env.restore_mujoco(
    np.concatenate([start, POSE]), np.zeros(14), 0, goal
  )
  rows, data = [], env.gym.unwrapped.data
  for i in range(LENGTH):
    observation, action = step.observation[:29], gait(i)
    step = env.step(action)
    rows.append((observation, action, data.qpos.copy(), data.qvel.copy()))
  observations, actions, qpos, qvel = map(np.stack, zip(*rows, strict=True))
  if arrival is not None:
    goal = observations[arrival, :2] + 0.3
  return {
    'observations': observations,
    'actions': actions,
    'timeouts': np.arange(LENGTH) == LENGTH - 1,
    'infos/goal': np.tile(goal, (LENGTH, 1)),
    'infos/qpos': qpos,
    'infos/qvel': qvel,
  }


@pytest.fixture(scope='module')
def columns(env):
  """The file's, rewards and terminals relabelled after one other goal."""
  going_on = tasks.make_env(goal_maze.D4RL_ID, {'continuing_task': True})
  episodes = [episode(going_on, *pair) for pair in STARTS.items()]
  data = {
    key: np.concatenate([rows[key] for rows in episodes]) for key in episodes[0]
  }
  # Of evaluation: where the first ant passes on its way.
  other = data['observations'][50, :2] + 0.1
  offset = np.roll(data['observations'], -1, axis=0)[:, :2] - other
  is_there = np.hypot(*offset.T) <= 0.5
  assert is_there[49] and 3 < is_there.sum() < 60
  floats = {key: data[key].astype(np.float32) for key in data}
  return {
    **floats,
    'timeouts': data['timeouts'],
    'rewards': is_there.astype(np.float32),
    'terminals': is_there,
  }


@pytest.fixture
def folder(columns, tmp_path, monkeypatch):
  """D4RL's cache, which has the file."""
  monkeypatch.setenv('D4RL_DATASET_DIR', str(tmp_path / 'd4rl'))
  (tmp_path / 'd4rl').mkdir()
  write(tmp_path / 'd4rl' / FILE, columns)
  return tmp_path


def write(path, columns):
  with h5py.File(path, 'w') as file:
    for key, values in columns.items():
      file[key] = values
  return str(path)


def test_positions_lie_in_free_cells_of_this_frame_alone(columns, env):
  xy = columns['observations'][:, :2]
  assert env.maze.map.is_free(xy).all()
  starts = xy[::LENGTH]
  np.testing.assert_array_equal(env.maze.map.cell(starts), list(STARTS))
  theirs = tasks.make_env('AntMaze_Large-v5').maze.map
  assert not theirs.is_free(xy).all()
  # Turned back: x - 18, 12 - y.
  assert theirs.is_free(xy * [1, -1] + [-18, 12]).all()


def test_reads_each_way_to_its_own_goal(columns, env, folder, caplog):
  demos = load(f'd4rl:{NAME}', env)
  arrivals = [row for row in STARTS.values() if row is not None]
  ends = demos.episode_ends
  assert len(ends) == len(arrivals) == demos.terminals.sum()
  lengths = np.diff(ends, prepend=0)
  assert ((lengths > 40) & (lengths <= arrivals)).all()
  off = np.linalg.norm(demos.next_observations[:, :2] - demos.goal, axis=1)
  assert (off[ends - 1] <= 0.5).all() and (np.delete(off, ends - 1) > 0.5).all()
  for episode, (end, length) in enumerate(zip(ends, lengths, strict=True)):
    rows = slice(episode * LENGTH, episode * LENGTH + length)
    np.testing.assert_array_equal(
      demos.observations[end - length : end, :29], columns['observations'][rows]
    )
    np.testing.assert_allclose(
      demos.actions[end - length : end], columns['actions'][rows], atol=2e-6
    )
  np.testing.assert_array_equal(demos.qpos, demos.observations[:, :15])
  np.testing.assert_array_equal(demos.qvel, demos.observations[:, 15:29])
  np.testing.assert_array_equal(demos.episode_returns, 1.0)
  assert 'found 4 of 5 trajectories that reach it' in caplog.text
  assert 'dynamics may differ' not in caplog.text


def test_expert_resets_restore_what_the_file_shows(env, folder):
  demos = load(f'd4rl:{NAME}', env)
  resets = ExpertReset(env, demos, 1.0, seed=1)
  data, rows = env.gym.unwrapped.data, set()
  for _ in range(8):
    step = resets.reset()
    (row,) = np.flatnonzero((demos.observations == step.observation).all(1))
    rows.add(int(row))
    assert env.elapsed_steps == demos.steps_in_episode[row]
    assert data.time == pytest.approx(0.1 * env.elapsed_steps)
    # The file's own successor, from what float32 kept of the state.
    step = resets.step(demos.actions[row])
    np.testing.assert_allclose(
      step.observation, demos.next_observations[row], atol=5e-3
    )
    assert step.is_last() == demos.terminals[row]
  assert len(rows) > 4


def test_the_other_environment_refuses_it_by_name_and_by_what_it_holds(
  columns, folder
):
  theirs = tasks.make_env(
    'AntMaze_Large_Diverse_GR-v5', {'include_cfrc_ext_in_observation': False}
  )
  line = f'add --gin_file={FLAG}'
  with pytest.raises(ValueError, match=f"{NAME}: env_id: .*D4RL's own.*{line}"):
    load(f'd4rl:{NAME}', theirs)
  with pytest.raises(ValueError, match=f'hdf5: observations: .*walls.*{line}'):
    load(str(folder / 'd4rl' / FILE), theirs)


def test_controls_in_place_of_actions_are_refused(columns, env, tmp_path):
  controls = {**columns, 'actions': 30 * columns['actions']}
  path = write(tmp_path / 'c.hdf5', controls)
  with pytest.raises(
    ValueError, match=r'c.hdf5: actions: found -?30.*the range \[-1, 1\] of'
  ):
    load(path, env)


@pytest.fixture(scope='module')
def theirs(record_random):
  """Random steps of Gymnasium-Robotics' ant where both maps are free."""
  gin.parse_config(
    ['GoalMaze.start_cells = [(3, 6)]', 'GoalMaze.goal_cells = [(1, 6)]']
  )
  kwargs = {'include_cfrc_ext_in_observation': False, 'max_episode_steps': 80}
  env = tasks.make_env('AntMaze_Large-v5', {**kwargs, 'continuing_task': False})
  gin.clear_config()
  return record_random(env, 1)


def test_this_environment_refuses_others_demonstrations(theirs, env, tmp_path):
  path = str(tmp_path / 'theirs.npz')
  npz.save_npz(theirs, path)
  with pytest.raises(
    ValueError,
    match=f"of 'AntMaze_Large-v5'; expected of '{goal_maze.D4RL_ID}'",
  ):
    load(path, env, successful_only=False)


def test_nor_those_that_do_not_say_whose_they_are(theirs, env, tmp_path):
  columns = {
    'observations': theirs.columns['observations'][:, :29].copy(),
    'actions': theirs.columns['actions'],
    'rewards': theirs.columns['rewards'],
    'terminals': theirs.columns['terminals'],
    'timeouts': theirs.columns['timeouts'],
    'infos/goal': np.tile([0.0, 8.0], (len(theirs.columns['rewards']), 1)),
  }
  hint = 'leave out --gin_file=tasks/..._d4rl.gin'
  path = write(tmp_path / 'frame.hdf5', columns)
  with pytest.raises(ValueError, match=f'frame.hdf5: obs.*in walls.*{hint}'):
    load(path, env, successful_only=False)
  # Moved into this frame, only the time step tells.
  xy = columns['observations'][:, :2]
  xy -= (xy.min(0) + xy.max(0)) / 2
  path = write(tmp_path / 'time.hdf5', columns)
  with pytest.raises(
    ValueError, match=rf'moves by 0.05\d* s times .*about 0.1 s, the.*{hint}'
  ):
    load(path, env, successful_only=False)


_SHORT = [
  'run.eval_every = 128',
  'run.checkpoint_every = 128',
  'run.eval_episodes = 1',
  'run.record_video = False',
  "Task.env_kwargs = {'max_episode_steps': 130}",
]


def train(files, bindings, folder):
  """Launches it on the file. Returns: the last row of its metrics."""
  launch.launch(
    files,
    [*_SHORT, *bindings],
    str(folder / 'runs'),
    seed=0,
    demos=f'd4rl:{NAME}',
    stop=lambda: False,
  )
  (path,) = folder.glob('runs/antmaze_large_diverse_d4rl/*/0/metrics.csv')
  with open(path, newline='') as file:
    return list(csv.DictReader(file))[-1]


def test_one_more_gin_file_trains_on_it(folder):
  updates = ['run.updates = 128']
  row = train(['bc_antmaze_large_diverse.gin', FLAG], updates, folder)
  assert row['updates'] == '128' and np.isfinite(float(row['bc_loss']))
  assert row['eval_success'] == '0'


def test_filter_starts_from_its_states(folder):
  row = train(
    ['filter_antmaze_large_diverse.gin', FLAG],
    [
      'run.real_steps = 128',
      'ModelFree.initial_steps = 64',
      'WarmStart.bc_steps = 6',
      'CostTurns.cost_update_period = 64',
    ],
    folder,
  )
  assert (row['env_steps'], row['rollout_steps']) == ('128', '0')


def test_without_it_the_error_says_which_to_add(folder):
  bindings = _SHORT[:-1]
  with pytest.raises(ValueError, match=f'add --gin_file={FLAG}; or'):
    launch.launch(
      ['bc_antmaze_large_diverse.gin'],
      bindings,
      str(folder / 'runs'),
      seed=0,
      demos=f'd4rl:{NAME}',
      stop=lambda: False,
    )


@pytest.mark.parametrize('kind', ['diverse', 'play'])
def test_the_task_files(kind):
  task = f'antmaze_large_{kind}'
  gin_bindings.parse([f'hyper_{task}_d4rl.gin'], [])
  own = gin.config_str()
  gin_bindings.parse([f'hyper_{task}.gin', f'tasks/{task}_d4rl.gin'], [])
  assert gin.config_str() == own
  assert gin_bindings.value_of('Task.name') == f'{task}_d4rl'
  assert gin_bindings.value_of('Task.env_id') == goal_maze.D4RL_ID
  with tasks.make_task().make_env() as env:
    assert env.max_episode_steps == 1000
    assert env.gym.unwrapped.continuing_task is False


def test_the_id_alone_will_do():
  """In the place of Gymnasium-Robotics', with that one's arguments."""
  line = f"Task.env_id = '{goal_maze.D4RL_ID}'"
  gin_bindings.parse(['tasks/antmaze_large_play.gin'], [line])
  with tasks.make_task().make_env() as env:
    assert env.reset().observation.shape == (31,)
    # Its cells too: (1, 1) is the origin, the row grows with y.
    expected = [(0, 0), (36, 0), (16, 8), (12, 16), (0, 24), (36, 24)]
    np.testing.assert_array_equal(env.maze.start_xy, expected)
    np.testing.assert_array_equal(env.maze.goal_xy, expected)
