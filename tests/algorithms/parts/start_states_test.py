"""The window by hand, and what is drawn from it."""

import numpy as np
import pytest

from tfirl.algorithms.parts import start_states
from tfirl.types import Demonstrations

# Trajectories of 40, 1 and 10 rows; observation and action say which row.
_ENDS = [39, 40, 50]


@pytest.fixture
def demos():
  number = np.arange(51, dtype=np.float32)
  return Demonstrations(
    observations=np.stack([number, -number], 1),
    actions=number[:, None] / 100,
    next_observations=np.zeros((51, 2), np.float32),
    terminals=np.isin(np.arange(51), _ENDS),
    timeouts=np.zeros(51, bool),
  )


def make(demos, **kwargs):
  return start_states.BackwardStarts(demos, **{'walk_steps': 1000, **kwargs})


@pytest.mark.parametrize(
  'env_steps, expected',
  [
    (0, (0.95, 1.0)),  # clamped at the end
    (50, (0.95, 1.0)),
    (200, (0.8, 0.85)),  # after 20 %: the last 15 to 20 %
    (975, (0.025, 0.075)),
    (1000, (0.0, 0.05)),
    (9000, (0.0, 0.05)),  # stays at the start
  ],
)
def test_window_by_hand(demos, env_steps, expected):
  starts = make(demos)
  np.testing.assert_allclose(starts.window(env_steps), expected, atol=1e-12)
  begin, end = expected
  assert starts.columns(env_steps) == {
    'start_window_from': pytest.approx(begin),
    'start_window_to': pytest.approx(end),
  }


@pytest.mark.parametrize(
  'env_steps, expected',
  [
    (0, (1.0, 1.0)),
    (20, (0.98, 1.0)),
    (50, (0.95, 1.0)),
    (200, (0.8, 0.85)),
    (1000, (0.0, 0.05)),
  ],
)
def test_the_published_window_is_cut_at_the_end(demos, env_steps, expected):
  starts = make(demos, keeps_width=False)
  np.testing.assert_allclose(starts.window(env_steps), expected, atol=1e-12)
  if env_steps == 0:  # the last row of each
    assert starts.rows(env_steps).tolist() == [39, 40, 50]


@pytest.mark.parametrize(
  'env_steps, expected',
  [
    # 2 of 40 rows, the only one, half a row of 10.
    (0, [38, 39, 40, 50]),
    (200, [32, 33, 40, 49]),
    (500, [20, 21, 40, 46]),
    (1000, [0, 1, 40, 41]),
  ],
)
def test_rows_by_hand(demos, env_steps, expected):
  assert make(demos).rows(env_steps).tolist() == expected


def test_a_wide_window_is_all_rows(demos):
  starts = make(demos, reset_window=1.0)
  for env_steps in (0, 300, 5000):
    assert starts.rows(env_steps).tolist() == list(range(51))


def test_draws_rows_of_the_window_alike(demos):
  starts = make(demos, reset_window=0.1)
  rows = starts.rows(300)
  observations, actions = starts.sample(300, 4000, np.random.default_rng(0))
  np.testing.assert_array_equal(observations[:, 0], -observations[:, 1])
  np.testing.assert_allclose(actions[:, 0], observations[:, 0] / 100)
  values, counts = np.unique(observations[:, 0], return_counts=True)
  assert values.tolist() == rows.tolist() and len(rows) >= 6
  expected = 4000 / len(rows)
  # 5 standard deviations, roughly.
  np.testing.assert_allclose(counts, expected, atol=5 * np.sqrt(expected))


@pytest.mark.parametrize(
  'parameter, message',
  [
    ({'reset_window': 0.0}, 'reset_window is 0.0; expected float, more than 0'),
    ({'reset_window': 1.1}, 'reset_window is 1.1'),
    ({'walk_steps': 0}, 'walk_steps is 0; expected int, at least 1'),
  ],
)
def test_what_it_refuses(demos, parameter, message):
  with pytest.raises(ValueError, match=f'BackwardStarts.{message}'):
    make(demos, **parameter)
