"""Norms worked by hand, for costs whose gradients are known."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.losses.gradient_penalty import gradient_penalty, interpolate


def test_interpolate_moves_all_columns_of_a_row_alike():
  first = np.float32([[4, 8], [1, 1]])
  second = np.float32([[0, 0], [3, 5]])
  points = interpolate(first, second, np.float32([[0.25], [1]]))
  np.testing.assert_array_equal(points, [[1, 2], [1, 1]])


def test_norm_spans_observation_and_action():
  observation = tf.constant([[7.0, 1.0], [0.0, 0.0]])
  action = tf.constant([[0.3], [0.0]])

  def cost_fn(observation, action):  # gradient (3, 0, 4), norm 5
    return 3 * observation[:, 0] + 4 * action[:, 0]

  penalty = gradient_penalty(cost_fn, observation, action)
  assert penalty.numpy() == pytest.approx((5 - 0.4) ** 2, rel=1e-6)
  assert gradient_penalty(
    cost_fn, observation, action, target=5.0
  ).numpy() == pytest.approx(0, abs=1e-9)


def test_rows_are_averaged_after_the_square():
  observation = tf.constant([[1.0], [2.0]])
  action = tf.zeros([2, 1])

  def cost_fn(observation, action):  # gradients 2 and 4; ignores the action
    return observation[:, 0] ** 2

  penalty = gradient_penalty(cost_fn, observation, action, target=1.0)
  assert penalty.numpy() == pytest.approx((1 + 9) / 2, rel=1e-6)


def test_differentiable_in_the_cost_even_where_the_norm_is_zero():
  weight = tf.Variable([3.0, 0.0])

  def cost_fn(observation, action):
    return tf.linalg.matvec(tf.concat([observation, action], 1), weight)

  observation, action = tf.ones([4, 1]), tf.ones([4, 1])
  with tf.GradientTape() as tape:
    penalty = gradient_penalty(cost_fn, observation, action)
  # d (|w| - 0.4)^2 / dw = 2 (|w| - 0.4) w / |w|
  np.testing.assert_allclose(tape.gradient(penalty, weight), [5.2, 0], 1e-6)
  weight.assign([0.0, 0.0])
  with tf.GradientTape() as tape:
    penalty = gradient_penalty(cost_fn, observation, action)
  assert penalty.numpy() == pytest.approx(0.16, rel=1e-4)  # root 1e-6
  np.testing.assert_array_equal(tape.gradient(penalty, weight), [0, 0])
