"""D4RL's AntMaze: its numbers, as D4RL's sources state them, and its frame.

What all mazes have in common is in mazes_test.py.
"""

import importlib.util
import pathlib
import pickle
import xml.etree.ElementTree as ET

import gymnasium
import mujoco
import numpy as np
import pytest

from tfirl import tasks
from tfirl.envs.mazes import goal_maze

# d4rl/locomotion/maze_env.py: HARDEST_MAZE_TEST.
MAP = """
############
#R   #     #
# ## # # # #
#      #   #
# #### ### #
#  # #     #
## # # # ###
#  #   # G #
############
""".split('\n')[1:-1]
# D4RL's x-y of a cell (row, column): 4 m times (column - 1, row - 1).
PLACES = {(1, 1): (0, 0), (7, 9): (32, 24), (1, 10): (36, 0), (7, 1): (0, 24)}


@pytest.fixture(scope='module')
def env():
  return tasks.make_env(goal_maze.D4RL_ID, seed=1)


@pytest.fixture(scope='module')
def model(env):
  return env.gym.unwrapped.model


# Prefixes of a model's arrays that physics reads; others are for pictures,
# names and memory.
_PHYSICS = (
  *('body_', 'jnt_', 'dof_', 'actuator_', 'qpos', 'geom_pos', 'geom_quat'),
  *('geom_size', 'geom_type', 'geom_bodyid', 'geom_friction', 'geom_margin'),
  *('geom_gap', 'geom_sol', 'geom_con', 'geom_priority'),
)


def test_the_ant_has_d4rls_numbers(env, model):
  """d4rl/locomotion/assets/ant.xml; frame_skip: d4rl/locomotion/ant.py."""
  assert (model.opt.timestep, env.gym.unwrapped.ant_env.frame_skip) == (0.02, 5)
  assert env.maze.step_s == pytest.approx(0.1)
  assert model.opt.integrator == mujoco.mjtIntegrator.mjINT_RK4
  np.testing.assert_array_equal(model.actuator_gear[:, 0], 1.0)
  np.testing.assert_array_equal(model.actuator_ctrlrange, [[-30.0, 30.0]] * 8)
  np.testing.assert_array_equal(
    model.geom_solimp[:, :3], [[0.8, 0.8, 0.01]] * 76
  )
  np.testing.assert_array_equal(model.geom_friction, [[1.0, 0.5, 0.5]] * 76)
  # A ball of radius 0.25 m, and four legs' last capsules of radius 0.08 m and
  # length 0.4 * sqrt(2) m, of density 5.
  assert model.body('torso').mass[0] == pytest.approx(
    5 * 4 / 3 * np.pi * 0.25**3
  )
  assert model.body_mass.max() == pytest.approx(model.body('torso').mass[0])
  shin = 5 * np.pi * 0.08**2 * (0.4 * 2**0.5 + 4 / 3 * 0.08)
  assert np.isclose(model.body_mass, shin).sum() == 4
  assert env.max_episode_steps == 1000
  assert env.maze.success_radius == 0.5


def test_gymnasiums_ant_has_others():
  """So that what is asserted above is a change, and all of it."""
  model = tasks.make_env('AntMaze_Large-v5').gym.unwrapped.model
  assert model.opt.timestep == 0.01
  np.testing.assert_array_equal(model.actuator_gear[:, 0], 150.0)
  np.testing.assert_array_equal(model.actuator_ctrlrange, [[-1.0, 1.0]] * 8)
  assert not np.isclose(model.geom_solimp[:, :2], 0.8).any()


def d4rls_model():
  """Of D4RL's own ant, with walls where D4RL's maze_env.py has them."""
  package = pathlib.Path(importlib.util.find_spec('d4rl').origin).parent
  tree = ET.parse(package / 'locomotion' / 'assets' / 'ant.xml')
  for row, line in enumerate(MAP):
    for column, mark in enumerate(line):
      if mark == '#':
        ET.SubElement(
          tree.find('worldbody'),
          'geom',
          type='box',
          pos=f'{4 * column - 4} {4 * row - 4} 1',
          size='2 2 1',
          contype='1',
          conaffinity='1',
        )
  return mujoco.MjModel.from_xml_string(ET.tostring(tree.getroot(), 'unicode'))


