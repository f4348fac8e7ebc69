"""The mazes against Gymnasium-Robotics' own, and restored states."""

import dataclasses
import json
import os
import pickle

import gin
import gym_envs
import gymnasium
import numpy as np
import pytest

from tfirl import tasks
from tfirl.demos.border import to_demonstrations
from tfirl.envs.gymnasium_env import GymnasiumEnvironment
from tfirl.envs.mazes import goal_maze
from tfirl.envs.wrappers import ExpertReset, TremblingHand

TASKS = {
  'pointmaze': ('PointMaze_Large-v3', {'continuing_task': False}),
  'antmaze_large_diverse': (
    'AntMaze_Large_Diverse_GR-v5',
    {'continuing_task': False, 'include_cfrc_ext_in_observation': False},
  ),
  'antmaze_large_play': (
    'AntMaze_Large-v5',
    {'continuing_task': False, 'include_cfrc_ext_in_observation': False},
  ),
  'antmaze_d4rl': (goal_maze.D4RL_ID, {'continuing_task': False}),
}
# Over 15 steps from restored coordinates, on float32 observations; measured: 0.
TOLERANCE = 1e-6

all_tasks = pytest.mark.parametrize('task', TASKS)


def load(task, seed=0, **kwargs):
  env_id, env_kwargs = TASKS[task]
  return tasks.make_env(env_id, {**env_kwargs, **kwargs}, seed=seed)


def maze(task='pointmaze', kwargs=None, **cells):
  """A `GoalMaze` with cells of its own."""
  env_id, env_kwargs = TASKS[task]
  goal_maze.register(env_id)
  env = gymnasium.make(env_id, **{**env_kwargs, **(kwargs or {})})
  return goal_maze.GoalMaze(env, **cells)


def wrapped(cells, **kwargs):
  return GymnasiumEnvironment(maze(kwargs=kwargs, **cells), 0)


@all_tasks
def test_equals_gymnasium_robotics_flattened_in_order(task):
  env = load(task, seed=7)
  env_id, kwargs = TASKS[task]
  reference = gymnasium.make(env_id, **kwargs)

  def expected_of(observation):
    head = [] if task == 'pointmaze' else [observation['achieved_goal']]
    parts = [*head, observation['observation'], observation['desired_goal']]
    return np.concatenate(parts).astype(np.float32)

  step = env.reset()
  observation, _ = reference.reset(seed=7)
  assert step.observation.shape == (4 + 2 if task == 'pointmaze' else 29 + 2,)
  for action in gym_envs.random_actions(env, 60):
    expected = expected_of(observation)
    np.testing.assert_array_equal(step.observation, expected)
    np.testing.assert_array_equal(
      step.observation[:2], np.float32(observation['achieved_goal'])
    )
    step = env.step(action)
    observation, reward, terminated, truncated, info = reference.step(action)
    assert step.reward == reward and step.discount == 1.0 - terminated
    assert step.is_last() == (terminated or truncated)
    assert env.get_info()['success'] == info['success']


def drive_to_goal(env):
  """Steps the point mass straight at the goal. Returns: the last step."""
  step = env.current_time_step()
  for _ in range(300):
    position, velocity, goal = np.split(step.observation, 3)
    force = np.clip(8 * (goal - position) - 2 * velocity, -1, 1)
    step = env.step(force)
    if step.is_last():
      return step
  return step


@pytest.fixture
def corridor():
  """Start and goal two cells apart in a straight corridor, by gin's names."""
  return {'start_cells': [(1, 1)], 'goal_cells': [(1, 3)]}


def test_the_goal_ends_the_episode_with_success(corridor):
  env = wrapped(corridor)
  env.reset()
  assert env.get_info()['success'] is False
  last = drive_to_goal(env)
  assert last.is_last() and last.reward == 1.0 and last.discount == 0.0
  assert env.get_info()['success'] is True
  assert np.hypot(*(last.observation[:2] - last.observation[4:])) <= 0.45
  env.reset()
  assert env.get_info()['success'] is False


