"""A mean over actions and rows."""

import numpy as np

from tfirl.losses.behavior_cloning import behavior_cloning_loss


def test_is_a_mean_over_actions_and_rows():
  predicted = np.float32([[1, 0, -1], [0.5, 0, 0]])
  expert = np.float32([[0, 0, 1], [0, 0, 0]])
  # Rows: 1 + 0 + 4 = 5 and 0.25, of 3 actions each.
  assert behavior_cloning_loss(predicted, expert).numpy() == 0.875
