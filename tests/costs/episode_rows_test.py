"""Rows of both sides of the game, set against each other in time."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl import types
from tfirl.costs import episode_rows


def make(*times, ends=()):
  """Rows at `times`; those at the places `ends` are terminal."""
  times = np.array(times)
  nothing = np.zeros((len(times), 1), np.float32)
  discount = np.ones(len(times), np.float32)
  discount[list(ends)] = 0.0
  return episode_rows.EpisodeRows(nothing, nothing, discount, times)


def test_weights_give_the_expert_the_learners_times():
  learner = make(0, 1, 2, 0, 1, 0)  # episodes of three, two and one step
  expert = make(0, 1, 2, 3, 0, 1, 2, 3)  # two of four steps
  found = episode_rows.time_weights(learner, expert)
  np.testing.assert_allclose(
    found, np.array([3, 2, 1, 0, 3, 2, 1, 0]) / 12, rtol=1e-12
  )


def test_a_late_row_weighs_no_more_than_its_episodes_share():
  """Two of three demonstrations are at the goal when the third goes on."""
  learner = make(*range(6), *range(6))
  expert = make(0, 1, 0, 1, 0, 1, 2, 3, ends=(1, 3, 7))
  found = episode_rows.time_weights(learner, expert)
  np.testing.assert_allclose(found, 1 / 8)


def test_a_time_the_expert_never_reached_counts_for_nothing():
  found = episode_rows.time_weights(make(0, 1, 2, 3), make(0, 1))
  np.testing.assert_allclose(found, [0.5, 0.5])


def test_without_a_common_time_rows_weigh_alike():
  found = episode_rows.time_weights(make(5, 6), make(0, 1, 2, 3))
  np.testing.assert_allclose(found, 0.25)


def test_ended_shares_by_hand():
  """One side falls every other step, the other never; ten steps at most."""
  learner = make(0, 1, 0, 1, ends=(1, 3))
  expert = make(*range(10))
  share = 0.5 * 10 / (1 + 0.5 * 10)
  assert episode_rows.ended_shares(learner, expert) == (
    pytest.approx(share),
    0.0,
  )


def test_ended_shares_of_a_goal_that_only_the_expert_reaches():
  learner = make(*range(8))
  expert = make(*range(4), *range(4), ends=(3, 7))
  ours, theirs = episode_rows.ended_shares(learner, expert)
  assert ours == 0.0
  assert theirs == pytest.approx(0.25 * 8 / (1 + 0.25 * 8))


def test_an_end_counts_at_the_times_the_learner_was_there():
  """FILTER: episodes that began near the goal end as often as the expert's."""
  expert = make(*range(10), ends=(9,))
  learner = make(8, 9, 8, 9, 8, 9, ends=(1, 3, 5))
  ours, theirs = episode_rows.ended_shares(learner, expert)
  assert ours == pytest.approx(theirs)
  assert ours == pytest.approx(0.5 * 10 / (1 + 0.5 * 10))


def transitions(first, number):
  """`number` rows that say which they are, from `first` on."""
  count = np.arange(first, first + number, dtype=np.float32)
  observation = np.stack([count, -count], 1)
  return types.Transition(
    observation, 0.1 * count[:, None], (count % 7 != 0).astype('f'),
    observation + 1,
  )  # fmt: skip


def test_window_holds_the_latest_rows_in_order():
  window = episode_rows.Window(2, 1, capacity=10)
  for first in range(0, 24, 6):
    window.add(transitions(first, 6), 1000 + np.arange(first, first + 6))
  expected = transitions(14, 10)
  transition, time = window.read()
  for found, wanted in zip(transition, expected, strict=True):
    np.testing.assert_array_equal(found, wanted)
  np.testing.assert_array_equal(time, 1000 + np.arange(14, 24))


def walk(start, number, step=1.0):
  """An episode from `start` on, each state `step` after the one before."""
  states = start + step * np.arange(number + 1, dtype=np.float32)[:, None]
  return types.Transition(
    states[:-1], 0 * states[1:], np.ones(number, np.float32), states[1:]
  )


def test_episodes_of_a_window_that_come_in_turns_are_put_together():
  """As blocks of several actors do: two rows of one, two of the other."""
  window = episode_rows.Window(1, 1, capacity=10)
  one, other = walk(0.0, 4), walk(100.0, 3)
  for begin in (0, 2):
    for rows in (one, other):
      block = types.Transition(*(field[begin : begin + 2] for field in rows))
      window.add(block, np.arange(begin, begin + len(block.discount)))
  wanted = [0, 1, 2, 3, 100, 101, 102]
  transition, time = window.read()
  assert transition.observation[:, 0].tolist() == wanted
  assert time.tolist() == [0, 1, 2, 3, 0, 1, 2]


def test_one_environments_rows_stay_as_they_are():
  """Where it comes by the same states again, too, or stands still; and where an
  episode is cut at a state that the next one passes.
  """
  window = episode_rows.Window(1, 1, capacity=12)
  episodes = (walk(0, 3), walk(0, 3), walk(1, 3), walk(0, 3, step=0))
  for rows in episodes:
    window.add(rows, np.arange(len(rows.discount)))
  wanted = np.concatenate([rows.observation for rows in episodes])
  transition, time = window.read()
  np.testing.assert_array_equal(transition.observation, wanted)
  assert time.tolist() == 4 * [0, 1, 2]


def test_a_restored_window_holds_the_very_rows(tmp_path):
  window = episode_rows.Window(2, 1, capacity=10)
  window.add(transitions(0, 7), np.arange(7))
  path = tf.train.Checkpoint(w=window).write(str(tmp_path / 'c'))
  restored = episode_rows.Window(2, 1, capacity=10)
  restored.add(transitions(50, 3), np.arange(3))  # gone at the restoration
  tf.train.Checkpoint(w=restored).read(path).assert_consumed()
  for found in (window, restored):
    found.add(transitions(7, 5), np.arange(7, 12))
    transition, time = found.read()
    np.testing.assert_array_equal(time, np.arange(2, 12))
    np.testing.assert_array_equal(
      transition.next_observation, transitions(2, 10).next_observation
    )