def test_success_stays_when_the_task_goes_on(corridor):
  env = wrapped(corridor, continuing_task=True)
  env.reset()
  while not env.get_info()['success']:
    position, velocity, goal = np.split(env.current_time_step().observation, 3)
    env.step(np.clip(8 * (goal - position) - 2 * velocity, -1, 1))
  state = json.loads(json.dumps(env.get_state()))
  for _ in range(60):
    step = env.step(np.array([-1.0, 0.0]))  # away again
  assert step.reward == 0.0 and env.get_info()['success'] is True
  other = wrapped(corridor, continuing_task=True)
  other.set_state(state)
  for _ in range(60):
    other.step(np.array([-1.0, 0.0]))
  assert other.get_info()['success'] is True


@all_tasks
def test_state_continues_bit_for_bit_in_a_fresh_environment(task):
  env = load(task, seed=3, max_episode_steps=30)
  env.reset()
  actions = gym_envs.random_actions(env, 80)
  for action in actions[:12]:
    env.step(action)
  state = env.get_state()
  copies = [json.loads(json.dumps(state)), pickle.loads(pickle.dumps(state))]
  expected = [env.step(a) for a in actions[12:]]  # through two resets
  assert sum(bool(step.is_first()) for step in expected) == 2
  for copy in copies:
    other = load(task, seed=99, max_episode_steps=30)
    other.set_state(copy)
    assert other.elapsed_steps == 12
    for action, step in zip(actions[12:], expected, strict=True):
      gym_envs.assert_same_step(other.step(action), step)


@pytest.fixture(scope='module', params=TASKS)
def recorded(request, record_random):
  """(task, demonstrations): two episodes of 25 random steps."""
  env = load(request.param, max_episode_steps=25)
  demos = to_demonstrations(record_random(env, 2), env)
  return request.param, dataclasses.replace(demos, source='two.npz')


