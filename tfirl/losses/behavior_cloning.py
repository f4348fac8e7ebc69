"""Regression on the expert's actions."""

import tensorflow as tf


def behavior_cloning_loss(predicted, expert):
  """Squared error of the actions, summed over A and averaged over B.

  Args:
    predicted: [B, A], actions of the policy, in [-1, 1].
    expert: [B, A], actions of the expert at the same observations, in [-1, 1].

  Returns:
    Scalar, >= 0.
  """
  squared_error = tf.math.squared_difference(predicted, expert)
  return tf.reduce_mean(tf.reduce_sum(squared_error, axis=-1))
