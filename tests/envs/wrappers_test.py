"""Trembling hand and expert reset."""

import dataclasses
import json

import gin
import gymnasium
import numpy as np
import pytest

from tfirl.envs.gymnasium_env import GymnasiumEnvironment
from tfirl.envs.wrappers import ExpertReset, TremblingHand
from tfirl.types import Demonstrations

ZERO = np.zeros(3, np.float32)


class SpyEnv(gymnasium.Env):
  """Notes the actions it executes; an episode never ends."""

  action_space = gymnasium.spaces.Box(-1, 1, (3,))
  observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,))

  def __init__(self):
    self.executed = []

  def reset(self, *, seed=None, options=None):
    return np.zeros(1), {}

  def step(self, action):
    self.executed.append(np.array(action))
    return np.full(1, len(self.executed)), 7.0, False, False, {}


def hopper(seed=0, **kwargs):
  return GymnasiumEnvironment(gymnasium.make('Hopper-v5', **kwargs), seed)


@pytest.fixture(scope='module')
def demos():
  """Two episodes of 6 steps of Hopper at rest."""
  env = hopper(seed=11, max_episode_steps=6)
  data = env.gym.unwrapped.data
  rows = []
  for _ in range(2):
    step = env.reset()
    while not step.is_last():
      row = [step.observation, data.qpos.copy(), data.qvel.copy()]
      step = env.step(ZERO)
      rows.append([*row, step.observation, step.is_last()])
  observations, qpos, qvel, next_observations, timeouts = map(
    np.stack, zip(*rows, strict=True)
  )
  return Demonstrations(
    observations=observations,
    actions=np.zeros((12, 3), np.float32),
    next_observations=next_observations,
    terminals=np.zeros(12, bool),
    timeouts=timeouts,
    qpos=qpos,
    qvel=qvel,
    source='two.npz',
  )


def row_of(demos, observation):
  rows = np.flatnonzero((demos.observations == observation).all(axis=1))
  return int(rows[0]) if len(rows) else None


def assert_same_steps(env, other, num_steps):
  for i in range(num_steps):
    action = np.full(3, np.sin(i), np.float32)
    for a, b in zip(env.step(action), other.step(action), strict=True):
      np.testing.assert_array_equal(a, b)


def test_trembling_frequency_and_distribution():
  spy = SpyEnv()
  env = TremblingHand(GymnasiumEnvironment(spy, 0), 0.25, seed=1)
  env.reset()
  intended = np.full(3, 0.5, np.float32)
  for _ in range(4000):
    env.step(intended)
  np.testing.assert_array_equal(intended, 0.5)  # the caller's is untouched
  executed = np.stack(spy.executed)
  trembled = (executed != intended).any(axis=1)
  # 4 standard deviations: 4 * sqrt(.25 * .75 / 4000) = .027.
  assert trembled.mean() == pytest.approx(0.25, abs=0.027)
  drawn = executed[trembled].ravel()
  assert -1 <= drawn.min() < -0.99 and 0.99 < drawn.max() <= 1
  counts = np.histogram(drawn, 10, (-1, 1))[0]
  expected = len(drawn) / 10
  # 99.9 % quantile of chi-square with 9 degrees of freedom.
  assert ((counts - expected) ** 2 / expected).sum() < 27.9


def test_trembling_follows_its_seed():
  def executed(construct, reseed=None):
    spy = SpyEnv()
    env = TremblingHand(GymnasiumEnvironment(spy, 0), 0.5, construct)
    if reseed is not None:
      env.reset()
      env.step(ZERO)
      env.seed(reseed)
      spy.executed.clear()
    env.reset()
    for _ in range(20):
      env.step(ZERO)
    return np.stack(spy.executed)

  np.testing.assert_array_equal(executed(1), executed(1))
  np.testing.assert_array_equal(executed(2, reseed=1), executed(1))
  assert (executed(1) != executed(2)).any()


def test_trembling_state_continues_in_a_fresh_wrapper():
  env = TremblingHand(hopper(seed=1), 0.5, seed=1)
  env.reset()
  for _ in range(7):
    env.step(ZERO)
  state = json.loads(json.dumps(env.get_state()))
  other = TremblingHand(hopper(seed=2), 0.5, seed=2)
  other.set_state(state)
  assert not other.step(ZERO).is_first()
  other.set_state(state)
  assert_same_steps(env, other, 60)


@pytest.mark.parametrize('probability', [-0.1, 1.1, np.nan])
def test_trembling_probability_out_of_range(probability):
  with pytest.raises(ValueError, match='TremblingHand.probability is'):
    TremblingHand(hopper(), probability, 0)


