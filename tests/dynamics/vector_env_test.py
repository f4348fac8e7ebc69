"""Imagined episodes through Gymnasium's interface, worked by hand."""

import gin
import gymnasium
import numpy as np
import pytest
import tensorflow as tf

from tfirl.dynamics import model as dynamics_model
from tfirl.dynamics import model_env, vector_env


class _Plant(tf.Module):
  """x' = x + a, y' = y; not finite where y = 7."""

  observation_size, action_size = 2, 1
  predicts_reward = False

  def sample_next(self, observation, action):
    x = observation[:, 0] + action[:, 0]
    x = tf.where(observation[:, 1] == 7.0, np.nan, x)
    return tf.stack([x, observation[:, 1]], -1)


def _is_healthy(observation):
  return ~(observation[:, 0] > 1.0)  # also where x is not a number


def _reward(observation, action):
  return 10.0 * observation[:, 0] + action[:, 0]


class _RewardedPlant(_Plant):
  """The same, with a reward of x' beside it."""

  predicts_reward = True

  def sample(self, observation, action):
    successor = self.sample_next(observation, action)
    return tf.concat([successor, successor[:, :1]], -1)


def _make(
  starts=((0.0, 0.0),),
  num_envs=1,
  max_episode_steps=100,
  plant=_Plant,
  reward_fn=_reward,
):
  env = model_env.ModelEnv(plant(), is_healthy=_is_healthy)
  return vector_env.ImaginedVectorEnv(
    env, np.array(starts), reward_fn, num_envs, max_episode_steps
  )


def test_the_models_own_reward_or_anothers():
  starts = [[0.2, 0.0]]
  for reward_fn, reward in ((None, 0.6), (_reward, 2.4)):
    env = _make(starts, plant=_RewardedPlant, reward_fn=reward_fn)
    env.reset(seed=0)
    assert env.step([[0.4]])[1] == pytest.approx([reward])


def test_a_reward_of_the_models_that_is_not_finite_drops_the_step():
  """As in its rollouts; with the state (y = 7), or alone (y = 8)."""

  class Plant(_RewardedPlant):
    def sample(self, observation, action):
      outputs = super().sample(observation, action)
      is_odd = observation[:, 1:] == 8.0
      return tf.where(is_odd & [[False, False, True]], np.inf, outputs)

  starts = [[0.2, y] for y in (7.0, 8.0, 0.0)]
  env = _make(starts, len(starts), plant=Plant, reward_fn=None)
  env.reset()
  env._observation = np.float32(starts)
  observation, reward, terminated, _, info = env.step([[0.4]] * 3)
  np.testing.assert_allclose(observation[:, 0], [0.2, 0.2, 0.6])
  np.testing.assert_allclose(reward, [0.0, 0.0, 0.6])
  assert (
    terminated.tolist() == info['is_dropped'].tolist() == [True, True, False]
  )


def test_a_model_without_rewards_needs_a_function():
  with pytest.raises(ValueError, match='reward_fn is None; expected a fun'):
    _make(reward_fn=None)


def test_an_episode_by_hand():
  env = _make()
  observation, info = env.reset(seed=0)
  np.testing.assert_array_equal(observation, [[0.0, 0.0]])
  assert info == {}
  #  action, x', reward 10 x + a, terminated
  for action, x, reward, is_over in (
    (0.6, 0.6, 0.6, False),
    (0.5, 1.1, 6.5, True),
    (1.0, 0.0, 0.0, False),  # reset; the action is ignored
    (-0.5, -0.5, -0.5, False),
    (5.0, 0.5, -4.0, False),  # clipped to 1
  ):
    observation, rewards, terminated, truncated, _ = env.step([[action]])
    np.testing.assert_allclose(observation, [[x, 0.0]], atol=1e-6)
    np.testing.assert_allclose(rewards, [reward], atol=1e-6)
    assert terminated.tolist() == [is_over]
    assert truncated.tolist() == [False]


def test_actions_in_the_environments_own_units():
  """0 to 10: 7.5 is the model's 0.5; the reward sees 7.5."""
  env = vector_env.ImaginedVectorEnv(
    model_env.ModelEnv(_Plant(), is_healthy=_is_healthy),
    np.zeros((1, 2)),
    _reward,
    num_envs=1,
    max_episode_steps=9,
    action_bounds=(np.float32([0.0]), np.float32([10.0])),
  )
  assert env.single_action_space.high == [10.0]
  env.reset(seed=0)
  for action, x, reward in ((7.5, 0.5, 7.5), (-3.0, -0.5, 5.0)):
    observation, rewards, *_ = env.step([[action]])
    np.testing.assert_allclose(observation, [[x, 0.0]], atol=1e-6)
    np.testing.assert_allclose(rewards, [reward], atol=1e-6)


