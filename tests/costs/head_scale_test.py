"""A cost that starts at 0: what its first round reports, and that it learns."""

import gin
import numpy as np
import pytest

from tfirl.costs.episode_rows import EpisodeRows
from tfirl.costs.learner import CostLearner


@pytest.fixture(params=[1, 3], ids=['alone', 'ensemble'])
def cost(request):
  gin.bind_parameter('CostNetwork.layers', (16, 16))
  gin.bind_parameter('CostNetwork.num_members', request.param)
  gin.bind_parameter('CostNetwork.head_scale', 0.0)
  yield CostLearner(
    4, 2, seed=0, batch_size=32, learning_rate=3e-3,
    learning_rate_scale=lambda unused_round: 1.0, gp_target=0.4,
  )  # fmt: skip


def make_rows(mean, seed):
  rng = np.random.default_rng(seed)
  observation = rng.normal(mean, 1, (50, 4)).astype(np.float32)
  action = rng.uniform(-1, 1, (50, 2)).astype(np.float32)
  return EpisodeRows(observation, action, np.ones(50), np.arange(50))


def test_nothing_at_first_then_what_tells_learner_from_expert(cost):
  learner, expert = make_rows(1.0, 0), make_rows(-1.0, 1)
  for rows in (learner, expert):
    reward = cost.reward_fn(rows.observation, rows.action)
    np.testing.assert_array_equal(reward, 0.0)
  first = cost.update(learner, expert)
  assert first['cost_learner'] == first['cost_expert'] == first['gap'] == 0.0
  # A flat cost misses its slope of 0.4 wholly.
  assert first['auc'] == 0.5  # all are ties
  assert first['penalty'] == pytest.approx(0.16, rel=1e-4)
  assert first['loss'] == pytest.approx(1.6, rel=1e-4)
  for _ in range(60):
    last = cost.update(learner, expert)
  assert last['loss'] < -0.5
  assert last['cost_learner'] > last['cost_expert'] + 0.5
