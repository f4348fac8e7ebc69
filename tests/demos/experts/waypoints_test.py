"""Forces on a point mass, worked by hand."""

import numpy as np

from tfirl.demos.experts import waypoints
from tfirl.envs.mazes import maze_map

# Centres of its cells: x from -2 to 2, y = 0.
CORRIDOR = maze_map.MazeMap([[0] * 5], 1.0)


def test_force_by_hand():
  controller = waypoints.PointController(CORRIDOR, 2.0, 0.5)
  # The way leads to the centre (1, 0) of the goal's cell.
  found = controller(np.float32([0.1, 0.1, 0.4, -0.2, 1.2, -0.1]))
  # 2 * 0.9 - 0.2 = 1.6 is cut; 2 * -0.1 + 0.1 = -0.1.
  np.testing.assert_allclose(found, [1.0, -0.1], rtol=1e-5)
  assert found.dtype == np.float32


def test_noise_needs_a_generator():
  noisy = waypoints.PointController(CORRIDOR, 0.0, 0.0, noise=0.1)
  observation = np.float32([0.1, 0.1, 0.0, 0.0, 1.2, -0.1])
  np.testing.assert_array_equal(noisy(observation), [0.0, 0.0])
  rng = np.random.default_rng(0)
  forces = np.stack([noisy(observation, rng) for _ in range(2000)])
  np.testing.assert_allclose(forces.std(0), 0.1, rtol=0.1)