def test_expert_reset_restores_state_goal_and_clock(recorded):
  task, demos = recorded
  env = ExpertReset(load(task, seed=5), demos, 1.0, seed=3)
  data, rows = env.gym.unwrapped.data, set()
  for _ in range(6):
    step = env.reset()
    (row,) = np.flatnonzero((demos.observations == step.observation).all(1))
    rows.add(int(row))
    np.testing.assert_array_equal(data.qpos, demos.qpos[row])
    np.testing.assert_array_equal(data.qvel, demos.qvel[row])
    np.testing.assert_array_equal(env.maze.goal, demos.goal[row])
    target = env.gym.unwrapped.target_site_id
    drawn = env.gym.unwrapped.model.site_pos[target][:2]
    np.testing.assert_array_equal(drawn, demos.goal[row])
    assert env.elapsed_steps == row % 25
    assert env.get_info() == {}
    # As the recorded episode went on.
    for i in range(row, min(row + 15, 25 * (row // 25 + 1))):
      found = env.step(demos.actions[i])
      np.testing.assert_allclose(
        found.observation, demos.next_observations[i], rtol=0, atol=TOLERANCE
      )
  assert len(rows) > 2
  env.restore_mujoco(
    demos.qpos[0], demos.qvel[0], 999 if 'ant' in task else 799, demos.goal[0]
  )
  assert env.step(demos.actions[0]).is_last()


def test_a_restored_goal_is_the_one_that_is_reached(corridor):
  env = wrapped(corridor)
  env.reset()
  goal = env.maze.map.center((3, 1))
  start = env.maze.map.center((1, 1))
  step = env.restore_mujoco(start, np.zeros(2), 10, goal)
  np.testing.assert_allclose(step.observation, [*start, 0, 0, *goal], 1e-6)
  last = drive_to_goal(env)
  assert last.reward == 1.0
  np.testing.assert_allclose(last.observation[4:], goal, 1e-6)


def test_resets_of_a_maze_need_goals(recorded):
  task, demos = recorded
  without = dataclasses.replace(demos, goal=None)
  with pytest.raises(ValueError, match='goal of two.npz is nothing.*expected'):
    ExpertReset(load(task), without, 0.5)
  # What is asked for only when it is used.
  ExpertReset(load(task), without, 0.0)
  short = dataclasses.replace(demos, qpos=demos.qpos[:, 1:])
  with pytest.raises(ValueError, match='qpos of two.npz is shape'):
    ExpertReset(load(task), short, 0.5)


def test_restoring_refuses_a_missing_goal_and_one_in_a_wall():
  env = load('pointmaze')
  with pytest.raises(ValueError, match='goal is None; expected x-y of the maz'):
    env.restore_mujoco(np.zeros(2), np.zeros(2), 0)
  wall = env.maze.map.center((2, 2))
  with pytest.raises(ValueError, match='PointMaze_Large-v3: goal is .*free c'):
    env.restore_mujoco(np.zeros(2), np.zeros(2), 0, wall)
  hopper = tasks.make_env('Hopper-v5')
  with pytest.raises(ValueError, match=r'Hopper-v5: goal is .*expected none'):
    hopper.restore_mujoco(np.zeros(6), np.zeros(6), 0, np.zeros(2))


def test_a_trembling_hand_passes_the_goal_on(recorded):
  task, demos = recorded
  env = TremblingHand(load(task), 0.5, seed=0)
  env.restore_mujoco(demos.qpos[3], demos.qvel[3], 3, demos.goal[3])
  np.testing.assert_array_equal(env.maze.goal, demos.goal[3])


def test_bound_cells_are_drawn_as_often_and_never_alike():
  cells = [(1, 1), (7, 10), (1, 9)]
  env = maze(start_cells=cells, goal_cells=cells)
  pairs = []
  for i in range(300):
    observation, _ = env.reset(seed=1 if i == 0 else None)
    ends = env.map.cell(np.stack([observation[:2], observation[4:]]))
    pairs.append(tuple(map(tuple, ends.tolist())))
  counts = [pairs.count((a, b)) for a in cells for b in cells if a != b]
  assert sum(counts) == 300
  # 4 standard deviations: 4 * sqrt(300 * 5 / 36) = 26.
  assert min(counts) > 50 - 26 and max(counts) < 50 + 26


def test_one_bound_end_leaves_the_other_to_the_map():
  env = maze('antmaze_large_diverse', goal_cells=[(1, 1)])
  starts = set()
  for i in range(100):
    observation, _ = env.reset(seed=i)
    assert env.map.cell(observation[-2:]).tolist() == [1, 1]
    starts.add(tuple(env.map.cell(observation[:2]).tolist()))
  # The map marks eight cells, and the goal's is one of them.
  assert len(starts) == 7 and (1, 1) not in starts


def test_bound_cells_follow_the_seed():
  cells = {'start_cells': [(1, 1), (1, 9)], 'goal_cells': [(7, 10), (7, 1)]}
  first = [maze(**cells).reset(seed=s)[0] for s in range(8)]
  again = [maze(**cells).reset(seed=s)[0] for s in range(8)]
  np.testing.assert_array_equal(first, again)
  assert len({tuple(o.round()) for o in first}) > 2


@pytest.mark.parametrize(
  'cells, message',
  [
    ({'goal_cells': [(1, 1), (2, 2)]}, r'goal_cells holds \(2, 2\), a wall of'),
    ({'start_cells': [(0, 0)]}, r'start_cells holds \(0, 0\), a wall of Poin'),
    ({'goal_cells': [(3, 40)]}, r'holds \(3, 40\).*off its map.*\[1, 1\]'),
    ({'goal_cells': []}, r'goal_cells is \[\]; expected a list of \(row, c'),
    ({'goal_cells': [(1.5, 1.0)]}, 'expected a list of'),
    ({'start_cells': [(1, 1)], 'goal_cells': [(1, 1)]}, r'leave \[1, 1\] for'),
  ],
)
def test_cells_it_refuses(cells, message):
  with pytest.raises(ValueError, match=f'GoalMaze.*{message}'):
    maze(**cells)


def test_the_models_file_does_not_stay():
  env = load('pointmaze')
  assert not os.path.exists(env.gym.unwrapped.tmp_xml_file_path)


def test_a_maze_of_another_task_is_no_maze():
  assert tasks.make_env('Hopper-v5').maze is None
  assert load('pointmaze').maze is not None


def test_gin_binds_the_cells():
  gin.parse_config(
    ['GoalMaze.start_cells = [(7, 1)]', 'GoalMaze.goal_cells = [(1, 1)]']
  )
  env = load('antmaze_large_play')
  ends = env.reset().observation[[0, 1, 29, 30]].reshape(2, 2)
  ends = env.maze.map.cell(ends)
  assert ends.tolist() == [[7, 1], [1, 1]]
