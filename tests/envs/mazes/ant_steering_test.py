"""The task of an ant that is told which way to run."""

import json

import numpy as np
import pytest

from tfirl import tasks
from tfirl.envs.mazes import ant_frame, ant_steering


@pytest.fixture
def env():
  env = tasks.make_env(ant_steering.ENV_ID, seed=3)
  yield env
  env.close()


def _place(env, yaw, velocity, goal):
  """Stands in cell (1, 1), whose centre is (-18, 12)."""
  task = env.gym.unwrapped
  qpos, qvel = task.ant_env.init_qpos.copy(), np.zeros(14)
  qpos[:2] = -18.0, 12.0
  qpos[3:7] = np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)
  qvel[:2] = velocity
  task.ant_env.set_state(qpos, qvel)
  task.set_state({'goal': goal})
  return task


def test_sizes(env):
  assert env.observation_spec().shape == (ant_frame.OBSERVATION_SIZE,)
  assert env.action_spec().shape == (ant_frame.ACTION_SIZE,)
  assert env.max_episode_steps == 500 and env.maze is None


def test_starts_all_over_the_maze_at_any_yaw(env):
  task = env.gym.unwrapped
  places, sides = [], []
  for _ in range(60):
    observation = env.reset().observation
    places.append(task.data.qpos[:2].copy())
    w, z = task.data.qpos[[3, 6]]
    sides.append(int(np.round(4 * np.arctan2(z, w) / np.pi)) % 4)
    assert np.abs(observation).max() < 2.0
    assert np.linalg.norm(task.data.qpos[:2] - task._goal) > 2.0
  assert task._map.is_free(np.array(places)).all()
  assert len({tuple(cell) for cell in task._map.cell(places).tolist()}) > 20
  assert set(sides) == {0, 1, 2, 3}


def test_same_seed_same_episode(env):
  def episode(seed):
    env.seed(seed)
    rng = np.random.default_rng(0)
    steps = [env.reset()]
    for _ in range(20):
      steps.append(env.step(rng.uniform(-1, 1, 8).astype(np.float32)))
    return np.stack([step.observation for step in steps])

  first = episode(1)
  np.testing.assert_array_equal(episode(1), first)
  assert not np.array_equal(episode(2), first)


def test_pays_the_speed_along_the_way(env):
  env.reset()
  rewards = {}
  for name, velocity in {
    'ahead': [2, 0],
    'back': [-2, 0],
    'on': [9, 0],
  }.items():
    # The way from (1, 1) to (1, 4) leads along +x.
    task = _place(env, 0.0, velocity, [-6.0, 12.0])
    before = task.data.qpos[0]
    _, reward, terminated, _, info = task.step(np.full(8, 0.5))
    speed = (task.data.qpos[0] - before) / 0.05
    assert info['speed'] == pytest.approx(speed, abs=1e-3) and not terminated
    state = task.data.qpos[2:]
    posture = 0.3 * ant_frame.uprightness(state)
    posture += 0.5 * ant_frame.facing(state, np.array([1.0, 0.0]))
    # 8 actions of 0.5 are an effort of 2.
    expected = min(speed, 2.5) + posture - 0.05 * 2.0
    assert reward == pytest.approx(expected, abs=1e-3)
    rewards[name] = reward
  assert rewards['back'] < -1 < 1 < rewards['ahead'] < rewards['on'] < 3.3


def test_a_goal_reached_makes_place_for_another(env):
  env.reset()
  task = _place(env, 0.0, [0, 0], [-17.7, 12.0])
  goals = set()
  for _ in range(3):
    task.step(np.zeros(8))
    goals.add(tuple(task._goal))
  assert len(goals) == 1  # the new one is far away
  (goal,) = goals
  assert np.linalg.norm(np.array(goal) - [-18, 12]) > 2


def test_ends_when_it_tips_over(env):
  env.reset()
  task = env.gym.unwrapped
  qpos = task.ant_env.init_qpos.copy()
  qpos[:3] = -18.0, 12.0, 1.5
  qpos[3:7] = np.cos(0.9), np.sin(0.9), 0, 0  # 103 degrees
  task.ant_env.set_state(qpos, np.zeros(14))
  task.set_state({'goal': [-6.0, 12.0]})
  _, reward, terminated, truncated, _ = task.step(np.zeros(8))
  assert terminated and not truncated and reward < 1


def test_state_continues_bit_for_bit(env):
  rng = np.random.default_rng(0)
  actions = rng.uniform(-0.3, 0.3, (60, 8)).astype(np.float32)
  env.reset()
  for action in actions[:20]:
    env.step(action)
  state = json.loads(json.dumps(env.get_state()))
  expected = [env.step(action) for action in actions[20:]]
  other = tasks.make_env(ant_steering.ENV_ID, seed=9)
  other.reset()
  other.set_state(state)
  for action, step in zip(actions[20:], expected, strict=True):
    found = other.step(action)
    np.testing.assert_array_equal(found.observation, step.observation)
    assert found.reward == step.reward
  other.close()
