"""The moment-matching game between a policy and a cost function."""

import gin
import tensorflow as tf


@gin.configurable(denylist=['cost_learner', 'cost_expert'])
def moment_matching_loss(cost_learner, cost_expert):
  """Gap E_expert[f] - E_learner[f] that the cost player minimises.

  f is a cost: high on the learner, low on the expert, so the loss falls below
  zero as the cost tells the two apart. The two batches may differ in size.

  Source: Swamy et al., "Of Moments and Matching", 2021, eq. 2.

  Args:
    cost_learner: [B], or [E, B] for E independent costs.
    cost_expert: [B'], or [E, B'].

  Returns:
    Scalar, or [E].
  """
  return tf.reduce_mean(cost_expert, axis=-1) - tf.reduce_mean(
    cost_learner, axis=-1
  )
