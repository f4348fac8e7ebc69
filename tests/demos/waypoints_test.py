"""Forces on a point mass, worked by hand."""

import numpy as np
import pytest

from tfirl.demos import waypoints
from tfirl.envs import maze_map

# A ring around the wall (1, 1), a dead end (0, 3), and (2, 4) walled off.
ROWS = [
  [0, 0, 0, 0, 1],
  [0, 1, 0, 1, 1],
  [0, 0, 0, 1, 0],
]


@pytest.fixture
def ring():
  return maze_map.MazeMap(ROWS, 1.0)


def test_force_by_hand(ring):
  controller = waypoints.PointController(ring, 2.0, 0.5)
  # From (0, 1) the way leads to the centre (1, 1) of the goal's cell.
  found = controller(np.float32([0.1, 1.1, 0.4, -0.2, 1.2, 0.9]))
  # 2 * 0.9 - 0.2 = 1.6 is cut; 2 * -0.1 + 0.1 = -0.1.
  np.testing.assert_allclose(found, [1.0, -0.1], rtol=1e-5)
  assert found.dtype == np.float32


def test_noise_needs_a_generator(ring):
  noisy = waypoints.PointController(ring, 0.0, 0.0, noise=0.1)
  observation = np.float32([0.1, 1.1, 0.0, 0.0, 1.2, 0.9])
  np.testing.assert_array_equal(noisy(observation), [0.0, 0.0])
  rng = np.random.default_rng(0)
  forces = np.stack([noisy(observation, rng) for _ in range(2000)])
  np.testing.assert_allclose(forces.std(0), 0.1, rtol=0.1)