def test_equals_d4rls_own_model_to_the_bit(env, model):
  """Wherever physics reads it; and so do 40 steps at a wall."""
  theirs = d4rls_model()
  names = [
    name
    for name in dir(theirs)
    if name.startswith(_PHYSICS)
    and isinstance(getattr(theirs, name), np.ndarray)
  ]
  assert len(names) > 100
  for name in names:
    np.testing.assert_array_equal(
      getattr(model, name), getattr(theirs, name), err_msg=name
    )
  for name in ('timestep', 'integrator', 'solver', 'iterations', 'tolerance'):
    assert getattr(model.opt, name) == getattr(theirs.opt, name)
  qpos = np.array([0.4, -1.2, 0.6, 1, 0, 0, 0, 0, 1, 0, -1, 0, -1, 0, 1])
  env.restore_mujoco(qpos, np.zeros(14), 0, np.array([32.0, 24.0]))
  data = mujoco.MjData(theirs)
  data.qpos[:] = qpos
  mujoco.mj_forward(theirs, data)
  data.qacc_warmstart[:] = 0
  rng = np.random.default_rng(0)
  touched = False
  for _ in range(40):
    action = rng.uniform(-1, 1, 8).astype(np.float32)
    env.step(action)
    data.ctrl[:] = 30.0 * action
    mujoco.mj_step(theirs, data, nstep=5)
    ours = env.gym.unwrapped.data
    np.testing.assert_array_equal(ours.qpos, data.qpos)
    np.testing.assert_array_equal(ours.qvel, data.qvel)
    walls = data.contact.geom1[: data.ncon], data.contact.geom2[: data.ncon]
    touched |= bool((np.maximum(*walls) >= 14).any())
  assert touched


def test_actions_are_of_the_whole_range(env):
  env.reset()
  action = np.array([1, -1, 0.5, -0.5, 0, 0.1, 0, 0], np.float32)
  env.step(action)
  ctrl = env.gym.unwrapped.data.ctrl
  np.testing.assert_allclose(ctrl, [30, -30, 15, -15, 0, 3, 0, 0], rtol=1e-6)
  np.testing.assert_array_equal(env.action_high, 1.0)
  np.testing.assert_array_equal(env.action_low, -1.0)


def test_the_map_is_d4rls(env):
  walls = [[mark == '#' for mark in line] for line in MAP]
  np.testing.assert_array_equal(env.maze.map.is_wall, walls)
  assert env.maze.map.extent == (-6.0, 42.0, -6.0, 30.0)
  for cell, xy in PLACES.items():
    np.testing.assert_array_equal(env.maze.map.center(cell), xy)
    np.testing.assert_array_equal(env.maze.map.cell(xy), cell)
    assert env.maze.map.is_free(np.array(xy))


def test_the_frame_is_gymnasium_robotics_mirrored_and_moved(env):
  """x + 18, 12 - y: cell (1, 1) is at (-18, 12) there, and at the origin."""
  theirs = tasks.make_env('AntMaze_Large-v5').maze.map
  np.testing.assert_array_equal(theirs.center((1, 1)), [-18.0, 12.0])
  rng = np.random.default_rng(0)
  xy = rng.uniform([-24, -18], [24, 18], (500, 2))
  moved = xy * [1, -1] + [18, 12]
  np.testing.assert_array_equal(theirs.cell(xy), env.maze.map.cell(moved))
  free = theirs.is_free(xy)
  np.testing.assert_array_equal(free, env.maze.map.is_free(moved))
  assert 100 < free.sum() < 400
  # It matters: unmoved, many of those in free cells are not.
  assert not env.maze.map.is_free(xy[free]).all()


def test_starts_and_goals_are_noisy_as_d4rls():
  env = tasks.make_env(goal_maze.D4RL_ID)
  states, goals = [], []
  for seed in range(300):
    env.seed(seed)
    step = env.reset()
    states.append(step.observation[:29])
    goals.append(env.maze.goal)
    np.testing.assert_array_equal(step.observation[29:], np.float32(goals[-1]))
  states, goals = np.array(states), np.array(goals)
  rest = np.array([0, 0, 0.75, 1, *[0] * 11])
  off = np.abs(states[:, :15] - rest).max(axis=0)
  assert (off <= 0.1 + 1e-6).all() and (off > 0.095).all()
  # 300 x 14 normal deviates: their deviation is 0.1 within 4 / sqrt(2 * 4200).
  assert states[:, 15:].std() == pytest.approx(0.1, rel=4 / 8400**0.5)
  # Two uniform draws, of 1 m and 0.5 m: mean 0.75, variance (1 + 0.25) / 12.
  offsets = goals - [32.0, 24.0]
  assert offsets.min() >= 0 and offsets.max() <= 1.5
  assert offsets.mean() == pytest.approx(0.75, abs=4 * (1.25 / 12 / 600) ** 0.5)
  assert offsets.std() == pytest.approx((1.25 / 12) ** 0.5, rel=0.1)


