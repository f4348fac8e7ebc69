"""The level of a cost player's reward, before and after turns."""

import gin
import numpy as np
import pytest
import tensorflow as tf

from tfirl.costs.episode_rows import EpisodeRows
from tfirl.costs.learner import CostLearner
from tfirl.costs.level import AbsorbingLevel, FixedLevel


@pytest.fixture(autouse=True)
def _small_network():
  gin.bind_parameter('CostNetwork.layers', (16, 16))


def make(seed=0, **kwargs):
  return CostLearner(4, 2, seed=seed, batch_size=32, **kwargs)


def make_rows(num_rows, mean, seed=0):
  rng = np.random.default_rng(seed)
  return EpisodeRows(
    rng.normal(mean, 1, size=(num_rows, 4)).astype(np.float32),
    rng.uniform(-1, 1, size=(num_rows, 2)).astype(np.float32),
    np.ones(num_rows),
    np.arange(num_rows),
  )


LEARNER = make_rows(50, 1.0)
EXPERT = make_rows(200, -1.0, seed=1)


def test_a_level_shifts_all_rewards_alike(tmp_path):
  """Also before the first round, and after a checkpoint."""
  shifted, plain = make(make_level=lambda: FixedLevel(1.5)), make()
  shifted.take_level(EXPERT)
  plain.take_level(EXPERT)
  for _ in range(2):
    rewards = [
      cost.reward_fn(EXPERT.observation, EXPERT.action).numpy()
      for cost in (shifted, plain)
    ]
    assert np.mean(rewards[0]) == pytest.approx(1.5, abs=1e-5)
    assert abs(np.mean(rewards[1]) - 1.5) > 0.1
    assert np.ptp(rewards[0] - rewards[1]) == pytest.approx(0.0, abs=1e-5)
    shifted.update(LEARNER, EXPERT)
    plain.update(LEARNER, EXPERT)
  path = tf.train.Checkpoint(cost=shifted).write(str(tmp_path / 'c'))
  restored = make(make_level=lambda: FixedLevel(1.5), seed=5)
  tf.train.Checkpoint(cost=restored).read(path).assert_consumed()
  np.testing.assert_allclose(
    restored.reward_fn(LEARNER.observation, LEARNER.action),
    shifted.reward_fn(LEARNER.observation, LEARNER.action),
  )


def test_an_absorbing_level_follows_who_falls(tmp_path):
  """Living earns the learner something once it is seen to fall."""
  fallen = LEARNER._replace(discount=np.zeros(50), time=np.zeros(50, int))
  cost = make(make_level=AbsorbingLevel)
  cost.take_level(EXPERT)
  reward = cost.reward_fn(EXPERT.observation, EXPERT.action)
  assert np.mean(reward) == pytest.approx(0.0, abs=1e-5)
  for _ in range(8):
    metrics = cost.update(fallen, EXPERT)
  assert metrics['level'] == 3.0
  assert np.mean(cost.reward_fn(LEARNER.observation, LEARNER.action)) > 0
  path = tf.train.Checkpoint(cost=cost).write(str(tmp_path / 'c'))
  restored = make(make_level=AbsorbingLevel, seed=5)
  tf.train.Checkpoint(cost=restored).read(path).assert_consumed()
  restored.set_state(cost.get_state())
  assert cost.update(LEARNER, EXPERT) == restored.update(LEARNER, EXPERT)


def test_rewards_are_divided_by_what_their_unit_is_too_large_by(tmp_path):
  """Level and all; the cost itself learns as without."""
  scaled, plain = (
    make(make_level=lambda most=most: AbsorbingLevel(initial=1, most_unit=most))
    for most in (1e-3, None)
  )
  for cost in (scaled, plain):
    cost.take_level(EXPERT)
    metrics = cost.update(LEARNER, EXPERT)
  factor = 1e-3 / metrics['level_unit']
  assert factor < 1
  path = tf.train.Checkpoint(cost=scaled).write(str(tmp_path / 'c'))
  restored = make(make_level=AbsorbingLevel, seed=5)
  tf.train.Checkpoint(cost=restored).read(path).assert_consumed()
  for cost in (scaled, restored):
    np.testing.assert_allclose(
      cost.reward_fn(LEARNER.observation, LEARNER.action),
      factor * plain.reward_fn(LEARNER.observation, LEARNER.action),
      rtol=1e-4,
    )
