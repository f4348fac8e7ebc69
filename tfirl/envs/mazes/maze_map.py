"""Where the walls of a maze are: cells (row, column) and x-y coordinates.

x grows with the column. In Gymnasium-Robotics' frame y falls with the row and
the origin is the centre of the map; in D4RL's, y grows with the row and the
origin is the centre of the cell where its ant starts.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

_WALL = 1  # Gymnasium-Robotics' mark; all others can be walked on


class MazeMap:
  """A grid of square cells, each free or a wall.

  Attributes:
    is_wall: [R, C] bool.
    cell_size: side of a cell (m).
  """

  def __init__(
    self,
    rows: Sequence[Sequence],
    cell_size: float,
    origin_cell: ArrayLike | None = None,
    y_falls: bool = True,
  ):
    """Places the map.

    Args:
      rows: as Gymnasium-Robotics has them: 1 is a wall, anything else (0, 'r',
        'g', 'c') is free.
      cell_size: side of a cell (m).
      origin_cell: (row, column) of the cell whose centre is the origin, of
        which fractions may be given; None: the centre of the map.
      y_falls: whether y falls with the row, or grows with it.
    """
    self.is_wall = np.array([[cell == _WALL for cell in row] for row in rows])
    self.cell_size = float(cell_size)
    if origin_cell is None:
      origin_cell = (np.array(self.is_wall.shape) - 1) / 2
    row, column = origin_cell
    self._y_sign = -1.0 if y_falls else 1.0
    # x and y of the corner of cell (0, 0) that no other cell touches.
    self._corner_x = -(column + 0.5) * self.cell_size
    self._corner_y = -(row + 0.5) * self.cell_size * self._y_sign

  @classmethod
  def of(cls, maze) -> 'MazeMap':
    """The map of one of Gymnasium-Robotics' `Maze`s, in its own frame."""
    size = maze.maze_size_scaling
    first, next_one = (
      np.asarray(maze.cell_rowcol_to_xy(cell)) for cell in ((0, 0), (1, 1))
    )
    y_falls = bool(next_one[1] < first[1])
    row = first[1] / size if y_falls else -first[1] / size
    return cls(maze.maze_map, size, (row, -first[0] / size), y_falls)

  @property
  def free_cells(self) -> np.ndarray:
    """All free cells, [F, 2] int, row by row."""
    return np.argwhere(~self.is_wall)

  @property
  def extent(self) -> tuple[float, float, float, float]:
    """x from, x to, y from, y to (m), outer walls included."""
    num_rows, num_columns = self.is_wall.shape
    end_x = self._corner_x + num_columns * self.cell_size
    end_y = self._corner_y + num_rows * self.cell_size * self._y_sign
    y_from, y_to = sorted((self._corner_y, end_y))
    return self._corner_x, end_x, y_from, y_to

  @property
  def is_wall_from_above(self) -> np.ndarray:
    """`is_wall` as on a map with x to the right and y up: [R, C] bool."""
    return self.is_wall if self._y_sign < 0 else self.is_wall[::-1]

  def center(self, cells: np.ndarray) -> np.ndarray:
    """x-y [..., 2] (m) of the centres of `cells` [..., 2]."""
    offset = (np.asarray(cells) + 0.5) * self.cell_size
    x = self._corner_x + offset[..., 1]
    y = self._corner_y + offset[..., 0] * self._y_sign
    return np.stack([x, y], axis=-1)

  def cell(self, xy: np.ndarray) -> np.ndarray:
    """Cells [..., 2] int that hold `xy` [..., 2] (m); may lie off the map."""
    xy = np.asarray(xy, np.float64)
    rise = (xy[..., 1] - self._corner_y) * self._y_sign
    row = np.floor(rise / self.cell_size)
    column = np.floor((xy[..., 0] - self._corner_x) / self.cell_size)
    return np.stack([row, column], axis=-1).astype(np.int64)

  def is_free_cell(self, cells: np.ndarray) -> np.ndarray:
    """Whether `cells` [..., 2] are on the map and no walls, [...] bool."""
    cells = np.asarray(cells)
    shape = np.array(self.is_wall.shape)
    inside = ((cells >= 0) & (cells < shape)).all(axis=-1)
    row, column = np.moveaxis(np.clip(cells, 0, shape - 1), -1, 0)
    return inside & ~self.is_wall[row, column]

  def is_free(self, xy: np.ndarray) -> np.ndarray:
    """Whether `xy` [..., 2] (m) lie in free cells, [...] bool."""
    return self.is_free_cell(self.cell(xy))
