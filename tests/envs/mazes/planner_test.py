"""Ways through small mazes worked by hand, and through the task's own."""

import numpy as np
import pytest

from tfirl import tasks
from tfirl.envs.mazes import maze_map
from tfirl.envs.mazes import planner as planner_lib

# A ring around the wall (1, 1), a dead end (0, 3), and (2, 4) walled off.
ROWS = [
  [0, 0, 0, 0, 1],
  [0, 1, 0, 1, 1],
  [0, 0, 0, 1, 0],
]


@pytest.fixture
def ring():
  return maze_map.MazeMap(ROWS, 1.0)


def test_moves_by_hand(ring):
  np.testing.assert_array_equal(
    planner_lib.num_moves(ring, (0, 3)),
    [[3, 2, 1, 0, -1], [4, -1, 2, -1, -1], [5, 4, 3, -1, -1]],
  )
  np.testing.assert_array_equal(
    planner_lib.num_moves(ring, (2, 4)),
    [[-1] * 5, [-1] * 5, [-1, -1, -1, -1, 0]],
  )


@pytest.mark.parametrize('goal', [(1, 1), (-1, 0), (0, 5)])
def test_a_goal_in_a_wall_is_refused(ring, goal):
  with pytest.raises(ValueError, match='the goal cell is .*expected a free ce'):
    planner_lib.num_moves(ring, goal)


def test_path_by_hand(ring):
  planner = planner_lib.Planner(ring)
  # Both ways round are 4 moves long; up comes first.
  expected = [(2, 0), (1, 0), (0, 0), (0, 1), (0, 2), (0, 3)]
  assert planner.path((2, 0), (0, 3)) == expected
  assert planner.path((2, 2), (0, 3)) == [(2, 2), (1, 2), (0, 2), (0, 3)]
  assert planner.path((0, 3), (0, 3)) == [(0, 3)]


@pytest.mark.parametrize('start', [(2, 4), (1, 1)])
def test_no_way_is_an_error(ring, start):
  planner = planner_lib.Planner(ring)
  with pytest.raises(ValueError, match=r'no way from cell .* to \(0, 3\)'):
    planner.path(start, (0, 3))
  with pytest.raises(ValueError, match=r'no way from cell .* to \(0, 3\)'):
    planner.waypoint(ring.center(start), ring.center((0, 3)))


def test_waypoints_by_hand(ring):
  planner = planner_lib.Planner(ring)
  goal = np.array([1.2, 0.9])  # in cell (0, 3), off its centre (1, 1)
  # x from -2.5 to 2.5, y from -1.5 to 1.5: (-1.7, -0.6) lies in (2, 0).
  np.testing.assert_allclose(planner.waypoint([-1.7, -0.6], goal), [-2, 0])
  np.testing.assert_allclose(planner.waypoint([0.1, 1.1], goal), [1, 1])
  np.testing.assert_allclose(planner.waypoint([0.6, 1.4], goal), goal)


def test_every_pair_of_cells_of_the_task_is_connected():
  maze = tasks.make_env('PointMaze_Large-v3').maze.map
  planner = planner_lib.Planner(maze)
  cells = [tuple(cell) for cell in maze.free_cells.tolist()]
  for goal in cells:
    moves = planner_lib.num_moves(maze, goal)
    for start in cells:
      path = planner.path(start, goal)
      assert len(path) == moves[start] + 1
      steps = np.abs(np.diff(path, axis=0)).sum(axis=1)
      assert (steps == 1).all()
  assert len(cells) == 46


def test_headings_by_hand(ring):
  planner = planner_lib.Planner(ring)
  goal = np.array([1.2, 0.9])

  def heading(x, y):
    return planner.heading(np.array([x, y]), goal)

  # In (2, 0), 0.2 to the right of its line up to (1, 0): a cell's size ahead,
  # and back to the line on the way.
  np.testing.assert_allclose(
    heading(-1.8, -0.6), np.array([-0.2, 1.0]) / np.hypot(0.2, 1.0)
  )
  # 0.3 is more than a quarter of a cell: to the line first.
  np.testing.assert_allclose(heading(-1.7, -0.6), [-1, 0], atol=1e-12)
  # On the line: along it, wherever between the centres.
  np.testing.assert_allclose(heading(0.3, 1.0), [1, 0])
  # In the goal's cell: to the goal, at 0.3 and -0.4 from here.
  np.testing.assert_allclose(heading(0.9, 1.3), [0.6, -0.8])
  # At the goal any way will do.
  assert np.linalg.norm(heading(*goal)) == 1.0


def test_headings_lead_from_everywhere_to_everywhere():
  """A point that follows them in small steps keeps off the walls."""
  maze = tasks.make_env('PointMaze_Large-v3').maze.map
  planner = planner_lib.Planner(maze)
  rng = np.random.default_rng(0)
  size = maze.cell_size
  for _ in range(30):
    start, goal = maze.center(rng.choice(maze.free_cells, 2)) + rng.uniform(
      -0.3 * size, 0.3 * size, (2, 2)
    )
    moves = len(planner.path(tuple(maze.cell(start)), tuple(maze.cell(goal))))
    xy, steps = start, 0
    while np.linalg.norm(xy - goal) > 0.1 * size:
      xy = xy + 0.05 * size * planner.heading(xy, goal)
      steps += 1
      assert maze.is_free(xy) and steps < 20 * (moves + 3)
