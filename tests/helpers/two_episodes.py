"""Demonstrations of two episodes that are known, for files of any layout."""

import numpy as np

# Two episodes of 3 and 2 steps: observations count up, the first by 1, the
# second from 10 on.
PATHS = [np.array([[0.0], [1], [2], [3]]), np.array([[10.0], [11], [12]])]
OBS = np.concatenate([path[:-1] for path in PATHS])
NEXT = np.concatenate([path[1:] for path in PATHS])
ACTS = np.arange(5.0)[:, None] / 10


def is_whole(raw, terminals=(), timeouts=(2, 4)):
  columns = raw.columns
  np.testing.assert_array_equal(columns['observations'], OBS)
  np.testing.assert_array_equal(columns['next_observations'], NEXT)
  np.testing.assert_array_equal(columns['actions'], ACTS)
  assert np.flatnonzero(columns['terminals']).tolist() == list(terminals)
  assert np.flatnonzero(columns['timeouts']).tolist() == list(timeouts)


def is_without_last_rows(raw):
  """Where their last actions led is not known."""
  columns = raw.columns
  assert columns['observations'].ravel().tolist() == [0, 1, 10]
  assert columns['next_observations'].ravel().tolist() == [1, 2, 11]
  assert columns['actions'].ravel().tolist() == [0, 0.1, 0.3]
  assert np.flatnonzero(columns['timeouts']).tolist() == [1, 2]
