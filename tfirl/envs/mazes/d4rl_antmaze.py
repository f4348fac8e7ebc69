"""D4RL's large AntMaze, of Gymnasium-Robotics' maze and Gymnasium's ant.

What D4RL's own environment (Fu et al. 2020, antmaze-large-*-v2) has otherwise
than Gymnasium-Robotics' AntMaze_Large:

* y grows with the map's row, and the origin is the centre of the start's cell;
* time steps of 0.02 s, five to a step: 0.1 s instead of 0.05;
* motors of gear 1 that take controls of +-30, instead of gear 150 and +-1: a
  fifth of the torque. Actions are in [-1, 1] all the same, in its files too;
* softer contacts (`solimp`);
* the goal is reached at 0.5 m;
* starts are in cell (1, 1), goals in (7, 9), up to 1.5 m off its centre, to the
  right and up; the start's coordinates and velocities are noisy.

Its walls, the ant's bodies and joints, and its 1000 steps are the same.
"""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.utils import EzPickle
from gymnasium_robotics.envs.maze import maps
from gymnasium_robotics.envs.maze.ant_maze_v5 import AntMazeEnv
from gymnasium_robotics.envs.maze.maze_v4 import Maze, MazeEnv
from numpy.typing import ArrayLike

_START_CELL, _GOAL_CELL = (1, 1), (7, 9)
_TIME_STEP = 0.02  # s
_CONTROL_LIMIT = 30.0
_SOLVER_IMPEDANCE = '0.8 0.8 0.01'
_NOISE = 0.1  # of the start: half a width of positions, deviation of speeds
# Widths of the two uniform draws (m) that a goal is off its cell's centre.
_GOAL_OFFSETS = (1.0, 0.5)


def _marked_map() -> list[list[int | str]]:
  """Gymnasium-Robotics' map with the one start and the one goal of D4RL's."""
  rows = [list(row) for row in maps.LARGE_MAZE]
  for (row, column), mark in (
    (_START_CELL, maps.RESET),
    (_GOAL_CELL, maps.GOAL),
  ):
    rows[row][column] = mark
  return rows


class D4RLMaze(Maze):
  """A maze in D4RL's frame; cells are counted as in D4RL's maps."""

  def __init__(self, theirs: Maze):
    """Of the walls, starts and goals of `theirs`, Gymnasium-Robotics' maze."""
    super().__init__(
      theirs.maze_map, theirs.maze_size_scaling, theirs.maze_height
    )

    def moved(places: Sequence[np.ndarray]) -> list[np.ndarray]:
      return [
        self.cell_rowcol_to_xy(theirs.cell_xy_to_rowcol(xy)) for xy in places
      ]

    self._unique_reset_locations = moved(theirs.unique_reset_locations)
    self._unique_goal_locations = moved(theirs.unique_goal_locations)

  def cell_rowcol_to_xy(self, rowcol_pos: ArrayLike) -> np.ndarray:
    """x-y (m) of the centre of cell (row, column), [2] float64."""
    offset = np.asarray(rowcol_pos, np.float64) - _START_CELL
    return offset[::-1] * self.maze_size_scaling

  def cell_xy_to_rowcol(self, xy_pos: ArrayLike) -> np.ndarray:
    """(row, column) of the cell at x-y (m), [2] int64; may lie off the map."""
    offset = np.asarray(xy_pos, np.float64)[::-1] / self.maze_size_scaling
    return np.floor(offset + _START_CELL + 0.5).astype(np.int64)


class _D4RLModel(MazeEnv):
  """Between Gymnasium-Robotics' maze and its ant: changes what it loads."""

  def __init__(self, **kwargs):
    super().__init__(**kwargs)
    self.maze = D4RLMaze(self.maze)
    tree = ET.parse(self.tmp_xml_file_path)
    _change_ant(tree)
    _move_walls(tree, self.maze)
    tree.write(self.tmp_xml_file_path)


def _change_ant(tree: ET.ElementTree) -> None:
  """Gives the ant of Gymnasium the numbers of D4RL's."""
  tree.find('option').set('timestep', str(_TIME_STEP))
  tree.find('default/geom').set('solimp', _SOLVER_IMPEDANCE)
  for motor in tree.iterfind('actuator/motor'):
    motor.set('gear', '1')
    motor.set('ctrlrange', f'{-_CONTROL_LIMIT} {_CONTROL_LIMIT}')


