"""Trajectories of mazes in files of the real layouts.

The files are written here from rollouts in Gymnasium-Robotics' environments.
"""

import h5py
import minari
import numpy as np
import pytest
from minari.data_collector import EpisodeBuffer

from tfirl import tasks
from tfirl.demos import convert
from tfirl.demos.experts import embedded
from tfirl.demos.load import load_demonstrations as load

_ANT = {'include_cfrc_ext_in_observation': False, 'continuing_task': False}
ANT_ID, POINT_ID = 'AntMaze_Large-v5', 'PointMaze_Large-v3'


@pytest.fixture(scope='module')
def point():
  return tasks.make_env(POINT_ID, {'continuing_task': False})


@pytest.fixture(scope='module')
def ant():
  return tasks.make_env(ANT_ID, _ANT)


def write_hdf5(path, columns):
  with h5py.File(path, 'w') as file:
    for key, values in columns.items():
      file[key] = values
  return str(path)


@pytest.fixture(scope='module')
def maze2d():
  """Columns of D4RL's maze2d: the point goes on to goal after goal."""
  env = tasks.make_env(
    POINT_ID, {'continuing_task': True, 'reset_target': True}, seed=4
  )
  policy = embedded.policy('pointmaze')
  rows, step, data = [], env.reset(), env.gym.unwrapped.data
  for i in range(1500):
    goal, state = env.maze.goal, (data.qpos.copy(), data.qvel.copy())
    observation, action = step.observation, policy(step.observation)
    step = env.step(action)
    rows.append((observation[:4], action, *state, goal, step.reward))
    if step.is_last():
      step = env.reset()
    assert env.elapsed_steps == (i + 1) % 800
  keys = 'observations actions infos/qpos infos/qvel infos/goal rewards'.split()
  columns = dict(zip(keys, map(np.stack, zip(*rows, strict=True)), strict=True))
  columns['terminals'] = np.zeros(1500, bool)
  columns['timeouts'] = np.arange(1500) % 800 == 799
  return columns


def test_a_file_of_goal_after_goal(maze2d, point, tmp_path, caplog):
  demos = load(write_hdf5(tmp_path / 'm.hdf5', maze2d), point)
  goals = maze2d['infos/goal']
  changes = (np.abs(np.diff(goals, axis=0)).sum(1) > 0).sum()
  assert changes >= 5
  ends = demos.episode_ends
  # Each way to a goal, but what the time-outs cut off.
  assert changes - 1 <= len(ends) <= changes + 1
  assert demos.terminals.sum() == len(ends) and not demos.timeouts.any()
  distance = np.linalg.norm(demos.next_observations[:, :2] - demos.goal, axis=1)
  assert (distance[ends - 1] <= 0.45).all()
  assert (np.delete(distance, ends - 1) > 0.45).all()
  np.testing.assert_array_equal(
    demos.observations[:, 4:], demos.goal.astype(np.float32)
  )
  # Rows are the file's, with their true successors.
  for row in range(0, len(demos), 37):
    (at,) = np.flatnonzero((maze2d['infos/qpos'] == demos.qpos[row]).all(1))
    np.testing.assert_array_equal(
      demos.next_observations[row, :4], maze2d['observations'][at + 1]
    )
  assert 'trajectories that reach it; kept' in caplog.text
  few = load(str(tmp_path / 'm.hdf5'), point, max_transitions=50)
  np.testing.assert_array_equal(few.observations, demos.observations[:50])


