"""Steers an ant along the way through a maze."""

import numpy as np

from tfirl.acting import MlpPolicy
from tfirl.envs.mazes import ant_frame
from tfirl.envs.mazes.maze_map import MazeMap
from tfirl.envs.mazes.planner import Planner


class AntController:
  """A planner says which way to run, a network that was trained to does it.

  Called as policy(observation [31], rng=None) -> action [8] in [-1, 1], where
  an observation is x, y, the ant's 27 numbers, and the goal's x, y.
  """

  def __init__(self, maze_map: MazeMap, actor: MlpPolicy, noise: float = 0.0):
    """Args: `actor` maps observations of `ant_frame`, [29], to its actions;
    `noise` is the standard deviation of what is added to the action if there
    is an `rng`: the sum, clipped, is the action.

    Raises: ValueError if the actor is of other sizes, or the noise negative.
    """
    found = actor.observation_size, actor.num_actions
    expected = ant_frame.OBSERVATION_SIZE, ant_frame.ACTION_SIZE
    if found != expected:
      raise ValueError(
        f'AntController: found an actor of observation and action sizes '
        f'{found}; expected {expected}'
      )
    if not noise >= 0.0:
      raise ValueError(f'AntController: noise is {noise}; expected 0 or more')
    self._planner = Planner(maze_map)
    self._actor = actor.deterministic()
    self._noise = noise

  def __call__(
    self, observation: np.ndarray, rng: np.random.Generator | None = None
  ) -> np.ndarray:
    observation = np.asarray(observation, np.float64)
    xy, state, goal = np.split(observation, [2, -2])
    heading = self._planner.heading(xy, goal)
    canonical, quarters = ant_frame.observe(state, heading)
    action = ant_frame.to_actuators(self._actor(canonical), quarters)
    if rng is not None and self._noise:
      action = action + self._noise * rng.standard_normal(8, np.float32)
    return np.clip(action, -1.0, 1.0).astype(np.float32)
