"""How an episode in a maze is judged, by hand."""

import numpy as np
import pytest


@pytest.fixture(scope='module')
def maze_stuck(load_script):
  return load_script('benchmarks/maze_stuck.py')


@pytest.mark.parametrize(
  ('steps', 'still', 'expected'),
  [(300, 200, True), (300, 150, False), (100, 100, False)],
)
def test_stuck_is_to_stand_for_two_hundred_steps(
  maze_stuck, steps, still, expected
):
  """In cells of 4 m, of which it may still move 2."""
  x = np.zeros(steps)
  x[: steps - still] = np.linspace(-30, -3, steps - still)
  x[-1] = 1.9
  seen = np.stack([x, 0 * x], axis=1)
  assert maze_stuck.is_stuck(seen, 4.0) == expected


@pytest.mark.parametrize(
  ('quaternion', 'expected'),
  [
    ((1, 0, 0, 0), False),
    ((0, 1, 0, 0), True),  # rolled over, about x
    ((0.75**0.5, 0.5, 0, 0), False),  # leans over by 60 degrees
    ((0, 0, 0, 1), False),  # turned about z
  ],
)
def test_an_ant_on_its_back(maze_stuck, quaternion, expected):
  seen = np.zeros(31)
  seen[3:7] = quaternion
  assert maze_stuck.is_laid_over(seen) == expected
  assert not maze_stuck.is_laid_over(seen[:8])  # a point has no back