def test_resets_follow_the_seed():
  first, second = (tasks.make_env(goal_maze.D4RL_ID) for _ in range(2))
  for env in (first, second):
    env.seed(5)
  for _ in range(3):
    np.testing.assert_array_equal(
      first.reset().observation, second.reset().observation
    )


def test_cells_can_be_bound():
  goal_maze.register(goal_maze.D4RL_ID)
  env = goal_maze.GoalMaze(
    gymnasium.make(goal_maze.D4RL_ID),
    start_cells=[(7, 1)],
    goal_cells=[(1, 10), (3, 5)],
  )
  goals = set()
  for seed in range(12):
    observation, _ = env.reset(seed=seed)
    np.testing.assert_allclose(observation[:2], [0.0, 24.0], atol=0.1 + 1e-6)
    goals.add(tuple(env.map.cell(observation[29:]).tolist()))
  assert goals == {(1, 10), (3, 5)}


def lying(env, distance):
  """The step in which the ant lies still, so far (m) from its goal."""
  goal = np.array([32.5, 24.5])
  qpos = np.array([0, 0, 0.3, 1, 0, 0, 0, 0, 1, 0, -1, 0, -1, 0, 1])
  qpos[:2] = goal - [distance, 0.0]
  env.restore_mujoco(qpos, np.zeros(14), 5, goal)
  step = env.step(np.zeros(8, np.float32))
  found = np.linalg.norm(step.observation[:2] - goal)
  assert found == pytest.approx(distance, abs=0.01)
  return step


def test_the_goal_is_reached_at_half_a_metre(env):
  far = lying(env, 0.52)
  assert (far.reward, far.discount, bool(far.is_last())) == (0.0, 1.0, False)
  assert env.get_info()['success'] is False
  # Gymnasium-Robotics' 0.45 m is less.
  near = lying(env, 0.48)
  assert (near.reward, near.discount, bool(near.is_last())) == (1.0, 0.0, True)
  assert env.get_info()['success'] is True
  env.reset()
  assert env.get_info()['success'] is False


def test_success_stays_when_the_task_goes_on():
  env = tasks.make_env(goal_maze.D4RL_ID, {'continuing_task': True})
  env.reset()
  step = lying(env, 0.48)
  assert step.reward == 1.0 and not step.is_last()
  for _ in range(30):
    step = env.step(np.full(8, 0.9, np.float32))
  assert env.get_info()['success'] is True


def test_a_copy_is_made_as_it_was():
  goal_maze.register(goal_maze.D4RL_ID)
  env = gymnasium.make(goal_maze.D4RL_ID, continuing_task=True).unwrapped
  copy = pickle.loads(pickle.dumps(env))
  assert copy.continuing_task is True
  assert copy.observation_space == env.observation_space
  np.testing.assert_array_equal(copy.model.geom_pos, env.model.geom_pos)


def test_a_copy_keeps_a_map_that_was_given():
  rows = [[1] * 5, [1, 'r', 0, 'c', 1], [1, 1, 1, 'g', 1], [1] * 5]
  env = tasks.make_env(goal_maze.D4RL_ID, {'maze_map': rows}).gym.unwrapped
  copy = pickle.loads(pickle.dumps(env))
  for maze in (env.maze, copy.maze):
    np.testing.assert_array_equal(maze.unique_reset_locations, [[0, 0], [8, 0]])
    np.testing.assert_array_equal(maze.unique_goal_locations, [[8, 4], [8, 0]])


def test_what_it_does_not_know_is_refused():
  with pytest.raises(
    ValueError, match="env_kwargs is {'reset_target': True}; making it failed"
  ):
    tasks.make_env(goal_maze.D4RL_ID, {'reset_target': True})


def test_a_goal_in_a_wall_is_refused(env):
  wall = env.maze.map.center((2, 2))
  with pytest.raises(
    ValueError,
    match=rf'{goal_maze.D4RL_ID}: goal is .*x, y = \(-6.0, 42.0, -6.0, 3',
  ):
    env.restore_mujoco(np.zeros(15), np.zeros(14), 0, wall)
