"""Summed over the action, averaged over the batch."""

import numpy as np

from tfirl.losses.behavior_cloning import behavior_cloning_loss


def test_sums_over_actions_and_averages_over_rows():
  predicted = np.float32([[1, 0, -1], [0.5, 0, 0]])
  expert = np.float32([[0, 0, 1], [0, 0, 0]])
  # Rows: 1 + 0 + 4 = 5 and 0.25.
  assert behavior_cloning_loss(predicted, expert).numpy() == 2.625