def test_expert_resets_take_what_was_read(maze2d, point, tmp_path):
  demos = load(write_hdf5(tmp_path / 'm.hdf5', maze2d), point)
  for row in (0, len(demos) // 2, len(demos) - 1):
    step = point.restore_mujoco(
      demos.qpos[row], demos.qvel[row], 3, demos.goal[row]
    )
    np.testing.assert_allclose(
      step.observation, demos.observations[row], atol=1e-6
    )


@pytest.fixture(scope='module')
def antmaze(ant):
  """Columns of D4RL's antmaze, in Gymnasium-Robotics' frame; random actions.

  The goal is where the ant is at step 150, and it is left there: all rows near
  are marked terminal, as in D4RL's files.
  """
  rng = np.random.default_rng(0)
  rows, data = [], ant.gym.unwrapped.data
  ant.seed(1)
  step = ant.reset()
  start = ant.maze.map.center((1, 1))
  qpos = data.qpos.copy()
  qpos[:2] = start
  step = ant.restore_mujoco(
    qpos, data.qvel.copy(), 0, ant.maze.map.center((7, 1))
  )
  for _ in range(300):
    action = rng.uniform(-1, 1, 8).astype(np.float32)
    state = data.qpos.copy(), data.qvel.copy()
    rows.append((step.observation[:29], action, *state))
    step = ant.step(action)
  keys = 'observations actions infos/qpos infos/qvel'.split()
  columns = dict(zip(keys, map(np.stack, zip(*rows, strict=True)), strict=True))
  goal = columns['observations'][150, :2].astype(np.float64)
  columns['infos/goal'] = np.tile(goal, (300, 1))
  at_goal = np.linalg.norm(columns['infos/qpos'][:, :2] - goal, axis=1) <= 0.5
  columns['rewards'] = np.append(at_goal[1:], False).astype(np.float32)
  columns['terminals'] = columns['rewards'] > 0
  columns['timeouts'] = np.arange(300) == 299
  return columns


def test_an_ants_file_ends_where_it_first_arrives(antmaze, ant, tmp_path):
  demos = load(write_hdf5(tmp_path / 'a.hdf5', antmaze), ant)
  first = int(np.flatnonzero(antmaze['terminals'])[0])
  assert 3 < first < 149 and antmaze['terminals'][first:].sum() > 5
  assert len(demos) == first + 1
  assert np.flatnonzero(demos.terminals).tolist() == [first]
  np.testing.assert_array_equal(
    demos.observations[:, :29], antmaze['observations'][: first + 1]
  )
  np.testing.assert_array_equal(
    demos.next_observations[:, :29], antmaze['observations'][1 : first + 2]
  )
  np.testing.assert_array_equal(
    demos.observations[:, 29:], demos.goal.astype(np.float32)
  )
  assert demos.qpos.shape[1] == 15


@pytest.mark.parametrize('name', ['maze2d', 'antmaze'])
@pytest.mark.parametrize('suffixes', [('npz', 'hdf5'), ('hdf5', 'npz')])
def test_a_copy_of_a_copy_is_taken_as_its_source(
  request, tmp_path, name, suffixes
):
  env = request.getfixturevalue({'maze2d': 'point', 'antmaze': 'ant'}[name])
  source = write_hdf5(tmp_path / 'a.hdf5', request.getfixturevalue(name))
  expected = load(source, env)
  for i, suffix in enumerate(suffixes):
    copy = str(tmp_path / f'{i}.{suffix}')
    convert.convert(source, copy, env.env_id)
    found, source = load(copy, env), copy
    for a, b in zip(_arrays(found), _arrays(expected), strict=True):
      np.testing.assert_array_equal(a, b)


def _arrays(demos):
  return (*demos.transitions, demos.goal, demos.qpos, demos.episode_returns)


def test_of_which_maze_a_copy_is_must_be_said(maze2d, tmp_path):
  source = write_hdf5(tmp_path / 'a.hdf5', maze2d)
  with pytest.raises(
    ValueError, match='a.hdf5: env_id: .*expected --env_id=ID'
  ):
    convert.convert(source, str(tmp_path / 'b.npz'))
  assert not (tmp_path / 'b.npz').exists()


def in_d4rls_frame(columns, shift, goal):
  """y mirrored, the origin in the start cell; `goal` in that frame."""
  moved = {key: np.array(values) for key, values in columns.items()}
  for key in ('observations', 'infos/qpos'):
    moved[key][:, 0] = moved[key][:, 0] - shift[0]
    moved[key][:, 1] = shift[1] - moved[key][:, 1]
  for key, column in (('observations', 16), ('infos/qvel', 1)):
    moved[key][:, column] *= -1  # the speed in y
  moved['infos/goal'][:] = goal
  return moved


def test_d4rls_frame_is_refused_not_learned_from(antmaze, ant, tmp_path):
  """Its far goals lie off Gymnasium-Robotics' map."""
  start = ant.maze.map.center((1, 1))
  moved = in_d4rls_frame(antmaze, start, [32.0, 24.0])
  path = write_hdf5(tmp_path / 'a.hdf5', moved)
  with pytest.raises(
    ValueError,
    match=r'a.hdf5: .*: found x-y in walls or off .*another frame.*for D4RL'
    r"'s own files add --gin_file=tasks/antmaze_large_play_d4rl.gin",
  ):
    load(path, ant, successful_only=False)
  # Only mirrored, of the whole maze: the map is not symmetric.
  free = ant.maze.map.center(ant.maze.map.free_cells)
  assert ant.maze.map.is_free(free).all()
  assert not ant.maze.map.is_free(free * [1, -1]).all()


def test_d4rls_time_step_is_refused(antmaze, ant, tmp_path):
  """Near the start, where its positions are free cells of ours as well."""
  slow = {key: np.array(values) for key, values in antmaze.items()}
  for key, column in (('observations', 15), ('infos/qvel', 0)):
    slow[key][:, column : column + 2] /= 2  # so far in 0.1 s, not in 0.05
  path = write_hdf5(tmp_path / 'a.hdf5', slow)
  with pytest.raises(
    ValueError,
    match=r'moves by 0.1\d* s times its veloc.*about 0.05 s, the time ste.*'
    'add --gin_file=tasks/antmaze_large_play_d4rl.gin',
  ):
    load(path, ant)


def test_d4rls_antmaze_by_name_is_refused(antmaze, ant, tmp_path, monkeypatch):
  monkeypatch.setenv('D4RL_DATASET_DIR', str(tmp_path))
  name = 'Ant_maze_hardest-maze_noisy_multistart_True_multigoal_True_sparse'
  write_hdf5(tmp_path / f'{name}_fixed.hdf5', antmaze)
  with pytest.raises(
    ValueError,
    match="d4rl:antmaze-large-diverse-v2: env_id: found D4RL's own.*expected "
    "D4RL's environment: add --gin_file=tasks/antmaze_large_diverse_d4rl.gin;",
  ):
    load('d4rl:antmaze-large-diverse-v2', ant)


def test_a_file_without_goals_is_refused(antmaze, ant, tmp_path):
  columns = {k: v for k, v in antmaze.items() if k != 'infos/goal'}
  path = write_hdf5(tmp_path / 'a.hdf5', columns)
  with pytest.raises(ValueError, match='a.hdf5: infos/goal: found none; expec'):
    load(path, ant)


def write_minari(columns, env, robot):
  """As Farama's maze data sets are: dict observations, states in infos.

  Args: `robot` are the columns of the observation under that key.
  """
  episodes = []
  stops = np.flatnonzero(columns['timeouts']) + 1
  for start, stop in zip([0, *stops[:-1]], stops, strict=True):
    rows = slice(start, stop)  # one more state than steps
    steps = slice(start, stop - 1)
    observations = columns['observations'][rows].astype(np.float64)
    episodes.append(
      EpisodeBuffer(
        id=None,
        observations={
          'observation': observations[:, robot:],
          'achieved_goal': observations[:, :2],
          'desired_goal': columns['infos/goal'][rows],
        },
        actions=columns['actions'][steps],
        rewards=columns['rewards'][steps],
        terminations=np.zeros(stop - start - 1, bool),
        truncations=np.zeros(stop - start - 1, bool),
        infos={
          'qpos': columns['infos/qpos'][rows],
          'qvel': columns['infos/qvel'][rows],
          'success': columns['rewards'][rows] > 0,
        },
      )
    )
  minari.create_dataset_from_buffers(
    'zoo/maze-v0', episodes, env=env.gym.unwrapped
  )


@pytest.mark.filterwarnings('ignore')
def test_minaris_ant_equals_the_file(antmaze, ant, tmp_path, monkeypatch):
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path))
  write_minari(antmaze, ant, robot=2)
  found = load('minari:zoo/maze-v0', ant)
  expected = load(write_hdf5(tmp_path / 'a.hdf5', antmaze), ant)
  for key in 'observations actions next_observations terminals goal'.split():
    np.testing.assert_array_equal(getattr(found, key), getattr(expected, key))
  np.testing.assert_array_equal(found.qpos, expected.qpos)
  convert.convert('minari:zoo/maze-v0', str(tmp_path / 'copy.npz'))
  for a, b in zip(
    _arrays(load(str(tmp_path / 'copy.npz'), ant)), _arrays(found), strict=True
  ):
    np.testing.assert_array_equal(a, b)
  with pytest.raises(ValueError, match="of 'AntMaze_Large-v5'; expected of 'P"):
    load(
      'minari:zoo/maze-v0', tasks.make_env(POINT_ID, {'continuing_task': False})
    )


