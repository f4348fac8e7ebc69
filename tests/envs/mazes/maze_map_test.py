"""Cells and coordinates, by hand and against Gymnasium-Robotics'."""

import numpy as np
import pytest

from tfirl import tasks
from tfirl.envs.mazes import goal_maze, maze_map

# Two rows, three columns, cells of 2 m: x from -3 to 3, y from -2 to 2.
ROWS = [[0, 1, 'g'], ['r', 0, 1]]


@pytest.fixture
def small():
  return maze_map.MazeMap(ROWS, 2.0)


def test_walls_and_extent(small):
  np.testing.assert_array_equal(
    small.is_wall, [[False, True, False], [False, False, True]]
  )
  assert small.extent == (-3.0, 3.0, -2.0, 2.0)
  assert small.free_cells.tolist() == [[0, 0], [0, 2], [1, 0], [1, 1]]


def test_centers_by_hand(small):
  cells = np.array([[0, 0], [0, 2], [1, 1]])
  expected = [[-2.0, 1.0], [2.0, 1.0], [0.0, -1.0]]
  np.testing.assert_array_equal(small.center(cells), expected)
  np.testing.assert_array_equal(small.center((1, 1)), [0.0, -1.0])


def test_cells_by_hand(small):
  xy = np.array([[-2.9, 1.9], [-2.9, 0.1], [-2.9, -0.1], [2.5, -1.0]])
  expected = [[0, 0], [0, 0], [1, 0], [1, 2]]
  np.testing.assert_array_equal(small.cell(xy), expected)


def test_free_is_neither_in_a_wall_nor_off_the_map(small):
  xy = [[-2, 1], [0, 1], [2, -1], [-3.5, 1], [2, 2.1], [0, -1]]
  expected = [True, False, False, False, False, True]
  assert small.is_free(np.array(xy)).tolist() == expected
  cells = np.array([[-1, 0], [0, 3], [2, 0], [0, 0]])
  assert small.is_free_cell(cells).tolist() == [False, False, False, True]


def test_another_origin_and_y_up_the_rows_by_hand():
  """Cell (1, 0) around the origin: x from -1 to 5, y from -3 to 1."""
  moved = maze_map.MazeMap(ROWS, 2.0, origin_cell=(1, 0), y_falls=False)
  assert moved.extent == (-1.0, 5.0, -3.0, 1.0)
  cells = np.array([[1, 0], [0, 0], [1, 2], [0, 1]])
  xy = [[0.0, 0.0], [0.0, -2.0], [4.0, 0.0], [2.0, -2.0]]
  np.testing.assert_array_equal(moved.center(cells), xy)
  np.testing.assert_array_equal(moved.cell(np.array(xy) + [0.9, -0.9]), cells)
  assert moved.is_free(np.array(xy)).tolist() == [True, True, False, False]
  assert moved.free_cells.tolist() == [[0, 0], [0, 2], [1, 0], [1, 1]]
  # As one sees it from above, the last row is on top.
  np.testing.assert_array_equal(
    moved.is_wall_from_above, [[False, False, True], [False, True, False]]
  )
  assert (moved.is_wall_from_above[::-1] == moved.is_wall).all()


def test_seen_from_above_the_first_row_is_on_top_if_y_falls(small):
  np.testing.assert_array_equal(small.is_wall_from_above, small.is_wall)


@pytest.mark.parametrize(
  'env_id', ['PointMaze_Large-v3', 'AntMaze_Large-v5', goal_maze.D4RL_ID]
)
def test_equals_gymnasium_robotics(env_id):
  env = tasks.make_env(env_id)
  theirs, ours = env.gym.unwrapped.maze, env.maze.map
  rng = np.random.default_rng(0)
  x_from, x_to, y_from, y_to = ours.extent
  for xy in rng.uniform([x_from, y_from], [x_to, y_to], (200, 2)):
    np.testing.assert_array_equal(ours.cell(xy), theirs.cell_xy_to_rowcol(xy))
  for cell in ours.free_cells:
    np.testing.assert_allclose(
      ours.center(cell), theirs.cell_rowcol_to_xy(cell), atol=1e-12
    )
  # Every block of the model stands where the map has a wall.
  model = env.gym.unwrapped.model
  blocks = [
    model.geom(i).pos[:2]
    for i in range(model.ngeom)
    if model.geom(i).name.startswith('block_')
  ]
  assert len(blocks) == ours.is_wall.sum() > 50
  assert not ours.is_free(np.stack(blocks)).any()
