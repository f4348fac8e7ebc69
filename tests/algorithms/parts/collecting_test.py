"""Rows of an environment that counts."""

import gymnasium
import numpy as np
import pytest

from tfirl import types
from tfirl.algorithms.parts import collecting
from tfirl.envs.gymnasium_env import GymnasiumEnvironment
from tfirl.envs.wrappers import TremblingHand
from tfirl.types import Transition

LIMIT = 5


class CountingEnv(gymnasium.Env):
  """Observes (episode, step); episodes 0, 2, ... terminate at step 3."""

  action_space = gymnasium.spaces.Box(-1, 1, (1,))
  observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,))

  def __init__(self):
    self.episode, self.t = -1, 0
    self.executed = []

  def reset(self, *, seed=None, options=None):
    self.episode, self.t = self.episode + 1, 0
    return np.array([self.episode, 0.0]), {}

  def step(self, action):
    self.executed.append(float(action[0]))
    self.t += 1
    reward = 10.0 * self.episode + self.t
    terminated = self.episode % 2 == 0 and self.t == 3
    return np.array([self.episode, self.t]), reward, terminated, False, {}


def policy(observation, rng):
  assert rng is None
  return np.float32([observation[1] / 10])


@pytest.fixture
def env():
  inner = gymnasium.wrappers.TimeLimit(CountingEnv(), LIMIT)
  env = GymnasiumEnvironment(inner, seed=0)
  env.reset()
  return env


def row(episode, t, discount):
  """The row of step t by hand: the next observation is of the same episode."""
  return {
    'observation': [episode, t],
    'action': [np.float32(t / 10)],
    'discount': discount,
    'next_observation': [episode, t + 1],
    'reward': 10 * episode + t + 1,
  }


# Episode 0 ends in a terminal state, 1 is cut by time, 2 terminates again.
ROWS = [
  *[row(0, t, d) for t, d in enumerate([1, 1, 0])],
  *[row(1, t, d) for t, d in enumerate([1, 1, 1, 1, 1])],
  *[row(2, t, d) for t, d in enumerate([1, 1, 0])],
]

TIMES = [row['next_observation'][1] - 1 for row in ROWS]


def assert_rows(found, expected):
  for name, values in found._asdict().items():
    assert values.dtype == np.float32
    np.testing.assert_array_equal(
      values, np.float32([r[name] for r in expected]), err_msg=name
    )


def test_rows_across_a_terminal_and_a_time_out(env):
  rows, times = collecting.run_steps(env, policy, 11, None)
  assert_rows(rows, ROWS)
  assert times.tolist() == TIMES
  # At the time-out: bootstraps, from the true successor, not from (2, 0).
  assert rows.discount[7] == 1
  assert rows.next_observation[7].tolist() == [1, LIMIT]
  assert rows.discount[2] == 0
  assert rows.next_observation[2].tolist() == [0, 3]


@pytest.mark.parametrize('pieces', [(3, 5, 3), (1, 1, 2, 4, 3), (8, 3)])
def test_calls_continue_where_the_last_one_stopped(env, pieces):
  parts = [collecting.run_steps(env, policy, n, None) for n in pieces]
  rows, times = zip(*parts, strict=True)
  joined = [np.concatenate(fields) for fields in zip(*rows, strict=True)]
  assert_rows(types.RewardedTransition(*joined), ROWS)
  assert np.concatenate(times).tolist() == TIMES


def test_rows_of_earlier_calls_stay_what_they_were(env):
  first, _ = collecting.run_steps(env, policy, 3, None)
  collecting.run_steps(env, policy, 3, None)
  assert_rows(first, ROWS[:3])


def test_the_intended_action_is_stored():
  counting = CountingEnv()
  env = TremblingHand(
    GymnasiumEnvironment(gymnasium.wrappers.TimeLimit(counting, LIMIT), 0),
    1.0,
    seed=0,
  )
  env.reset()
  rows, _ = collecting.run_steps(env, policy, 11, None)
  np.testing.assert_array_equal(
    rows.action[:, 0], [r['action'][0] for r in ROWS]
  )
  assert not np.isin(counting.executed, rows.action).any()


def test_the_generator_reaches_the_policy(env):
  rng = np.random.default_rng(0)

  def sampled(observation, rng):
    return rng.uniform(-1, 1, 1)

  rows, _ = collecting.run_steps(env, sampled, 4, rng)
  expected = np.random.default_rng(0).uniform(-1, 1, 4).astype(np.float32)
  np.testing.assert_array_equal(rows.action[:, 0], expected)
  rows, _ = collecting.run_episodes(env, sampled, 1, np.random.default_rng(0))
  assert len(rows.action) == 3  # episode 2; the first call ended in 1
  np.testing.assert_array_equal(rows.action[:, 0], expected[:3])


def test_whole_episodes_from_fresh_resets(env):
  collecting.run_steps(env, policy, 4, None)  # one step into episode 1
  rows, times = collecting.run_episodes(env, policy, 2, None)
  expected = [
    *[row(2, t, d) for t, d in enumerate([1, 1, 0])],
    *[row(3, t, 1) for t in range(LIMIT)],
  ]
  assert_rows(rows, expected)
  np.testing.assert_array_equal(times, [*range(3), *range(LIMIT)])


def test_training_rows_have_no_reward(env):
  rows, _ = collecting.run_steps(env, policy, 2, None)
  assert type(rows.transition) is Transition
  for name in Transition._fields:
    assert getattr(rows.transition, name) is getattr(rows, name)
