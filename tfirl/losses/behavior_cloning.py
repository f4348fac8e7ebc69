"""Regression on the expert's actions."""

import tensorflow as tf


def behavior_cloning_loss(predicted, expert):
  """Mean squared error of the actions, over A and over B.

  The term of TD3+BC (Fujimoto and Gu 2021, eq. 3) and, in the authors' code, of
  BC-Reg (Ren et al. 2024).

  Args:
    predicted: [B, A], actions of the policy, in [-1, 1].
    expert: [B, A], actions of the expert at the same observations, in [-1, 1].

  Returns:
    Scalar, >= 0.
  """
  return tf.reduce_mean(tf.math.squared_difference(predicted, expert))
