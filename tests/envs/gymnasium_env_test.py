"""The adapter against gymnasium itself, and its borders."""

import gym_envs
import gymnasium
import numpy as np
import pytest

from tfirl.envs.gymnasium_env import GymnasiumEnvironment

all_tasks = pytest.mark.parametrize('task', gym_envs.TASKS)


@all_tasks
def test_equals_gymnasium_bit_for_bit(task):
  env_id, kwargs = gym_envs.TASKS[task]
  env = gym_envs.make(task, seed=7)
  reference = gymnasium.make(env_id, **kwargs)
  center = (reference.action_space.high + reference.action_space.low) / 2
  scale = (reference.action_space.high - reference.action_space.low) / 2
  step = env.reset()
  observation, _ = reference.reset(seed=7)
  num_resets = 0
  for action in gym_envs.random_actions(env, 200):
    np.testing.assert_array_equal(
      step.observation, observation.astype(np.float32)
    )
    if step.is_last():
      step, (observation, _) = env.step(action), reference.reset()
      assert step.is_first()
      num_resets += 1
      continue
    step = env.step(action)
    observation, reward, terminated, truncated, _ = reference.step(
      center + scale * action
    )
    assert step.reward == np.float32(reward)
    assert step.reward.dtype == step.observation.dtype == np.float32
    assert step.discount == 1.0 - terminated
    assert step.is_last() == (terminated or truncated)
  assert num_resets >= 2 or task == 'ant'


def test_a_time_out_bootstraps():
  env = gym_envs.make('ant', max_episode_steps=3)
  env.reset()
  steps = [env.step(np.zeros(8)) for _ in range(4)]
  assert [int(s.step_type) for s in steps] == [1, 1, 2, 0]
  assert [float(s.discount) for s in steps] == [1, 1, 1, 1]
  assert env.max_episode_steps == 3


def test_a_fall_does_not_even_at_the_time_limit():
  env = gym_envs.make(seed=4)
  env.reset()
  actions = gym_envs.random_actions(env, 200)
  num_steps = next(i for i, a in enumerate(actions, 1) if env.step(a).is_last())
  assert env.current_time_step().discount == 0.0
  env = gym_envs.make(seed=4, max_episode_steps=num_steps)
  env.reset()
  for action in actions[:num_steps]:
    last = env.step(action)
  assert last.is_last() and last.discount == 0.0


def test_seed_makes_the_next_reset_start_from_it():
  env = gym_envs.make(seed=1)
  first, second = env.reset(), env.reset()
  assert (first.observation != second.observation).any()
  env.seed(np.int64(1))
  gym_envs.assert_same_step(env.reset(), first)
  gym_envs.assert_same_step(env.reset(), second)


def test_humanoid_actions_reach_its_own_range():
  env = gym_envs.make('humanoid')
  env.reset()
  assert env.action_spec().minimum == -1 and env.action_spec().maximum == 1
  for sign in (-1, 1):
    env.step(np.full(17, sign, np.float32))
    bound = env.action_high if sign > 0 else env.action_low
    np.testing.assert_array_equal(env.gym.unwrapped.data.ctrl, bound)
  np.testing.assert_array_equal(env.action_high, np.full(17, 0.4, np.float32))


def test_uneven_bounds():
  inner = gym_envs.LinearEnv(low=[-1, 0], high=[3, 10])
  env = GymnasiumEnvironment(inner, 0)
  env.reset()
  env.step([-1, -1])
  env.step([0, 0.5])
  np.testing.assert_allclose(inner.executed, [[-1, 0], [1, 7.5]])


class _Exacting(gymnasium.Env):
  """Takes no action a digit beyond its bounds, all pairs of tenths."""

  observation_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))

  def __init__(self):
    low, high = np.meshgrid(np.arange(-30, 0) / 10, np.arange(1, 30) / 10)
    self.action_space = gymnasium.spaces.Box(
      low.ravel().astype(np.float32), high.ravel().astype(np.float32)
    )

  def reset(self, *, seed=None, options=None):
    return np.zeros(1), {}

  def step(self, action):
    assert self.action_space.contains(action)
    return np.zeros(1), 0.0, False, False, {}


@pytest.mark.parametrize('unit', [-1.0, 1.0])
def test_actions_stay_within_bounds_to_the_last_digit(unit):
  env = GymnasiumEnvironment(_Exacting(), 0)
  env.reset()
  env.step(np.full(30 * 29, unit, np.float32))


class _Overwriting(gym_envs.LinearEnv):
  """Writes into its action, as `action *= gain` does."""

  def step(self, action):
    result = super().step(action)
    action *= 0.5
    return result


def test_what_an_environment_writes_into_its_action_stays_there():
  """Its caller keeps the action in a row, and trains on it."""
  env = GymnasiumEnvironment(_Overwriting([-1, -1], [1, 1]), 0)
  env.reset()
  action = np.array([0.5, -1.0], np.float32)
  env.step(action)
  np.testing.assert_array_equal(action, [0.5, -1.0])


@pytest.mark.parametrize(
  'action, message',
  [
    ([0.0], r'shape \(1,\); expected \(2,\)'),
    ([0.0, 1.1], r'expected finite numbers within \[-1, 1\]'),
    ([-1.1, 0.0], r'expected finite numbers within \[-1, 1\]'),
    ([0.0, np.nan], r'expected finite numbers within \[-1, 1\]'),
  ],
)
def test_bad_actions(action, message):
  env = GymnasiumEnvironment(gym_envs.LinearEnv([-1, -1], [1, 1]), 0)
  env.reset()
  with pytest.raises(ValueError, match=message):
    env.step(action)


def test_non_finite_observation():
  env = GymnasiumEnvironment(gym_envs.LinearEnv([-1], [1], blow_up=True), 0)
  env.reset()
  with pytest.raises(FloatingPointError, match='non-finite.*step 1'):
    env.step([0.0])


@pytest.mark.filterwarnings('error')
def test_large_numbers_are_finite_though_float32_cannot_hold_their_sum():
  far = np.full(2, np.finfo(np.float32).max)
  env = gym_envs.LinearEnv([-1, -1], [1, 1])
  env.reset = lambda **unused_kwargs: (far, {})
  found = GymnasiumEnvironment(env, 0).reset().observation
  np.testing.assert_array_equal(found, far)


def test_info_is_that_of_the_last_step():
  env = GymnasiumEnvironment(gym_envs.LinearEnv([-9], [9]), 0)
  env.reset()
  assert env.get_info() == {'success': False}
  assert env.step([1.0]).is_last()
  assert env.get_info() == {'success': True}


class _LooseEnv(gym_envs.LinearEnv):
  """As some are: a list for an observation, None for info."""

  def reset(self, **kwargs):
    return super().reset(**kwargs)[0].tolist(), None

  def step(self, action):
    observation, *rest, _ = super().step(action)
    return observation.tolist(), *rest, None


def test_a_list_and_no_info_will_do():
  env = GymnasiumEnvironment(_LooseEnv([-9], [9]), 0)
  first = env.reset()
  assert first.observation.dtype == np.float32 and env.get_info() == {}
  assert env.step([0.5]).observation.tolist() == [4.5]
  assert env.get_info() == {}


def test_kwargs_and_render_mode():
  env = gym_envs.make('walker2d')
  assert (env.env_id, env.env_kwargs) == gym_envs.TASKS['walker2d']
  with pytest.raises(ValueError, match='render_mode=None'):
    env.render()
