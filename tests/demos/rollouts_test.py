"""Episodes recorded from a policy."""

import types

import gymnasium
import mujoco
import numpy as np
import pytest

from tfirl import tasks
from tfirl.demos.border import to_demonstrations
from tfirl.demos.rollouts import record

_CALM = {'healthy_z_range': (-10.0, 10.0), 'healthy_angle_range': (-9.0, 9.0)}


def _policy(observation, rng=None):
  action = np.tanh(observation[:3])
  if rng is not None:
    action = np.clip(action + rng.normal(size=3), -1, 1)
  return action


@pytest.fixture
def hopper(monkeypatch):
  """Hopper-v5 of 20 steps that hardly ever falls."""
  spec = gymnasium.registry['Hopper-v5']
  monkeypatch.setattr(spec, 'max_episode_steps', 20)
  env = tasks.make_env('Hopper-v5', _CALM)
  yield env
  env.close()


def test_rows_replay_in_gymnasium_bit_for_bit(hopper):
  raw = record(hopper, _policy, num_episodes=2, seed=5)
  columns = raw.columns
  np.testing.assert_array_equal(raw.episode_ends, [20, 40])
  env = hopper.gym
  for episode, seed in enumerate((5, 6)):
    observation, _ = env.reset(seed=seed)
    for row in range(20 * episode, 20 * episode + 20):
      assert columns['seed'][row] == seed
      data = env.unwrapped.data
      np.testing.assert_array_equal(columns['qpos'][row], data.qpos)
      np.testing.assert_array_equal(columns['qvel'][row], data.qvel)
      np.testing.assert_array_equal(
        columns['observations'][row], observation.astype(np.float32)
      )
      observation, reward, *_ = env.step(columns['actions'][row])
      np.testing.assert_array_equal(
        columns['next_observations'][row], observation.astype(np.float32)
      )
      np.testing.assert_allclose(columns['rewards'][row], reward, rtol=1e-6)
  np.testing.assert_array_equal(np.flatnonzero(columns['timeouts']), [19, 39])
  assert not columns['terminals'].any()
  np.testing.assert_allclose(
    raw.episode_returns,
    columns['rewards'].reshape(2, 20).sum(1),
    rtol=1e-6,
  )
  assert raw.versions == {
    'gymnasium': gymnasium.__version__,
    'mujoco': mujoco.__version__,
  }
  assert (raw.env_id, raw.env_kwargs) == ('Hopper-v5', _CALM)


def test_what_is_recorded_crosses_the_border(hopper):
  demos = to_demonstrations(record(hopper, _policy, 2, seed=5), hopper)
  assert len(demos) == 40
  np.testing.assert_array_equal(demos.episode_seeds, [5, 6])
  np.testing.assert_array_equal(
    demos.actions, np.tanh(demos.observations[:, :3])
  )


def test_stochastic_rollouts_repeat_by_seed(hopper):
  first = record(hopper, _policy, 1, 5, stochastic=True).columns['actions']
  again = record(hopper, _policy, 1, 5, stochastic=True).columns['actions']
  np.testing.assert_array_equal(first, again)
  mean = record(hopper, _policy, 1, 5).columns['actions']
  assert not np.allclose(first, mean)


def _falls(observation, rng=None):
  return np.ones(3)


def test_episodes_that_fall_are_dropped_or_kept_as_terminal():
  env = tasks.make_env('Hopper-v5')
  with pytest.raises(ValueError, match='found 0 full-length.*in 3 attempts'):
    record(env, _falls, 1, 0, max_attempts=3)
  raw = record(env, _falls, 2, 0, full_length_only=False)
  ends = np.flatnonzero(raw.columns['terminals'])
  np.testing.assert_array_equal(ends + 1, raw.episode_ends)
  assert not raw.columns['timeouts'].any()


def test_of_a_maze_the_episodes_that_reach_the_goal_are_kept():
  env = tasks.make_env(
    'PointMaze_Large-v3', {'continuing_task': False, 'max_episode_steps': 60}
  )

  def straight(observation, rng=None):
    return np.clip(observation[4:] - observation[:2], -1, 1)

  raw = record(env, straight, 2, seed=0)
  assert raw.columns['terminals'].sum() == 2
  # Through walls it does not get: others were tried.
  assert raw.num_attempts > 2
  assert set(raw.columns['seed']) <= set(range(raw.num_attempts))
  everything = record(env, straight, 8, seed=0, full_length_only=False)
  assert everything.num_attempts == 8
  assert everything.columns['timeouts'].sum() > 0
  with pytest.raises(ValueError, match='found 0 successful episodes in 2 att'):
    record(env, lambda o, rng: np.zeros(2), 1, seed=0, max_attempts=2)