@pytest.mark.filterwarnings('ignore')
def test_minaris_point_equals_the_file(maze2d, point, tmp_path, monkeypatch):
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path))
  maze2d = {**maze2d, 'timeouts': maze2d['timeouts'].copy()}
  maze2d['timeouts'][-1] = True
  write_minari(maze2d, point, robot=0)
  found = load('minari:zoo/maze-v0', point)
  expected = load(write_hdf5(tmp_path / 'm.hdf5', maze2d), point)
  assert len(found.episode_ends) == len(expected.episode_ends) >= 5
  for key in 'observations actions next_observations terminals goal'.split():
    np.testing.assert_array_equal(getattr(found, key), getattr(expected, key))


def test_our_own_are_left_as_they_are(point, tmp_path, monkeypatch, caplog):
  monkeypatch.setenv('MINARI_DATASETS_PATH', str(tmp_path))
  raw = embedded.demonstrations('pointmaze', 6, num_episodes=3)
  demos = load('embedded:pointmaze', point)
  np.testing.assert_array_equal(demos.observations, raw.columns['observations'])
  np.testing.assert_array_equal(demos.terminals, raw.columns['terminals'])
  np.testing.assert_array_equal(demos.timeouts, raw.columns['timeouts'])
  assert (demos.episode_returns == 1.0).all()
  assert 'kept' not in caplog.text
