"""Losses and rewards of a cost: by hand, by SciPy, and the way they pull."""

import math

import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from tfirl.losses import cost_losses, moment_matching

LOSSES = [
  moment_matching.moment_matching_loss,
  cost_losses.logistic_loss,
  cost_losses.least_squares_loss,
]


def test_logistic_loss_by_hand():
  """D of the learner's rows: 1/4 and 1/2; of the expert's: 3/4."""
  cost_learner = tf.constant([math.log(3.0), 0.0])
  cost_expert = tf.constant([-math.log(3.0)])
  # -(log 3/4 + log 1/2) / 2 - log 3/4
  expected = 1.5 * math.log(4 / 3) + 0.5 * math.log(2.0)
  found = cost_losses.logistic_loss(cost_learner, cost_expert)
  assert found.numpy() == pytest.approx(expected, rel=1e-6)
  undecided = cost_losses.logistic_loss(tf.zeros([3]), tf.zeros([2]))
  assert undecided.numpy() == pytest.approx(2 * math.log(2), rel=1e-6)


def test_least_squares_loss_by_hand():
  # Learner: ((2 - 1)^2 + (0 - 1)^2) / 2 = 1; expert: (-3 + 1)^2 = 4.
  found = cost_losses.least_squares_loss(
    tf.constant([2.0, 0.0]), tf.constant([-3.0])
  )
  assert found.numpy() == 2.5
  assert (
    cost_losses.least_squares_loss(tf.ones([2]), -tf.ones([3])).numpy() == 0
  )


def test_losses_equal_scipy_far_from_zero_too():
  rng = np.random.default_rng(0)
  cost_learner, cost_expert = 30 * rng.normal(size=40), 30 * rng.normal(size=7)
  costs = tf.constant(cost_learner), tf.constant(cost_expert)
  logistic = -scipy.special.log_expit(cost_learner).mean()
  logistic -= scipy.special.log_expit(-cost_expert).mean()
  np.testing.assert_allclose(cost_losses.logistic_loss(*costs), logistic)
  squares = np.square(cost_learner - 1).mean() / 2
  squares += np.square(cost_expert + 1).mean() / 2
  np.testing.assert_allclose(cost_losses.least_squares_loss(*costs), squares)


@pytest.mark.parametrize('loss_fn', LOSSES)
def test_losses_raise_the_learners_cost_and_lower_the_experts(loss_fn):
  costs = tf.constant([0.9, -0.5, 0.0]), tf.constant([0.3, -0.9])
  with tf.GradientTape() as tape:
    tape.watch(costs)
    loss = loss_fn(*costs)
  assert loss.shape == []
  of_learner, of_expert = tape.gradient(loss, costs)
  assert (of_learner.numpy() < 0).all() and (of_expert.numpy() > 0).all()


def test_rewards_by_hand():
  """At D = 1/2, 3/4 and 1/4."""
  log_3 = math.log(3.0)
  cost = tf.constant([0.0, -log_3, log_3])
  np.testing.assert_allclose(
    cost_losses.negative(cost), [0, log_3, -log_3], rtol=1e-6
  )
  np.testing.assert_allclose(
    cost_losses.gail(cost), -np.log([1 / 2, 1 / 4, 3 / 4]), rtol=1e-6
  )
  np.testing.assert_allclose(
    cost_losses.log_expert(cost), np.log([1 / 2, 3 / 4, 1 / 4]), rtol=1e-6
  )
  # d = -f is 1 on the expert, -1 on the learner; AMP's is 0 from -1 down.
  np.testing.assert_array_equal(
    cost_losses.clipped_quadratic(tf.constant([-1.0, 1.0, 0.0, 5.0])),
    [1, 0, 0.75, 0],
  )


def test_the_discriminators_rewards_add_up():
  """log D - log(1 - D) is -f; none overflows."""
  cost = np.array([-300.0, -2.0, 0.0, 1.5, 300.0])
  gail, log_expert = cost_losses.gail(cost), cost_losses.log_expert(cost)
  np.testing.assert_allclose(gail + log_expert, cost_losses.negative(cost))
  np.testing.assert_allclose(log_expert, scipy.special.log_expit(-cost))
  assert (gail.numpy() >= 0).all() and (log_expert.numpy() <= 0).all()
