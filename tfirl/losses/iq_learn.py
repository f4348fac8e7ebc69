"""IQ-Learn: a critic that is fitted to no reward, but to the expert."""

import tensorflow as tf


def implied_reward(q, next_value, discount, gamma):
  """r = Q(s, a) - gamma V(s'): the reward for which Q would be right.

  Source: Garg et al. 2021, section 3, the inverse soft Bellman operator.

  Args:
    q: Q(s, a), [B].
    next_value: V(s') = E_pi[Q(s', a') - alpha log pi(a' | s')], [B].
    discount: 0 where s' is terminal, and so worth nothing; 1 elsewhere, [B].
    gamma: the agent's discount.

  Returns: [B].
  """
  return q - gamma * discount * next_value


def iq_learn_loss(expert_reward, value_drop, regularized_reward, chi2_alpha):
  """-E_expert[r] + E[V(s) - gamma V(s')] + E[r^2] / (4 chi2_alpha).

  The critic raises the expert's rewards above what the policy is worth. The
  last term, which stands for the chi-squared divergence, keeps rewards small.

  Source: Garg et al. 2021, -J of eq. 10 with phi of section 5.3, and the mean
  drop of section 5.1 in place of start states.

  Args:
    expert_reward: `implied_reward` of the expert's rows, [B].
    value_drop: V(s) - gamma V(s') at rows of any policy, over which its mean is
      (1 - gamma) E[V(s_0)], or that itself at start states; [M].
    regularized_reward: `implied_reward` of the rows that are regularised, [N].
    chi2_alpha: the larger, the weaker.

  Returns: scalar.
  """
  penalty = tf.reduce_mean(tf.square(regularized_reward)) / (4.0 * chi2_alpha)
  return tf.reduce_mean(value_drop) - tf.reduce_mean(expert_reward) + penalty