def _move_walls(tree: ET.ElementTree, maze: D4RLMaze) -> None:
  """Puts each wall, named block_ROW_COLUMN, where D4RL has it."""
  for geom in tree.iter('geom'):
    prefix, *cell = geom.get('name', '').split('_')
    if prefix == 'block':
      x, y = maze.cell_rowcol_to_xy(np.array(cell, np.int64))
      z = geom.get('pos').split()[-1]
      geom.set('pos', f'{x} {y} {z}')


class D4RLAntMaze(AntMazeEnv, _D4RLModel):
  """The environment of D4RL's antmaze-large-diverse-v2 and -play-v2.

  Attributes:
    success_radius: from how near (m) the goal counts as reached.
  """

  metadata = {**AntMazeEnv.metadata, 'render_fps': 10}
  success_radius = 0.5

  def __init__(
    self,
    render_mode: str | None = None,
    continuing_task: bool = False,
    include_cfrc_ext_in_observation: bool = False,
    maze_map: Sequence[Sequence[int | str]] | None = None,
  ):
    """Loads it.

    Args:
      render_mode: as Gymnasium's.
      continuing_task: whether episodes go on at the goal; D4RL's end there.
      include_cfrc_ext_in_observation: as Gymnasium's Ant-v5; D4RL's hasn't
        the contact forces.
      maze_map: rows of cells, as Gymnasium-Robotics': 1 is a wall, 'r' a start,
        'g' a goal, 'c' both. None: D4RL's, of one start and one goal.
    """
    super().__init__(
      render_mode=render_mode,
      maze_map=_marked_map() if maze_map is None else maze_map,
      continuing_task=continuing_task,
      include_cfrc_ext_in_observation=include_cfrc_ext_in_observation,
    )
    # A copy is made anew from these; the parents noted what they were given.
    EzPickle.__init__(
      self,
      render_mode,
      continuing_task,
      include_cfrc_ext_in_observation,
      maze_map,
    )
    self.position_noise_range = 0.0  # `reset` has D4RL's own
    self.action_space = spaces.Box(-1.0, 1.0, (self.model.nu,), np.float32)

  def reset(
    self, *, seed: int | None = None, options: dict[str, Any] | None = None
  ):
    """Starts an episode: noise on the start, and on the goal, as D4RL's.

    Args:
      seed: of all that is drawn; None goes on from before.
      options: `reset_cell` and `goal_cell`, (row, column), if given.

    Returns: the observation, a dict of float64 arrays: observation, [27]
    without contact forces, achieved_goal and desired_goal, [2] (m); and a dict
    of `success`, whether it is at the goal already.
    """
    super().reset(seed=seed, options=options)  # both in their cells' centres
    # Of one generator, which is part of a checkpoint; the ant's own isn't.
    rng, ant = self.np_random, self.ant_env
    for width in _GOAL_OFFSETS:
      self.goal = self.goal + rng.uniform(0.0, width, 2)
    self.update_target_site_pos()
    ant.set_state(
      ant.init_qpos + rng.uniform(-_NOISE, _NOISE, ant.model.nq),
      ant.init_qvel + _NOISE * rng.standard_normal(ant.model.nv),
    )
    observation = self._get_obs(ant._get_obs())
    return observation, {'success': self._is_at_goal(observation)}

  def step(self, action: np.ndarray):
    """Takes a step of 0.1 s; `action` [8] is cut to [-1, 1]."""
    controls = _CONTROL_LIMIT * np.clip(action, -1.0, 1.0)
    observation, *rest, info = super().step(controls)
    info['success'] = self._is_at_goal(observation)
    return observation, *rest, info

  def compute_reward(
    self, achieved_goal: np.ndarray, desired_goal: np.ndarray, info
  ) -> np.ndarray:
    """1 at the goal, else 0; x-y (m) [..., 2] give [...] float64."""
    distance = np.linalg.norm(achieved_goal - desired_goal, axis=-1)
    return (distance <= self.success_radius).astype(np.float64)

  def compute_terminated(
    self, achieved_goal: np.ndarray, desired_goal: np.ndarray, info
  ) -> bool:
    """Whether the episode ends here: at the goal, unless it goes on there."""
    reward = self.compute_reward(achieved_goal, desired_goal, info)
    return bool(reward) and not self.continuing_task

  def _is_at_goal(self, observation: dict[str, np.ndarray]) -> bool:
    achieved, goal = observation['achieved_goal'], observation['desired_goal']
    return bool(self.compute_reward(achieved, goal, {}))