def test_expert_reset_restores_state_clock_and_horizon(demos):
  env = ExpertReset(hopper(max_episode_steps=10), demos, 1.0, seed=3)
  data = env.gym.unwrapped.data
  for _ in range(5):
    step = env.reset()
    row = row_of(demos, step.observation)
    elapsed = row % 6
    np.testing.assert_array_equal(data.qpos, demos.qpos[row])
    np.testing.assert_array_equal(data.qvel, demos.qvel[row])
    assert env.elapsed_steps == elapsed
    assert data.time == pytest.approx(elapsed * env.gym.unwrapped.dt)
    step = env.step(demos.actions[row])
    # 0 measured; demonstrations hold no solver warm start.
    np.testing.assert_allclose(
      step.observation, demos.next_observations[row], atol=1e-6
    )
    num_steps = 1
    while not step.is_last():
      step = env.step(ZERO)
      num_steps += 1
    assert num_steps == 10 - elapsed and step.discount == 1.0


def test_expert_rows_are_uniform_and_resets_as_often_as_asked(demos):
  env = ExpertReset(hopper(), demos, 0.5, seed=0)
  rows = [row_of(demos, env.reset().observation) for _ in range(1200)]
  drawn = [row for row in rows if row is not None]
  # 4 standard deviations: 4 * sqrt(.25 / 1200) = .058.
  assert len(drawn) / 1200 == pytest.approx(0.5, abs=0.058)
  counts = np.bincount(drawn, minlength=12)
  expected = len(drawn) / 12
  # 99.9 % quantile of chi-square with 11 degrees of freedom.
  assert ((counts - expected) ** 2 / expected).sum() < 31.3


def test_expert_reset_serves_the_automatic_reset_too(demos):
  trembling = TremblingHand(hopper(max_episode_steps=10), 0.1, seed=0)
  env = ExpertReset(trembling, demos, 1.0, seed=0)
  firsts = []
  for _ in range(60):  # the first call resets: nobody called `reset`
    step = env.step(ZERO)
    if step.is_first():
      firsts.append(row_of(demos, step.observation))
  assert len(firsts) >= 6 and None not in firsts


def test_without_expert_resets_nothing_changes(demos):
  stateless = dataclasses.replace(demos, qpos=None, qvel=None)
  env = ExpertReset(hopper(seed=5), stateless, 0.0, seed=9)
  assert_same_steps(env, hopper(seed=5), 80)


def test_expert_reset_state_continues_in_a_fresh_wrapper(demos):
  def make(seed):
    env = hopper(seed, max_episode_steps=10)
    return ExpertReset(env, demos, 0.5, seed)

  env, other = make(1), make(2)
  for _ in range(15):
    env.step(ZERO)
  other.set_state(json.loads(json.dumps(env.get_state())))
  assert_same_steps(env, other, 60)


def test_expert_reset_follows_its_seed(demos):
  env, other = (ExpertReset(hopper(s), demos, 1.0, s) for s in (1, 2))
  other.seed(1)
  assert_same_steps(env, other, 10)
  other.seed(3)
  rows = [
    [row_of(demos, e.reset().observation) for _ in range(9)]
    for e in (env, other)
  ]
  assert rows[0] != rows[1]


def test_expert_reset_by_gin(demos):
  gin.parse_config('ExpertReset.reset_prob = 1.0')
  env = ExpertReset(hopper(), demos, seed=0)
  assert row_of(demos, env.reset().observation) is not None


@pytest.mark.parametrize(
  'change, message',
  [
    ({'qpos': None}, r'qpos of two.npz is nothing.*\(12, 6\)'),
    ({'qvel': None}, 'qvel of two.npz is nothing'),
    ({'qpos': np.zeros((12, 15))}, r'qpos .*shape \(12, 15\).*\(12, 6\)'),
    ({'qvel': np.zeros((11, 6))}, r'qvel .*shape \(11, 6\)'),
    ({'timeouts': np.zeros(12, bool)}, '12 steps; Hopper-v5 ends after 6'),
  ],
)
def test_demonstrations_that_cannot_be_restored(demos, change, message):
  demos = dataclasses.replace(demos, **change)
  with pytest.raises(ValueError, match=message):
    ExpertReset(hopper(max_episode_steps=6), demos, 0.5)


def test_expert_reset_needs_mujoco(demos):
  env = GymnasiumEnvironment(gymnasium.make('Pendulum-v1'), 0)
  assert ExpertReset(env, demos, 0.0).reset().is_first()
  with pytest.raises(ValueError, match='Pendulum-v1 has none'):
    ExpertReset(env, demos, 0.5)
