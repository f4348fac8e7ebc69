"""A planner and an actor make an ant run through AntMaze."""

import numpy as np
import pytest

from tfirl import tasks
from tfirl.acting import MlpPolicy
from tfirl.demos.experts.ant_controller import AntController
from tfirl.envs.mazes import ant_frame, ant_steering


def _actor(num_observations=29, num_actions=8):
  rng = np.random.default_rng(0)
  kernel = rng.normal(size=(num_observations, num_actions)) / 10
  return MlpPolicy([(kernel, np.zeros(num_actions))], num_actions)


@pytest.fixture(scope='module')
def maze():
  env = tasks.make_env(
    'AntMaze_Large_Diverse_GR-v5',
    {'continuing_task': False, 'include_cfrc_ext_in_observation': False},
  )
  yield env
  env.close()


def test_does_what_it_was_trained_to_do(maze):
  """State for state, it acts as the actor would in the training task."""
  actor = _actor()
  controller = AntController(maze.maze.map, actor)
  steering = tasks.make_env(ant_steering.ENV_ID, seed=0)
  task = steering.gym.unwrapped
  step = steering.reset()
  for _ in range(30):
    if step.is_last():
      break
    data = task.data
    goal = np.asarray(task.get_state()['goal'])
    observed = maze.restore_mujoco(data.qpos, data.qvel, 0, goal).observation
    assert observed.shape == (31,)
    canonical = actor(step.observation)
    np.testing.assert_allclose(
      controller(observed),
      ant_frame.to_actuators(canonical, task._quarters),
      atol=1e-4,
    )
    step = steering.step(canonical)
  steering.close()


def test_noise_needs_a_generator_and_is_part_of_the_action(maze):
  observation = maze.reset().observation
  quiet = AntController(maze.maze.map, _actor())
  noisy = AntController(maze.maze.map, _actor(), noise=0.1)
  np.testing.assert_array_equal(noisy(observation), quiet(observation))
  rng = np.random.default_rng(0)
  actions = np.stack([noisy(observation, rng) for _ in range(2000)])
  np.testing.assert_allclose(actions.std(0), 0.1, rtol=0.1)
  np.testing.assert_allclose(actions.mean(0), quiet(observation), atol=0.01)
  wild = AntController(maze.maze.map, _actor(), noise=10.0)
  assert np.abs(wild(observation, rng)).max() == 1.0


@pytest.mark.parametrize('sizes', [(27, 8), (29, 6)])
def test_another_actor_is_refused(maze, sizes):
  with pytest.raises(ValueError, match=r'sizes \(.*\); expected \(29, 8\)'):
    AntController(maze.maze.map, _actor(*sizes))


def test_negative_noise_is_refused(maze):
  with pytest.raises(ValueError, match='noise is -0.1; expected 0 or more'):
    AntController(maze.maze.map, _actor(), noise=-0.1)
