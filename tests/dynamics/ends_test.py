"""Ends of a task that are not those of its demonstrations are told."""

import logging

import numpy as np
import pytest
import tensorflow as tf

from tfirl import types
from tfirl.dynamics import ends, learned_end, termination


def _demos(heights, terminals):
  """Rows of a hopper that lands at `heights`."""
  rows = np.zeros((len(heights), 11), np.float32)
  landed = rows.copy()
  landed[:, 0] = heights
  return types.Demonstrations(
    observations=rows,
    actions=np.zeros((len(rows), 3), np.float32),
    next_observations=landed,
    terminals=np.asarray(terminals),
    timeouts=np.zeros(len(rows), bool),
    source='h.npz',
  )


def test_the_right_ends_are_not_spoken_of(caplog):
  demos = _demos([1.2] * 9000 + [0.6], [False] * 9000 + [True])
  with caplog.at_level(logging.WARNING):
    ends.check_ends(termination.hopper, demos)
  assert not caplog.records


def test_who_does_not_say_has_them_learned():
  demos = _demos([0.0] * 4, [False] * 4)
  is_healthy, learned = ends.make_ends(None, demos, 0)
  assert isinstance(learned, learned_end.LearnedEnd)
  assert is_healthy == learned.is_healthy
  with pytest.raises(ValueError, match='expected the ends of this task'):
    ends.make_ends(termination.hopper, demos, 0)
  assert ends.make_ends(termination.never, demos, 0) == (
    termination.never,
    None,
  )


def test_another_tasks_ends_are_refused():
  demos = _demos([0.0] * 98 + [1.2] * 2, [False] * 99 + [True])
  told = (
    r'ends in 99\.0% of the 99 demonstrated steps after which it goes on, and '
    r'goes on in 100\.0% of the 1 that end it \(h\.npz\); expected the ends'
  )
  with pytest.raises(ValueError, match=told):
    ends.check_ends(termination.hopper, demos)


@pytest.mark.parametrize(
  ('heights', 'terminals', 'told'),
  [
    # One of 200 at the bound; of ends, none is known.
    ([1.2] * 199 + [0.6], [False] * 200, 'ends in 0.5% of the 200'),
    ([1.2] * 4, [False, True, False, True], 'goes on in 100.0% of the 2'),
  ],
)
def test_a_few_are_a_warning(heights, terminals, told, caplog):
  with caplog.at_level(logging.WARNING):
    ends.check_ends(termination.hopper, _demos(heights, terminals))
  assert told in caplog.text


@pytest.mark.parametrize(
  'is_healthy',
  [
    lambda observation: observation[:, :1] > 0,
    lambda observation: observation[:, 0],
    lambda unused_observation: tf.constant(True),
  ],
)
def test_an_answer_of_another_shape_is_refused(is_healthy):
  told = (
    r'Task.is_healthy returned .* for observations \[2, 11\]; expected bool'
  )
  with pytest.raises(ValueError, match=told):
    ends.check_ends(is_healthy, _demos([1.2, 1.2], [False] * 2))
