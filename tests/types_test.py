"""Where episodes of demonstrations begin and end."""

import dataclasses

import numpy as np
import pytest

from tfirl.types import Demonstrations, Transition


@pytest.fixture
def demos():
  """7 rows: an episode of 3 that terminates, of 2 cut by time, 2 open rows."""
  numbers = np.arange(7, dtype=np.float32)
  return Demonstrations(
    observations=np.stack([numbers, -numbers], 1),
    actions=numbers[:, np.newaxis] / 10,
    next_observations=np.stack([numbers + 1, -numbers - 1], 1),
    terminals=np.array([0, 0, 1, 0, 0, 0, 0], bool),
    timeouts=np.array([0, 0, 0, 0, 1, 0, 0], bool),
  )


def test_episode_ends_include_the_open_last_episode(demos):
  assert len(demos) == 7 and demos.sizes == (2, 1)
  assert demos.episode_ends.tolist() == [3, 5, 7]


def test_they_are_shown_in_a_line(demos):
  text = repr(dataclasses.replace(demos, source='d.npz'))
  assert '3 episodes, 7 transitions' in text and "'d.npz'" in text
  assert len(text) < 100


def test_a_closed_last_episode_ends_once(demos):
  timeouts = demos.timeouts.copy()
  timeouts[6] = True
  closed = dataclasses.replace(demos, timeouts=timeouts)
  assert closed.episode_ends.tolist() == [3, 5, 7]


def test_rows_without_any_end_are_one_episode(demos):
  never = np.zeros(7, bool)
  demos = dataclasses.replace(demos, terminals=never, timeouts=never)
  assert demos.episode_ends.tolist() == [7]
  assert demos.steps_in_episode.tolist() == list(range(7))


def test_steps_start_anew_in_each_episode(demos):
  assert demos.steps_in_episode.tolist() == [0, 1, 2, 0, 1, 0, 1]


def test_transitions_bootstrap_at_time_outs_only(demos):
  rows = demos.transitions
  assert rows.discount.dtype == np.float32
  assert rows.discount.tolist() == [1, 1, 0, 1, 1, 1, 1]
  np.testing.assert_array_equal(rows.observation, demos.observations)
  np.testing.assert_array_equal(rows.action, demos.actions)
  np.testing.assert_array_equal(rows.next_observation, demos.next_observations)


def test_a_transition_has_no_reward():
  """A stale reward can't be trained on if there is no field for it."""
  assert Transition._fields == (
    'observation',
    'action',
    'discount',
    'next_observation',
  )


def test_rewards_go_with_their_rows_or_are_nan(demos):
  paid = dataclasses.replace(demos, rewards=np.arange(7.0))
  rows = paid.rewarded_transitions
  assert rows.reward.tolist() == list(range(7))
  assert rows.reward.dtype == np.float32
  for a, b in zip(rows.transition, demos.transitions, strict=True):
    np.testing.assert_array_equal(a, b)
  assert np.isnan(demos.rewarded_transitions.reward).all()
