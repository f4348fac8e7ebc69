"""Training's own episodes, by hand."""

import numpy as np

from tfirl.algorithms.parts import training_episodes


def _add(episodes, *steps, stream=0):
  """Steps (reward, time), or (reward, time, discount)."""
  full = [(*step, 1.0)[:3] for step in steps]
  rewards, times, discounts = zip(*full, strict=True)
  columns = np.float32(rewards), np.float32(discounts), np.array(times)
  episodes.add(*columns, np.full(len(steps), stream))


def test_episodes_over_rounds():
  episodes = training_episodes.TrainingEpisodes()
  assert episodes.columns() == {}
  _add(episodes, (1.0, 0), (2.0, 1), (4.0, 2), (8.0, 0))
  assert episodes.columns()['training_return'] == 7.0
  assert episodes.columns()['training_return'] == 7.0
  episodes.forget()
  _add(episodes, (16.0, 1), (32.0, 0), (64.0, 0))
  assert episodes.columns()['training_return'] == (8 + 16 + 32) / 2
  episodes.forget()
  assert episodes.columns() == {}  # the last one is under way


def test_lengths_and_ends():
  """Three steps to a terminal, one to a time-out, two to a terminal."""
  episodes = training_episodes.TrainingEpisodes()
  _add(episodes, (1.0, 0), (1.0, 1), (1.0, 2, 0.0), (1.0, 0))
  _add(episodes, (1.0, 0), (1.0, 1, 0.0), (1.0, 0, 0.0))
  found = episodes.columns()
  assert found['training_length'] == (3 + 1 + 2) / 3
  assert found['training_terminated'] == 2 / 3


def test_what_began_in_the_middle_has_no_return():
  """As after a resumption, or FILTER's reset."""
  episodes = training_episodes.TrainingEpisodes()
  _add(episodes, (1.0, 7), (1.0, 8), (2.0, 0), (2.0, 1), (1.0, 5), (1.0, 6))
  _add(episodes, (3.0, 0))
  assert episodes.columns()['training_return'] == 4.0


def test_a_reset_to_the_time_after_an_end():
  """FILTER's, two steps into a demonstration, where the fall was the second:
  what follows is no part of what fell.
  """
  episodes = training_episodes.TrainingEpisodes()
  _add(episodes, (1.0, 0), (2.0, 1, 0.0), (8.0, 2), (16.0, 3, 0.0))
  _add(episodes, (4.0, 0, 0.0), (0.0, 0))
  found = episodes.columns()
  assert found['training_return'] == (3 + 4) / 2
  assert found['training_length'] == (2 + 1) / 2
  assert found['training_terminated'] == 1.0


def test_streams_are_kept_apart():
  """Two steps of one, one of another in between, and one that goes no further:
  an actor that was killed has ended no episode.
  """
  episodes = training_episodes.TrainingEpisodes()
  _add(episodes, (1.0, 0), (2.0, 1), stream=3)
  _add(episodes, (8.0, 0), stream=7)
  _add(episodes, (64.0, 0), stream=9)
  _add(episodes, (4.0, 2), (0.0, 0), stream=3)
  _add(episodes, (0.0, 0), stream=7)
  found = episodes.columns()
  assert found['training_return'] == (7 + 8) / 2
  assert found['training_length'] == (3 + 1) / 2
