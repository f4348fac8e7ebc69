"""A camera that shows a whole maze from above, to scale as a map does."""

import mujoco
import numpy as np

from tfirl.envs import mujoco_state
from tfirl.envs.mazes import goal_maze

_LONG_SIDE = 800  # pixels
# The ant is hard to see on the chequered floor that comes with it.
_FLOOR = (0.12, 0.16, 0.22, 1.0)


def look_down(maze: goal_maze.GoalMaze) -> None:
  """Makes `maze.render()` show all of it: x to the right, y up.

  There is no perspective: a metre has the same number of pixels everywhere,
  and no wall hides what stands beside it. Nothing but the picture changes.

  Args:
    maze: was not rendered yet.
  """
  inner = mujoco_state.simulation(maze)
  model, renderer = inner.model, inner.mujoco_renderer
  x_from, x_to, y_from, y_to = maze.map.extent
  width, height = x_to - x_from, y_to - y_from
  scale = _LONG_SIDE / max(width, height)
  # Video codecs want even numbers.
  renderer.width, renderer.height = (
    2 * round(scale * side / 2) for side in (width, height)
  )
  view = model.vis.global_
  view.offwidth, view.offheight = renderer.width, renderer.height
  view.orthographic = 1
  # Then it is the picture's height, in metres.
  view.fovy = max(height, width * renderer.height / renderer.width)
  renderer.camera_id = -1  # free: the ant's own camera follows it
  renderer.default_cam_config = {
    'lookat': np.array([(x_from + x_to) / 2, (y_from + y_to) / 2, 0.0]),
    'distance': max(width, height),  # above all walls
    'elevation': -90.0,
    'azimuth': 90.0,
  }
  # The same light everywhere: the models' own lamps glare on walls and floor.
  model.light_active[:] = 0
  lamp = model.vis.headlight
  lamp.ambient[:], lamp.diffuse[:], lamp.specular[:] = 0.8, 0.2, 0.0
  is_floor = model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE
  model.geom_matid[is_floor] = -1
  model.geom_rgba[is_floor] = _FLOOR
