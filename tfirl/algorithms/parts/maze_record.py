"""Where demonstrations and learner were in a maze, for the report's picture."""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfirl import types
from tfirl.envs.mazes import goal_maze, maze_map
from tfirl.storage import npz_file, run_files

_BINS_PER_CELL = 5  # along each axis: no bin is half in a wall


class MazeRecord:
  """Counts visits bin by bin, and writes them beside the maze's walls."""

  def __init__(
    self, maze: goal_maze.GoalMaze, demos: types.Demonstrations | None = None
  ):
    """Args: demos, if any, whose observations begin with x and y, as all do in
    mazes.
    """
    self._maze = maze
    nowhere = np.empty((0, 2))
    seen = nowhere if demos is None else demos.observations[:, :2]
    self._demo_visits = count(maze.map, seen)
    self._visits = count(maze.map, nowhere)

  def add(self, observations: np.ndarray) -> None:
    """Args: observations [B, O] of the learner."""
    self._visits += count(self._maze.map, observations[:, :2])

  def save(
    self, folder: pathlib.Path, imagined: Mapping[str, np.ndarray]
  ) -> None:
    """Writes maze.npz, all of it or nothing.

    Args:
      folder: the run's.
      imagined: what else to put there; see `imagination.Imagination.picture`.
    """
    grid = self._maze.map
    arrays = {
      'walls': grid.center(np.argwhere(grid.is_wall)),  # x-y of their centres
      'cell_size': grid.cell_size,
      'extent': np.array(grid.extent),
      'starts': self._maze.start_xy,
      'goals': self._maze.goal_xy,
      'demo_visits': self._demo_visits,  # [bin of y, bin of x], 0: the least y
      'visits': self._visits,
      **imagined,
    }
    npz_file.write(folder / run_files.MAZE, arrays, compressed=True)

  def get_state(self) -> Mapping[str, Any]:
    """The learner's visits, JSON-able."""
    return {'visits': self._visits}

  def set_state(self, state: Mapping[str, Any]) -> None:
    """Takes up what `get_state` gave."""
    self._visits = np.asarray(state['visits'], np.int64)


def count(grid: maze_map.MazeMap, xy: np.ndarray) -> np.ndarray:
  """How many of `xy` [N, 2] (m) lie in each bin, five to a cell and axis.

  Returns: [bin of y, bin of x] int64, both from the least coordinate up; what
    lies outside of the map counts to its outer bins.
  """
  x_from, x_to, y_from, y_to = grid.extent
  side = grid.cell_size / _BINS_PER_CELL
  shape = np.array(
    [round((y_to - y_from) / side), round((x_to - x_from) / side)]
  )
  place = (np.asarray(xy, np.float64)[:, ::-1] - (y_from, x_from)) / side
  rows, columns = np.clip(np.floor(place), 0, shape - 1).astype(np.int64).T
  counts = np.bincount(shape[1] * rows + columns, minlength=shape.prod())
  return counts.reshape(shape)


def of(env, demos: types.Demonstrations | None = None) -> MazeRecord | None:
  """The record of a run in `env` and None if that is no maze."""
  return None if env.maze is None else MazeRecord(env.maze, demos)