def test_truncation_after_max_episode_steps():
  env = _make(num_envs=2, max_episode_steps=2)
  env.reset(seed=0)
  ends = []
  for _ in range(6):
    _, _, terminated, truncated, _ = env.step(np.zeros((2, 1)))
    assert not terminated.any()
    ends.append(truncated.all())
  # Two steps, then one that resets.
  assert ends == [False, True, False, False, True, False]


def test_environments_end_apart():
  env = _make(starts=[[0.0, 0.0], [0.9, 0.0]], num_envs=8)
  observation, _ = env.reset(seed=3)
  assert 0 < np.count_nonzero(observation[:, 0] == 0.0) < 8
  _, _, terminated, _, _ = env.step(np.full((8, 1), 0.2))
  np.testing.assert_array_equal(terminated, observation[:, 0] > 0.5)
  again, rewards, _, _, _ = env.step(np.full((8, 1), 0.2))
  assert set(again[terminated, 0]) <= {np.float32(0.0), np.float32(0.9)}
  np.testing.assert_array_equal(rewards[terminated], 0.0)
  np.testing.assert_allclose(again[~terminated, 0], 0.4)


def test_what_is_not_finite_ends_the_episode():
  env = _make(starts=[[0.5, 7.0]])
  env.reset(seed=0)
  observation, _, terminated, _, info = env.step([[0.1]])
  np.testing.assert_array_equal(observation, [[0.5, 7.0]])
  assert terminated.tolist() == info['is_dropped'].tolist() == [True]


def test_seeds_start_states():
  starts = np.random.default_rng(0).normal(size=(50, 2))
  env = _make(starts=starts, num_envs=5)
  first, _ = env.reset(seed=1)
  second, _ = env.reset(seed=2)
  again, _ = env.reset(seed=1)
  np.testing.assert_array_equal(first, again)
  assert not np.array_equal(first, second)


def _make_learned():
  gin.bind_parameter('GaussianEnsemble.layers', (8,))
  model = dynamics_model.DynamicsModel(2, 1, 0)
  gin.clear_config()
  return vector_env.ImaginedVectorEnv(
    model_env.ModelEnv(model, is_healthy=_is_healthy),
    np.zeros((3, 2)),
    _reward,
    num_envs=4,
    max_episode_steps=3,
  )


def test_seeds_a_learned_models_noise():
  """Whatever seed came first: of one start, nothing else differs."""
  env, other = _make_learned(), _make_learned()
  successors = []
  for seed in (1, 2, 1):
    env.reset(seed=seed)
    other.reset(seed=3)  # has a seed of its own
    successors.append(env.step(np.zeros((4, 1)))[0])
  np.testing.assert_array_equal(successors[0], successors[2])
  assert not np.isclose(successors[0], successors[1]).any()


def test_a_learned_model_seeded_and_traced_once():
  """As others will use it, with Gymnasium's wrapper of statistics."""
  inner = _make_learned()
  env = gymnasium.wrappers.vector.RecordEpisodeStatistics(inner)
  paths, lengths = [], []
  for _ in range(2):
    env.reset(seed=5)
    env.action_space.seed(0)
    for _ in range(6):
      observation, _, _, _, info = env.step(env.action_space.sample())
      paths.append(observation)
      if 'episode' in info:
        lengths += info['episode']['l'][info['_episode']].tolist()
  np.testing.assert_array_equal(paths[:6], paths[6:])
  assert lengths and max(lengths) <= 3
  assert inner._step.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
  ('wrong', 'message'),
  [
    ({'starts': [[1.0, 2.0, 3.0]]}, '3 numbers a row'),
    ({'starts': [1.0, 2.0]}, r'shape \(2,\)'),
    ({'starts': np.zeros((0, 2))}, r'shape \(0, 2\)'),
    ({'num_envs': 0}, 'num_envs is 0'),
    ({'max_episode_steps': 0}, 'max_episode_steps is 0'),
  ],
)
def test_a_parameter_out_of_range(wrong, message):
  with pytest.raises(ValueError, match=message):
    _make(**wrong)


def test_wrong_calls():
  env = _make()
  with pytest.raises(RuntimeError, match='before reset'):
    env.step([[0.0]])
  env.reset()
  with pytest.raises(ValueError, match=r'shape \(1,\); expected \(1, 1\)'):
    env.step([0.0])
  with pytest.raises(ValueError, match='not finite'):
    env.step([[np.nan]])
