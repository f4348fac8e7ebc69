"""The gap's value and sign, on numbers worked by hand."""

import numpy as np

from tfirl.losses.moment_matching import moment_matching_loss


def test_gap_of_batches_of_unequal_size():
  cost_learner = np.float32([1, 2, 6])  # mean 3
  cost_expert = np.float32([0.5, -1.5])  # mean -0.5
  assert moment_matching_loss(cost_learner, cost_expert).numpy() == -3.5


def test_each_member_has_its_own_gap():
  cost_learner = np.float32([[1, 3], [0, 0]])
  cost_expert = np.float32([[2, 2], [5, 7]])
  gap = moment_matching_loss(cost_learner, cost_expert)
  np.testing.assert_array_equal(gap, [0, 6])
