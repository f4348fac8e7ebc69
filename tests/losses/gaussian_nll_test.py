"""The likelihood against SciPy's."""

import numpy as np
import scipy.stats

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
