"""Pushes a point mass along the way through a maze."""

import numpy as np

from tfirl.envs.mazes.maze_map import MazeMap
from tfirl.envs.mazes.planner import Planner


class PointController:
  """A PD controller that pushes a point mass from waypoint to waypoint.

  Called as policy(observation [6], rng=None) -> force [2] in [-1, 1], where an
  observation is position, velocity and goal.
  """

  def __init__(
    self,
    maze_map: MazeMap,
    position_gain: float,
    velocity_gain: float,
    noise: float = 0.0,
  ):
    """Args: `position_gain` in 1/m, `velocity_gain` in s/m; `noise` is the
    standard deviation of what is added to the force if there is an `rng`.
    """
    self._planner = Planner(maze_map)
    self._position_gain = position_gain
    self._velocity_gain = velocity_gain
    self._noise = noise

  def __call__(
    self, observation: np.ndarray, rng: np.random.Generator | None = None
  ) -> np.ndarray:
    position, velocity, goal = np.split(np.asarray(observation, float), 3)
    error = self._planner.waypoint(position, goal) - position
    force = self._position_gain * error - self._velocity_gain * velocity
    if rng is not None and self._noise:
      force += self._noise * rng.standard_normal(2)
    return np.clip(force, -1.0, 1.0).astype(np.float32)
