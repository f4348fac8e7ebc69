"""Negative log-likelihood of Gaussians, for an ensemble."""

import tensorflow as tf


def gaussian_nll(mean, log_variance, target, is_known=None):
  """(mean - target)^2 / variance + log variance, without constants.

  Args:
    mean, log_variance, target: [E, B, D].
    is_known: bool [E, B, D], where there is a target; None for everywhere. The
      others count as 0 in the means, whose weights stay what they are.

  Returns:
    [E], means over B and D: a member's loss hangs on its own outputs only.

  Source: Chua et al. 2018, eq. 1.
  """
  if is_known is not None:  # 0 times the gradient at a nan would be nan
    target = tf.where(is_known, target, mean)
  error = tf.math.squared_difference(mean, target)
  loss = error * tf.exp(-log_variance) + log_variance
  if is_known is not None:
    loss = tf.where(is_known, loss, 0.0)
  return tf.reduce_mean(loss, [1, 2])


def bound_penalty(min_log_variance, max_log_variance, weight=0.01):
  """Draws the soft bounds of the log variance together. Args: both [O]."""
  width = tf.reduce_sum(max_log_variance) - tf.reduce_sum(min_log_variance)
  return weight * width