def test_early_ends_that_are_successes_are_kept(hopper, monkeypatch):
  info = {'is_success': np.array([True])}
  monkeypatch.setattr(hopper, 'get_info', lambda: info)
  hopper.gym.unwrapped._healthy_z_range = (1.2, 10.0)
  raw = record(hopper, _policy, 2, seed=0, max_attempts=2)
  assert raw.columns['terminals'].sum() == 2
  info.clear()
  with pytest.raises(ValueError, match='found 0 full-length episodes'):
    record(hopper, _policy, 1, seed=0, max_attempts=2)


def test_episodes_of_a_return_are_kept_whatever_ended_them():
  env = tasks.make_env('Hopper-v5')
  every = record(env, _falls, 5, 0, full_length_only=False)
  bound = np.sort(every.episode_returns)[2]
  raw = record(env, _falls, 3, 0, max_attempts=5, min_return=bound)
  assert raw.episode_returns.min() == bound
  assert raw.columns['terminals'].sum() == 3
  with pytest.raises(ValueError, match=r'good enough \(return >= 1e\+06\)'):
    record(env, _falls, 1, 0, max_attempts=2, min_return=1e6)


def test_only_full_episodes_count_but_seeds_go_on(hopper, monkeypatch):
  """Every other attempt falls; the kept seeds say which did not."""
  falls = iter([True, False] * 5)
  original = hopper.seed

  def seed(value):
    original(value)
    low = 1.2 if next(falls) else -10.0
    hopper.gym.unwrapped._healthy_z_range = (low, 10.0)

  monkeypatch.setattr(hopper, 'seed', seed)
  raw = record(hopper, _policy, num_episodes=2, seed=0)
  np.testing.assert_array_equal(raw.episode_ends, [20, 40])
  np.testing.assert_array_equal(raw.columns['seed'], np.repeat([1, 3], 20))


def test_humanoid_actions_are_recorded_in_its_own_scale():
  env = tasks.make_env('Humanoid-v5')

  def policy(observation, rng=None):
    return np.full(17, 0.5)

  raw = record(env, policy, 1, 0, full_length_only=False)
  np.testing.assert_allclose(raw.columns['actions'], 0.2, rtol=1e-6)
  demos = to_demonstrations(raw, env)
  np.testing.assert_allclose(demos.actions, 0.5, rtol=1e-6)


def test_the_intended_action_is_recorded():
  env = tasks.make_env('Hopper-v5', tremble_probability=1.0)
  raw = record(env, _falls, 1, 0, full_length_only=False)
  assert (raw.columns['actions'] == 1.0).all()


def test_tells_of_wrappers_that_change_actions():
  def make(**kwargs):
    env = gymnasium.make('InvertedPendulum-v5', max_episode_steps=5, **kwargs)
    return gymnasium.wrappers.RescaleAction(env, -1.0, 1.0)

  with tasks.Task('pole', env_fn=make).make_env() as env:
    policy = lambda observation, rng: np.zeros(1)  # noqa: E731
    raw = record(env, policy, num_episodes=1, seed=0, full_length_only=False)
  assert raw.wrappers == ('RescaleAction',)


@pytest.mark.parametrize(
  'data',
  [{'x': 1}, 3, types.SimpleNamespace(qpos=np.zeros(2)), np.zeros],
)
def test_data_that_is_not_mujocos_is_no_state(data):
  def make(**kwargs):
    env = gymnasium.make('Pendulum-v1', max_episode_steps=5, **kwargs)
    env.unwrapped.data = data
    return env

  with tasks.Task('swing', env_fn=make).make_env() as env:
    policy = lambda observation, rng: np.zeros(1)  # noqa: E731
    columns = record(env, policy, num_episodes=1, seed=0).columns
  assert len(columns['rewards']) == 5
  assert 'qpos' not in columns and 'qvel' not in columns
