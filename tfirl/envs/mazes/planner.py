"""Finds the way through a maze."""

import collections

import numpy as np

from tfirl.envs.mazes.maze_map import MazeMap

# Order settles which of two ways of one length is taken.
_MOVES = ((-1, 0), (0, -1), (0, 1), (1, 0))

# In cells: where the line is joined, and from where it is run to at once.
_LOOKAHEAD, _FAR = 1.0, 0.25


def num_moves(maze_map: MazeMap, goal_cell: tuple[int, int]) -> np.ndarray:
  """Moves between neighbouring cells from each cell to `goal_cell`.

  Breadth-first search. Returns: [R, C] int64, -1 in walls and where no way
  leads to the goal. Raises ValueError if the goal is a wall or off the map.
  """
  goal_cell = tuple(map(int, goal_cell))
  if not maze_map.is_free_cell(np.array(goal_cell)):
    raise ValueError(
      f'waypoints: the goal cell is {goal_cell}; expected a free cell of the '
      f'maze, one of {maze_map.free_cells.tolist()}'
    )
  moves = np.full(maze_map.is_wall.shape, -1, np.int64)
  moves[goal_cell] = 0
  queue = collections.deque([goal_cell])
  while queue:
    cell = queue.popleft()
    for neighbour in _free_neighbours(maze_map, cell):
      if moves[neighbour] < 0:
        moves[neighbour] = moves[cell] + 1
        queue.append(neighbour)
  return moves


def _free_neighbours(maze_map: MazeMap, cell: tuple[int, int]):
  for row, column in _MOVES:
    neighbour = cell[0] + row, cell[1] + column
    if maze_map.is_free_cell(np.array(neighbour)):
      yield neighbour


class Planner:
  """Where to head for, from anywhere in a maze.

  It has no memory: what it says depends on where one is, not on the past.
  """

  def __init__(self, maze_map: MazeMap):
    self._map = maze_map
    self._ways: dict[tuple[int, int], dict] = {}  # by the goal's cell

  def path(
    self, start_cell: tuple[int, int], goal_cell: tuple[int, int]
  ) -> list[tuple[int, int]]:
    """Cells of a shortest way, both ends included.

    Raises: ValueError if there is none.
    """
    ways = self._next_cells(tuple(goal_cell))
    path = [tuple(start_cell)]
    while path[-1] != tuple(goal_cell):
      if path[-1] not in ways:
        raise ValueError(
          f'waypoints: found no way from cell {path[0]} to {tuple(goal_cell)}; '
          'expected free cells that are connected'
        )
      path.append(ways[path[-1]])
    return path

  def waypoint(self, xy: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """The goal if `xy` is in its cell, else the next cell's centre; [2] (m).

    Two neighbouring cells are a convex region: no wall is between.
    Raises: ValueError if no way leads there.
    """
    cell, goal_cell = map(tuple, self._map.cell([xy, goal]).tolist())
    if cell == goal_cell:
      return np.asarray(goal)
    ways = self._next_cells(goal_cell)
    if cell not in ways:
      self.path(cell, goal_cell)  # raises
    return self._map.center(ways[cell])

  def _next_cells(self, goal_cell: tuple[int, int]) -> dict:
    """Cell -> the neighbour that is nearest to the goal."""
    if goal_cell not in self._ways:
      moves = num_moves(self._map, goal_cell)
      self._ways[goal_cell] = {
        (row, column): min(
          _free_neighbours(self._map, (row, column)), key=lambda c: moves[c]
        )
        for row, column in np.argwhere(moves > 0).tolist()
      }
    return self._ways[goal_cell]

  def heading(self, xy: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Which way to run, [2], of length 1.

    Along the line through the centres of this cell and the next, and gently
    back to it; straight to the line while that is far, as in a bend: so that
    the way leads along the axes, but in the goal's cell, where it leads to
    the goal. Raises: ValueError if no way leads there.
    """
    target = self.waypoint(xy, goal)
    offset = target - np.asarray(xy, np.float64)
    cell, next_cell = self._map.cell([xy, target])
    if (cell != next_cell).any():
      size = self._map.cell_size
      along = (target - self._map.center(cell)) / size
      aside = offset - (offset @ along) * along
      is_far = np.linalg.norm(aside) > _FAR * size
      offset = aside if is_far else aside + _LOOKAHEAD * size * along
    length = np.linalg.norm(offset)
    return offset / length if length else np.array([1.0, 0.0])
