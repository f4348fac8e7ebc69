"""Where the walls of a maze are: cells (row, column) and x-y coordinates.

Gymnasium-Robotics' convention: the origin is the centre of the map, x grows
with the column, y falls with the row.
"""

from collections.abc import Sequence

import numpy as np

_WALL = 1  # Gymnasium-Robotics' mark; all others can be walked on


class MazeMap:
  """A grid of square cells, each free or a wall.

  Attributes:
    is_wall: [R, C] bool.
    cell_size: side of a cell (m).
  """

  def __init__(self, rows: Sequence[Sequence], cell_size: float):
    """Args: `rows` as Gymnasium-Robotics has them: 1 is a wall, anything else
    (0, 'r', 'g', 'c') is free.
    """
    self.is_wall = np.array([[cell == _WALL for cell in row] for row in rows])
    self.cell_size = float(cell_size)
    num_rows, num_columns = self.is_wall.shape
    # x and y of the corner of cell (0, 0) that is farthest from the centre.
    self._left = -num_columns / 2 * self.cell_size
    self._top = num_rows / 2 * self.cell_size

  @property
  def free_cells(self) -> np.ndarray:
    """All free cells, [F, 2] int, row by row."""
    return np.argwhere(~self.is_wall)

  @property
  def extent(self) -> tuple[float, float, float, float]:
    """x from, x to, y from, y to (m), outer walls included."""
    return self._left, -self._left, -self._top, self._top

  def center(self, cells: np.ndarray) -> np.ndarray:
    """x-y [..., 2] (m) of the centres of `cells` [..., 2]."""
    cells = np.asarray(cells)
    x = self._left + (cells[..., 1] + 0.5) * self.cell_size
    y = self._top - (cells[..., 0] + 0.5) * self.cell_size
    return np.stack([x, y], axis=-1)

  def cell(self, xy: np.ndarray) -> np.ndarray:
    """Cells [..., 2] int that hold `xy` [..., 2] (m); may lie off the map."""
    xy = np.asarray(xy, np.float64)
    row = np.floor((self._top - xy[..., 1]) / self.cell_size)
    column = np.floor((xy[..., 0] - self._left) / self.cell_size)
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
