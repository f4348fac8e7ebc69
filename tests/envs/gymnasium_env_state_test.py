"""The adapter's state, and MuJoCo's: taken, kept, restored."""

import json
import pickle

import gym_envs
import gymnasium
import numpy as np
import pytest

from tfirl.envs.gymnasium_env import GymnasiumEnvironment

# Over 20 steps from a restored qpos and qvel. Measured on float32
# observations: 0 on Hopper, Walker2d and Ant, 2e-6 on Humanoid.
RESTORE_TOLERANCE = 1e-5

all_tasks = pytest.mark.parametrize('task', gym_envs.TASKS)


@all_tasks
def test_state_continues_bit_for_bit_in_a_fresh_environment(task):
  env = gym_envs.make(task, seed=3)
  env.reset()
  actions = gym_envs.random_actions(env, 80)
  for action in actions[:12]:
    env.step(action)
  state = env.get_state()
  copies = [json.loads(json.dumps(state)), pickle.loads(pickle.dumps(state))]
  expected = [env.step(a) for a in actions[12:]]  # through several resets
  for copy in copies:
    other = gym_envs.make(task, seed=99)
    other.set_state(copy)
    assert other.elapsed_steps == 12
    for action, step in zip(actions[12:], expected, strict=True):
      gym_envs.assert_same_step(other.step(action), step)


def test_state_before_the_first_reset_keeps_the_seed():
  state = gym_envs.make(seed=5).get_state()
  other = gym_envs.make(seed=6)
  other.set_state(state)
  gym_envs.assert_same_step(
    other.step(np.zeros(3)), gym_envs.make(seed=5).reset()
  )


def test_state_at_the_end_of_an_episode_still_resets():
  env = gym_envs.make(seed=1, max_episode_steps=2)
  env.reset()
  env.step(np.zeros(3))
  env.step(np.zeros(3))
  other = gym_envs.make(seed=2, max_episode_steps=2)
  other.set_state(env.get_state())
  gym_envs.assert_same_step(other.current_time_step(), env.current_time_step())
  gym_envs.assert_same_step(other.step(np.zeros(3)), env.step(np.zeros(3)))
  assert other.current_time_step().is_first()


class _OldRandom(gymnasium.Env):
  """Observes random numbers, of a generator that gymnasium does not make."""

  observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,))
  action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))

  def __init__(self, rng):
    self.np_random = rng

  def reset(self, *, seed=None, options=None):
    return np.array([self.np_random.normal()]), {}

  def step(self, action):
    return *self.reset()[:1], 0.0, True, False, {}


@pytest.mark.parametrize(
  'make_rng', [np.random.RandomState, np.random.default_rng]
)
def test_generators_of_both_kinds_go_on(make_rng):
  env = GymnasiumEnvironment(_OldRandom(make_rng(3)), 0)
  env.reset()
  state = env.get_state()
  expected = [env.reset().observation for _ in range(3)]
  other = GymnasiumEnvironment(_OldRandom(make_rng(4)), 0)
  other.set_state(state)  # begins an episode
  found = [other.current_time_step(), other.reset(), other.reset()]
  assert [step.observation for step in found] == expected


def test_a_generator_of_no_known_kind_has_no_state():
  env = GymnasiumEnvironment(_OldRandom(gym_envs), 0)
  assert env.get_state()['rng'] is None


@all_tasks
def test_recorded_coordinates_continue_to_tolerance(task):
  env = gym_envs.make(task)
  env.reset()
  actions = gym_envs.random_actions(env, 30) * 0.3
  for action in actions[:10]:
    before = env.step(action)
  data = env.gym.unwrapped.data
  qpos, qvel, time_s = data.qpos.copy(), data.qvel.copy(), data.time
  expected = [env.step(a) for a in actions[10:]]
  ends = [i for i, step in enumerate(expected, 1) if step.is_last()]
  num_steps = ends[0] if ends else 20
  assert num_steps >= 5
  other = gym_envs.make(task, seed=99)
  first = other.restore_mujoco(qpos, qvel, 10)
  assert first.is_first()
  np.testing.assert_array_equal(first.observation, before.observation)
  assert other.gym.unwrapped.data.time == pytest.approx(time_s, abs=1e-12)
  assert not other.gym.unwrapped.data.qacc_warmstart.any()
  for action, step in zip(
    actions[10:][:num_steps], expected[:num_steps], strict=True
  ):
    found = other.step(action)
    np.testing.assert_allclose(
      found.observation, step.observation, rtol=0, atol=RESTORE_TOLERANCE
    )
    assert found.step_type == step.step_type


def test_restoring_counts_the_time_limit_from_there():
  env = gym_envs.make('ant', max_episode_steps=10)
  data = env.gym.unwrapped.data
  env.reset()
  env.restore_mujoco(data.qpos.copy(), data.qvel.copy(), 8)
  assert env.elapsed_steps == 8
  assert not env.step(np.zeros(8)).is_last()
  last = env.step(np.zeros(8))
  assert last.is_last() and last.discount == 1.0
  assert env.step(np.zeros(8)).is_first() and env.elapsed_steps == 0


@pytest.mark.parametrize(
  'change, message',
  [
    ({'qpos': np.zeros(5)}, r'qpos has shape \(5,\); expected \(6,\)'),
    ({'qvel': np.full(6, np.nan)}, 'qvel holds a non-finite value'),
    ({'elapsed_steps': 1000}, 'elapsed_steps is 1000.*time limit of 1000'),
    ({'elapsed_steps': -1}, 'elapsed_steps is -1'),
  ],
)
def test_restoring_refuses(change, message):
  state = {'qpos': np.zeros(6), 'qvel': np.zeros(6), 'elapsed_steps': 0}
  with pytest.raises(ValueError, match=message):
    gym_envs.make().restore_mujoco(**{**state, **change})


def test_without_mujoco_the_state_is_a_fresh_episode_of_the_same_stream():
  def make_pendulum(seed):
    return GymnasiumEnvironment(gymnasium.make('Pendulum-v1'), seed)

  env = make_pendulum(3)
  env.reset()
  for _ in range(5):
    env.step([1.0])
  state = json.loads(json.dumps(env.get_state()))
  other = make_pendulum(99)
  other.set_state(state)
  found = other.current_time_step()
  assert found.is_first() and other.elapsed_steps == 0
  gym_envs.assert_same_step(found, env.reset())
  for _ in range(200):
    last = other.step([1.0])
  assert last.is_last()


def test_without_mujoco_a_pending_seed_is_kept():
  def make_pendulum(seed):
    return GymnasiumEnvironment(gymnasium.make('Pendulum-v1'), seed)

  other = make_pendulum(6)
  other.set_state(make_pendulum(5).get_state())
  gym_envs.assert_same_step(other.reset(), make_pendulum(5).reset())


def test_state_of_another_kind_of_environment_is_refused():
  pendulum = GymnasiumEnvironment(gymnasium.make('Pendulum-v1'), 0)
  with pytest.raises(ValueError, match='without a simulation; expected one wi'):
    gym_envs.make().set_state(pendulum.get_state())
  with pytest.raises(ValueError, match='expected one without'):
    pendulum.set_state(gym_envs.make().get_state())
