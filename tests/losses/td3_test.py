"""TD3's target action and TD3+BC's value loss, by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.losses import td3


def test_noise_and_then_the_action_are_clipped():
  action = np.float32([[0.2, -0.9, 0.9, 0.0]])
  noise = np.float32([[0.1, -0.3, 0.9, -0.7]])
  found = td3.smoothed_action(action, noise, 0.5)
  # 0.9 + 0.5 and -0.9 - 0.3 leave [-1, 1]; -0.7 is cut to -0.5.
  np.testing.assert_allclose(found, [[0.3, -1.0, 1.0, -0.5]], rtol=1e-6)


def test_value_loss_by_hand():
  # Mean 1, mean size 3: -2.5 * 1 / 3.
  loss = td3.normalized_value_loss(tf.constant([4.0, -3.0, 2.0]), 2.5)
  assert loss.numpy() == pytest.approx(-2.5 / 3)


def test_the_size_of_values_does_not_matter():
  values = tf.constant([4.0, -3.0, 2.0])
  loss = td3.normalized_value_loss(values, 2.5)
  assert td3.normalized_value_loss(1000 * values, 2.5).numpy() == (
    pytest.approx(loss.numpy())
  )


def test_no_gradient_through_the_normalisation():
  values = tf.Variable([4.0, -3.0, 2.0])
  with tf.GradientTape() as tape:
    loss = td3.normalized_value_loss(values, 2.5)
  gradient = tape.gradient(loss, values)
  # -(alpha / mean |Q|) / B of each; through mean |Q| signs would differ.
  np.testing.assert_allclose(gradient, np.full(3, -2.5 / 3 / 3), rtol=1e-6)
