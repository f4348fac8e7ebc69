"""Negative log-likelihood of Gaussians, for an ensemble."""

import tensorflow as tf


def gaussian_nll(mean, log_variance, target):
  """(mean - target)^2 / variance + log variance, without constants.

  Args:
    mean, log_variance, target: [E, B, O].

  Returns:
    [E], means over B and O: a member's loss hangs on its own outputs only.

  Source: Chua et al. 2018, eq. 1.
  """
  error = tf.math.squared_difference(mean, target)
  return tf.reduce_mean(error * tf.exp(-log_variance) + log_variance, [1, 2])


def bound_penalty(min_log_variance, max_log_variance, weight=0.01):
  """Draws the soft bounds of the log variance together. Args: both [O]."""
  width = tf.reduce_sum(max_log_variance) - tf.reduce_sum(min_log_variance)
  return weight * width
