"""Rows of both sides of the game, set against each other in time."""

import numpy as np

from tfirl.costs import episode_rows


def make(*times):
  times = np.array(times)
  nothing = np.zeros((len(times), 1), np.float32)
  return episode_rows.EpisodeRows(nothing, nothing, times)


def test_weights_give_the_expert_the_learners_times():
  learner = make(0, 1, 2, 0, 1, 0)  # episodes of three, two and one step
  expert = make(0, 1, 2, 3, 0, 1, 2, 3)  # two of four steps
  found = episode_rows.time_weights(learner, expert)
  np.testing.assert_allclose(
    found, np.array([3, 2, 1, 0, 3, 2, 1, 0]) / 12, rtol=1e-12
  )


def test_a_time_the_expert_never_reached_counts_for_nothing():
  found = episode_rows.time_weights(make(0, 1, 2, 3), make(0, 1))
  np.testing.assert_allclose(found, [0.5, 0.5])


def test_without_a_common_time_rows_weigh_alike():
  found = episode_rows.time_weights(make(5, 6), make(0, 1, 2, 3))
  np.testing.assert_allclose(found, 0.25)
