"""Other losses of the cost than the gap of means, and the rewards they give.

f is a cost throughout: high on the learner, low on the expert. Where a source
has a discriminator D, the probability of being the expert, D = sigmoid(-f).
"""

import gin
import tensorflow as tf

_reward = gin.configurable(module='rewards', denylist=['cost'])


@gin.configurable(denylist=['cost_learner', 'cost_expert'])
def logistic_loss(cost_learner, cost_expert):
  """Cross-entropy of the discriminator D = sigmoid(-f), as in GAIL and DAC.

  -E_learner[log(1 - D)] - E_expert[log D]
  = E_learner[softplus(-f)] + E_expert[softplus(f)]; 2 log 2 at f = 0.

  Source: Ho and Ermon 2016, eq. 15; Kostrikov et al. 2019.

  Args:
    cost_learner: [B].
    cost_expert: [B']; the batches may differ in size.

  Returns: scalar, > 0.
  """
  return tf.reduce_mean(tf.nn.softplus(-cost_learner)) + tf.reduce_mean(
    tf.nn.softplus(cost_expert)
  )


@gin.configurable(denylist=['cost_learner', 'cost_expert'])
def least_squares_loss(cost_learner, cost_expert):
  """Squared distance of f from +1 on the learner and from -1 on the expert.

  0.5 E_learner[(f - 1)^2] + 0.5 E_expert[(f + 1)^2]; 1 at f = 0.

  Source: Mao et al., "Least Squares Generative Adversarial Networks", 2017,
  eq. 2, for -f and labels 1 of the expert and -1 of the learner.

  Args:
    cost_learner: [B].
    cost_expert: [B']; the batches may differ in size.

  Returns: scalar, >= 0.
  """
  return 0.5 * tf.reduce_mean((cost_learner - 1.0) ** 2) + 0.5 * tf.reduce_mean(
    (cost_expert + 1.0) ** 2
  )


@_reward
def negative(cost):
  """-f, of either sign; with the logistic loss log D - log(1 - D).

  Source: Swamy et al. 2021; of a discriminator, Fu et al. 2018 (AIRL) and
  Kostrikov et al. 2019 (DAC).

  Args:
    cost: f, [B].

  Returns: [B].
  """
  return -cost


@_reward
def gail(cost):
  """-log(1 - D) = softplus(-f), always above 0: a longer life earns more.

  Source: Ho and Ermon 2016, algorithm 1, whose D is that of the learner.

  Args:
    cost: f, [B].

  Returns: [B], > 0.
  """
  return tf.nn.softplus(-cost)


@_reward
def log_expert(cost):
  """log D = -softplus(f), always below 0: an early end earns more.

  Source: Kostrikov et al. 2019, section 4.1, where it is discussed.

  Args:
    cost: f, [B].

  Returns: [B], < 0.
  """
  return -tf.nn.softplus(cost)


@_reward
def clipped_quadratic(cost):
  """max(0, 1 - 0.25 (f + 1)^2), with the least-squares loss, within [0, 1].

  1 where f is the expert's -1, 0 where it is the learner's +1.

  Source: Peng et al., "AMP: Adversarial Motion Priors", 2021, eq. 7, where
  d = -f.

  Args:
    cost: f, [B].

  Returns: [B].
  """
  return tf.maximum(0.0, 1.0 - 0.25 * (cost + 1.0) ** 2)
