"""TD3's target action, and TD3+BC's normalised value loss."""

import tensorflow as tf


def smoothed_action(action, noise, noise_clip):
  """The target policy's action with clipped noise, within [-1, 1].

  Args:
    action: [B, A], in [-1, 1].
    noise: [B, A].
    noise_clip: bound on the noise, [-noise_clip, noise_clip].

  Returns: [B, A]. Fujimoto et al. 2018, eq. 14.
  """
  noise = tf.clip_by_value(noise, -noise_clip, noise_clip)
  return tf.clip_by_value(action + noise, -1.0, 1.0)


def normalized_value_loss(values, alpha):
  """-alpha * mean Q / mean |Q|; no gradient through the mean of |Q|.

  Makes the size of the values, hence of the cost, irrelevant: against a
  behaviour-cloning term `alpha` says how much the values weigh.

  Args:
    values: [B], Q(s, pi(s)).
    alpha: weight.

  Returns: scalar. Fujimoto and Gu 2021, eq. 5.
  """
  scale = alpha / tf.stop_gradient(tf.reduce_mean(tf.abs(values)))
  return -scale * tf.reduce_mean(values)
