"""Experts of TASK.json: controllers that follow a way through a maze."""

import os
from collections.abc import Mapping
from typing import Any

from tfirl import tasks
from tfirl.acting import MlpPolicy
from tfirl.demos.checking import check, require_keys
from tfirl.demos.experts.ant_controller import AntController
from tfirl.demos.experts.waypoints import PointController
from tfirl.envs.mazes.maze_map import MazeMap

_POINT_KEYS = ('position_gain', 'velocity_gain', 'noise')
_ANT_KEYS = ('actor', 'noise')


def actor_path(path: str, details: Mapping[str, Any]) -> str | None:
  """The .npz, in the folder of `path`, of the actor that `details` name."""
  name = details.get('controller', {}).get('actor')
  return name and os.path.join(os.path.dirname(path), name)


def maze_map(path: str, details: Mapping[str, Any]) -> MazeMap:
  """Of the task's environment; ValueError if it is no maze."""
  with tasks.make_env(details['env_id'], details['env_kwargs']) as env:
    check(env.maze is not None, path, 'env_id', env.env_id, 'a maze')
    return env.maze.map


def point_controller(path: str, details: Mapping[str, Any]) -> PointController:
  """The point mass's, of the gains and the noise in `details`."""
  found = details.get('controller', {})
  require_keys(f'{path}, controller', list(found), _POINT_KEYS)
  parameters = {key: float(found[key]) for key in _POINT_KEYS}
  return PointController(maze_map(path, details), **parameters)


def ant_controller(
  path: str, details: Mapping[str, Any], actor: MlpPolicy
) -> AntController:
  """The ant's, which steers by `actor`."""
  found = details['controller']
  require_keys(f'{path}, controller', list(found), _ANT_KEYS)
  return AntController(maze_map(path, details), actor, float(found['noise']))
