import numpy as np
import pytest
import tensorflow as tf

from tfirl.losses import iq_learn


def test_the_implied_reward_is_what_a_step_loses_of_q():
  reward = iq_learn.implied_reward(
    q=tf.constant([3.0, 3.0, -1.0]),
    next_value=tf.constant([2.0, 2.0, 4.0]),
    discount=tf.constant([1.0, 0.0, 1.0]),
    gamma=0.5,
  )
  # 3 - 0.5 * 2; a terminal's successor is worth nothing; -1 - 0.5 * 4.
  np.testing.assert_allclose(reward, [2.0, 3.0, -3.0])


@pytest.mark.parametrize(('alpha', 'expected'), [(0.5, 4.5), (0.25, 9.5)])
def test_loss_by_hand(alpha, expected):
  """-1.5 of the expert, 1 of the drop, (4 + 16 + 4 + 16) / 4 / (4 alpha)."""
  loss = iq_learn.iq_learn_loss(
    expert_reward=tf.constant([1.0, 2.0]),
    value_drop=tf.constant([0.0, 1.0, 2.0]),
    regularized_reward=tf.constant([2.0, -4.0, -2.0, 4.0]),
    chi2_alpha=alpha,
  )
  np.testing.assert_allclose(loss, expected, rtol=1e-6)


def test_a_choice_between_two_actions_has_the_rewards_of_the_divergence():
  """Of one step, by a policy that takes either action alike.

  -e + (e + o) / 2 + (e^2 + o^2) / 2 / (4 / 2), of Q of the expert's action and
  the other, is least at e = 1, o = -1: found by following its gradient.
  """
  q = tf.Variable([0.3, 0.7])
  for _ in range(200):
    with tf.GradientTape() as tape:
      loss = iq_learn.iq_learn_loss(q[:1], tf.reduce_mean(q)[None], q, 0.5)
    q.assign_sub(0.2 * tape.gradient(loss, q))
  np.testing.assert_allclose(q, [1.0, -1.0], atol=1e-4)
