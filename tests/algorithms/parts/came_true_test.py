"""What critics said against what came true: hand-worked sums."""

import types

import numpy as np
import pytest
import tensorflow as tf

from tfirl import types as tfirl_types
from tfirl.algorithms.parts import came_true
from tfirl.costs import episode_rows


def test_sums_of_an_episode_that_ends_are_known():
  """1 + .5 * 2 + .25 * 4 = 3, then 2 + .5 * 4 = 4, then 4."""
  sums, is_known = came_true.discounted_sums(
    np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 0.0]), np.arange(3), 0.5
  )
  assert sums.tolist() == [3.0, 4.0, 4.0]
  assert is_known.all()


def test_a_cut_episode_is_known_where_enough_follows():
  """.5^5 = 1/32 is under a twentieth, .5^4 = 1/16 is not."""
  sums, is_known = came_true.discounted_sums(
    np.ones(8), np.ones(8), np.arange(8), 0.5
  )
  assert is_known.tolist() == [True] * 4 + [False] * 4
  assert sums[0] == pytest.approx(2.0 * (1.0 - 0.5**8))


def test_nothing_passes_from_one_episode_to_the_one_before():
  """A cut at time 7, then an episode that ends at once."""
  sums, is_known = came_true.discounted_sums(
    np.array([1.0, 10.0]), np.array([1.0, 0.0]), np.array([7, 0]), 0.5
  )
  assert sums.tolist() == [1.0, 10.0]
  assert is_known.tolist() == [False, True]


def test_the_end_of_an_episode_is_worth_nothing_whatever_follows():
  """Its next row is of time 3, as a window may happen to have it."""
  sums, _ = came_true.discounted_sums(
    np.array([1.0, 10.0]), np.array([0.0, 0.0]), np.array([2, 3]), 0.5
  )
  assert sums.tolist() == [1.0, 10.0]


def test_means_are_of_the_known_steps_alone():
  agent = types.SimpleNamespace(
    gamma=0.5,
    values=lambda observation, action: tf.constant(observation[:, 0] * 10),
  )
  observation = np.array([[1.0], [2.0], [3.0]], np.float32)
  rows = episode_rows.EpisodeRows(
    observation,
    np.zeros((3, 1)),
    np.array([1.0, 0.0, 1.0]),
    np.array([0, 1, 0]),
  )
  found = came_true.values(agent, lambda o, a: o[:, 0], rows)
  assert found == {'value_predicted': 15.0, 'value_came_true': 2.0}


def test_where_no_step_is_known_nothing_is_said():
  rows = episode_rows.EpisodeRows(
    np.zeros((2, 1)), np.zeros((2, 1)), np.ones(2), np.arange(2)
  )
  agent = types.SimpleNamespace(gamma=0.9)
  assert came_true.values(agent, lambda o, a: o[:, 0], rows) == {}


def test_successors_are_the_models_and_the_real_ones():
  """A state is worth ten times itself, and 1 for the action taken there; the
  model is 3 short of each. The second step ends its episode.
  """
  agent = types.SimpleNamespace(
    values=lambda observation, action: 10 * observation[:, 0] + action[:, 0],
    sample_actions=lambda observation: tf.ones_like(observation),
  )
  model = types.SimpleNamespace(
    sample_next=lambda observation, action: tf.constant(
      observation + action - 3.0
    )
  )
  rows = tfirl_types.Transition(
    np.array([[1.0], [2.0], [5.0]], np.float32),
    np.ones((3, 1), np.float32),
    np.array([1.0, 0.0, 1.0], np.float32),
    np.array([[2.0], [100.0], [6.0]], np.float32),
  )
  found = came_true.of_successors(agent, model, rows)
  assert found == {'value_successor': 41.0, 'value_imagined': 11.0}


def test_where_all_steps_end_there_are_no_successors():
  rows = tfirl_types.Transition(
    np.zeros((2, 1)), np.zeros((2, 1)), np.zeros(2), np.zeros((2, 1))
  )
  assert came_true.of_successors(None, None, rows) == {}
