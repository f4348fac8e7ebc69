"""Numbers of an observation that a cost does not see."""

import gin
import numpy as np
import pytest

from tfirl.costs import episode_rows, export, learned_reward
from tfirl.costs.learner import CostLearner
from tfirl.networks import encoding

SIZE, ACTIONS, GOAL = 4, 2, (-2, 3)


def make_rows(goal, seed):
  """300 rows [4] that differ by their last two numbers alone."""
  rng = np.random.default_rng(seed)
  observation = rng.normal(size=(300, SIZE)).astype('f')
  observation[:, -2:] += goal
  action = rng.uniform(-1, 1, (300, ACTIONS)).astype('f')
  return episode_rows.EpisodeRows(
    observation, action, np.ones(300, 'f'), np.arange(300)
  )


LEARNER, EXPERT = make_rows(3.0, 0), make_rows(-3.0, 1)
STANDARDIZED = encoding.make_encoding(EXPERT.observation, standardize=True)


def make(unseen, seen=None):
  gin.bind_parameter('CostNetwork.layers', (16, 16))
  gin.bind_parameter('CostNetwork.unseen', unseen)
  return CostLearner(SIZE, ACTIONS, 0, seen, batch_size=64)


@pytest.mark.parametrize('seen', [None, STANDARDIZED])
@pytest.mark.parametrize(('unseen', 'tells'), [((), True), (GOAL, False)])
def test_a_cost_tells_nothing_by_what_it_does_not_see(unseen, tells, seen):
  learner = make(unseen, seen)
  for _ in range(10):
    found = learner.update(LEARNER, EXPERT, 20)
  assert (found['auc'] > 0.9) == tells
  elsewhere = LEARNER.observation + np.float32([0, 0, 5, -7])
  same = np.allclose(
    learner.reward_fn(LEARNER.observation, LEARNER.action),
    learner.reward_fn(elsewhere, LEARNER.action),
  )
  assert same != tells


def test_all_else_is_seen_as_before():
  observation, action = LEARNER.observation, LEARNER.action
  observation = observation.copy()
  observation[:, -2:] = 0.0  # without an encoding what is not seen is 0
  np.testing.assert_allclose(
    make(GOAL).reward_fn(observation, action),
    make(()).reward_fn(observation, action),
    rtol=1e-6,
  )


def test_a_reward_that_leaves_sees_as_little(tmp_path):
  learner = make(GOAL, STANDARDIZED)
  learner.update(LEARNER, EXPERT, 20)
  high = np.ones(ACTIONS, 'f')
  export.save_npz(learner, -high, high, {}, tmp_path / 'cost.npz')
  left = learned_reward.LearnedReward(tmp_path / 'cost.npz')
  found = left(LEARNER.observation, LEARNER.action)
  expected = learner.reward_fn(LEARNER.observation, LEARNER.action)
  np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('unseen', [(4,), (0, -5)])
def test_a_number_that_is_not_there_is_told(unseen):
  with pytest.raises(ValueError, match='unseen is .* from -4 to 3'):
    make(unseen)
