"""Two-sided gradient penalty on random interpolates of two batches."""

import tensorflow as tf


def interpolate(first, second, weight):
  """Points between the rows of two batches, all columns moved alike.

  Args:
    first: [B, D], what weight 1 gives.
    second: [B, D], what weight 0 gives.
    weight: [B, 1], in [0, 1]; drawn by the caller, so this is deterministic.

  Returns:
    weight * first + (1 - weight) * second, [B, D].
  """
  return weight * first + (1.0 - weight) * second


def gradient_penalty(cost_fn, observation, action, target=0.4):
  """Mean squared distance of the cost's gradient norm from `target`.

  The norm is sqrt(sum g^2 + 1e-12) of the gradient with respect to observation
  and action together; 1e-12 keeps the root differentiable at zero.

  Source: Gulrajani et al., "Improved Training of Wasserstein GANs", 2017,
  eq. 3, whose target is 1; Ren et al. 2024 use 0.4.

  Args:
    cost_fn: maps observation [B, O] and action [B, A] to costs [B]; the cost of
      a row depends on that row alone.
    observation: [B, O], usually from `interpolate`.
    action: [B, A], interpolated with the same weights.
    target: the norm that costs nothing.

  Returns:
    Scalar, >= 0; differentiable in the parameters of `cost_fn`.
  """
  with tf.GradientTape(watch_accessed_variables=False) as tape:
    tape.watch((observation, action))
    cost = cost_fn(observation, action)
  gradients = tape.gradient(
    cost,
    (observation, action),
    unconnected_gradients=tf.UnconnectedGradients.ZERO,
  )
  gradient = tf.concat(gradients, axis=-1)
  norm = tf.sqrt(tf.reduce_sum(gradient**2, axis=-1) + 1e-12)
  return tf.reduce_mean((norm - target) ** 2)
