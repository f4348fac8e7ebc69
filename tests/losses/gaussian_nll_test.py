"""The likelihood against SciPy's."""

import numpy as np
import scipy.stats
import tensorflow as tf

from tfirl.losses import gaussian_nll


def test_equals_scipys_up_to_its_constants():
  rng = np.random.default_rng(0)
  mean, log_variance, target = rng.normal(size=(3, 4, 6, 2)).astype('f4')
  density = scipy.stats.norm.logpdf(target, mean, np.exp(0.5 * log_variance))
  # log N = -(error / variance + log variance + log 2 pi) / 2
  expected = (-2.0 * density - np.log(2.0 * np.pi)).mean((1, 2))
  loss = gaussian_nll.gaussian_nll(mean, log_variance, target)
  np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_by_hand():
  """(1 - 3)^2 / e^0 + 0 = 4 and (0 - 0)^2 + log(e^2) = 2: 3 on average."""
  mean = np.array([[[1.0, 0.0]]], np.float32)
  log_variance = np.array([[[0.0, 2.0]]], np.float32)
  target = np.array([[[3.0, 0.0]]], np.float32)
  loss = gaussian_nll.gaussian_nll(mean, log_variance, target)
  np.testing.assert_allclose(loss, [3.0])


def test_bounds_are_drawn_together():
  """.01 (.5 + .5 - (-10) - (-8)) = .19."""
  low, high = np.float32([-10.0, -8.0]), np.float32([0.5, 0.5])
  penalty = gaussian_nll.bound_penalty(low, high)
  np.testing.assert_allclose(penalty, 0.19, rtol=1e-6)


def test_what_is_not_known_counts_as_nothing():
  """As by hand, but for a third output: 6 over 3 outputs, and no gradient."""
  mean = tf.Variable([[[1.0, 0.0, 5.0]]])
  log_variance = tf.Variable([[[0.0, 2.0, 9.0]]])
  target = tf.constant([[[3.0, 0.0, np.nan]]])
  with tf.GradientTape() as tape:
    (loss,) = gaussian_nll.gaussian_nll(
      mean, log_variance, target, ~tf.math.is_nan(target)
    )
  np.testing.assert_allclose(loss, 2.0)
  of_mean, of_log_variance = tape.gradient(loss, [mean, log_variance])
  np.testing.assert_allclose(of_mean[0, 0], [-4 / 3, 0.0, 0.0], rtol=1e-6)
  np.testing.assert_allclose(
    of_log_variance[0, 0], [-1.0, 1 / 3, 0.0], rtol=1e-6
  )
