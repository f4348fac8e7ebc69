import numpy as np
import pytest
import tensorflow as tf

from tfirl import types
from tfirl.dynamics import targets

NAN = np.nan


@pytest.fixture
def rows():
  """Two of two observations; the second's reward was not recorded."""
  return types.RewardedTransition(
    observation=np.float32([[1, 2], [3, 4]]),
    action=np.zeros((2, 1), np.float32),
    discount=np.ones(2, np.float32),
    next_observation=np.float32([[2, 4], [3, 0]]),
    reward=np.float32([7, NAN]),
  )


def test_differences_then_rewards(rows):
  found = targets.of(rows, has_reward=True)
  np.testing.assert_array_equal(found, [[1, 2, 7], [0, -4, NAN]])
  found = targets.of(rows.transition, has_reward=False)
  np.testing.assert_array_equal(found, [[1, 2], [0, -4]])


def test_only_a_reward_may_be_unknown():
  values = tf.constant([[1.0, NAN, 2.0], [NAN, 1.0, NAN]])
  found = targets.is_known(values, observation_size=2)
  expected = [[True, True, True], [True, True, False]]
  np.testing.assert_array_equal(found, expected)


def test_variances_are_of_what_is_known():
  values = np.array([[1, 5, NAN, 2.0], [3, 5, NAN, NAN], [5, 5, NAN, 4.0]])
  found = targets.variances(values)
  np.testing.assert_allclose(found, [8 / 3, NAN, NAN, 1.0])
