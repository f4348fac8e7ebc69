"""Frames from above are maps: each thing is drawn where it is."""

import numpy as np
import pytest

from tfirl import tasks

_TASKS = {
  'pointmaze': ('PointMaze_Large-v3', {}, (600, 800)),
  'antmaze': ('AntMaze_Large_Diverse_GR-v5', {}, (600, 800)),
  'square': ('AntMaze_UMaze-v5', {}, (800, 800)),
}
# A block's rgba in Gymnasium-Robotics' mazes.
_WALL = np.array([0.7, 0.5, 0.3]) * 255


@pytest.fixture(params=_TASKS)
def seen(request):
  """A maze after its reset, and its frame, [height, width, 3] float."""
  env_id, kwargs, size = _TASKS[request.param]
  kwargs = {'continuing_task': False, **kwargs}
  with tasks.make_env(env_id, kwargs, seed=3, render_mode='rgb_array') as env:
    env.reset()
    frame = env.render().astype(float)
    assert frame.shape == (*size, 3)
    yield env, frame


def _pixel(maze_map, frame, xy):
  """The row and column that show `xy`, by the rule of three."""
  x_from, x_to, y_from, y_to = maze_map.extent
  row = (y_to - xy[1]) / (y_to - y_from) * frame.shape[0]
  column = (xy[0] - x_from) / (x_to - x_from) * frame.shape[1]
  return int(row), int(column)


def _is_wall(colors):
  return np.abs(colors - _WALL).max(-1) < 3


def test_every_cell_of_the_map_is_in_its_place(seen):
  env, frame = seen
  maze_map = env.maze.map
  half = 0.45 * maze_map.cell_size  # nearly the cells' corners
  for cell in np.ndindex(*maze_map.is_wall.shape):
    if cell in [tuple(maze_map.cell(xy)) for xy in _things(env)]:
      continue
    for corner in [(-half, half), (half, half), (-half, -half), (half, -half)]:
      pixel = _pixel(maze_map, frame, maze_map.center(cell) + corner)
      assert _is_wall(frame[pixel]) == maze_map.is_wall[cell], (cell, corner)


def test_the_outer_walls_fill_the_frame_to_its_edges(seen):
  _, frame = seen
  for edge in (frame[0], frame[-1], frame[:, 0], frame[:, -1]):
    assert _is_wall(edge).all()


def test_goal_and_robot_are_seen(seen):
  env, frame = seen
  goal, robot = _things(env)
  red = frame[_pixel(env.maze.map, frame, goal)]
  assert red[0] > 100 and red[0] > 3 * red[1:].max()
  row, column = _pixel(env.maze.map, frame, robot)
  corner = env.maze.map.center(env.maze.map.cell(robot))
  corner = corner + 0.45 * env.maze.map.cell_size
  floor = frame[_pixel(env.maze.map, frame, corner)]
  around = frame[row - 4 : row + 5, column - 4 : column + 5]
  assert (np.abs(around - floor).max(-1) > 40).sum() >= 20


def test_the_picture_follows_the_goal(seen):
  env, frame = seen
  _, robot = _things(env)
  other = [
    cell
    for cell in env.maze.map.free_cells
    if np.linalg.norm(env.maze.map.center(cell) - robot) > 4
  ][-1]
  goal = env.maze.map.center(other)
  env.maze._set_goal(goal)
  env.step(np.zeros(env.action_spec().shape))
  red = env.render()[_pixel(env.maze.map, frame, goal)].astype(float)
  assert red[0] > 100 and red[0] > 3 * red[1:].max()


def test_rendering_changes_no_step():
  def play(render_mode):
    env_id, kwargs, _ = _TASKS['antmaze']
    with tasks.make_env(env_id, kwargs, seed=1, render_mode=render_mode) as env:
      env.reset()
      steps = []
      for t in range(5):
        steps.append(env.step(np.full(8, 0.3 * (-1) ** t)).observation)
        if render_mode:
          env.render()
      return steps

  np.testing.assert_array_equal(play('rgb_array'), play(None))


def _things(env):
  """x-y of the goal and the robot."""
  return env.maze.goal, env.current_time_step().observation[:2]
