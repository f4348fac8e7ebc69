"""Gymnasium-Robotics' mazes with a flat observation that holds the goal."""

import contextlib
import io
import os
from collections.abc import Sequence
from typing import Any

import gin
import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs

from tfirl.envs import mujoco_state, wrapper_chain
from tfirl.envs.mazes import maze_map

Cells = Sequence[tuple[int, int]]

# The environment of D4RL's own AntMaze files, see `d4rl_antmaze`.
D4RL_ID = 'tfirl/AntMaze_Large_D4RL-v0'
# Of Gymnasium-Robotics', unless the environment says another.
_SUCCESS_RADIUS = 0.45


def register(env_id: str) -> None:
  """Makes gymnasium know the mazes, unless it knows `env_id` already."""
  if env_id in gymnasium.registry:
    return
  # Loading it registers them, and prints advice on other environments.
  with contextlib.redirect_stderr(io.StringIO()):
    import gymnasium_robotics  # noqa: F401
  if D4RL_ID not in gymnasium.registry:
    gymnasium.register(
      D4RL_ID,
      entry_point='tfirl.envs.mazes.d4rl_antmaze:D4RLAntMaze',
      max_episode_steps=1000,
    )


def is_maze(env: gymnasium.Env) -> bool:
  """Whether `env` is one of Gymnasium-Robotics' mazes, wrapped or not."""
  return hasattr(env.unwrapped, 'maze')


def find(env: gymnasium.Env) -> 'GoalMaze | None':
  """The `GoalMaze` among the wrappers of `env`."""
  mazes = (w for w in wrapper_chain.of(env) if isinstance(w, GoalMaze))
  return next(mazes, None)


@gin.configurable(denylist=['env'])
class GoalMaze(gymnasium.Wrapper, RecordConstructorArgs):
  """Observes (x, y, the rest of the robot's observation, goal x, goal y).

  `info['success']` is latched: once the goal was reached it stays True to the
  end of the episode.

  Attributes:
    map: where the walls are.
    success_radius: from how near (m) the goal counts as reached.
  """

  def __init__(
    self,
    env: gymnasium.Env,
    start_cells: Cells | None = None,
    goal_cells: Cells | None = None,
  ):
    """Wraps one of Gymnasium-Robotics' mazes.

    Args:
      env: its observation is a dict of observation, achieved_goal and
        desired_goal.
      start_cells: (row, column) of the cells where episodes start, each as
        likely; None: those of the environment's own map.
      goal_cells: likewise, of the goals. A goal's cell is never the start's.
        The environment's own noise moves both within their cells.

    Raises:
      ValueError: a cell is a wall or off the map, or the only goal is in the
        only start.
    """
    RecordConstructorArgs.__init__(
      self, start_cells=start_cells, goal_cells=goal_cells
    )
    gymnasium.Wrapper.__init__(self, env)
    maze = env.unwrapped.maze
    # The model is loaded; its file would stay in the temporary folder.
    with contextlib.suppress(FileNotFoundError):
      os.unlink(env.unwrapped.tmp_xml_file_path)
    self.map = maze_map.MazeMap.of(maze)
    self.success_radius = getattr(
      env.unwrapped, 'success_radius', _SUCCESS_RADIUS
    )
    self._is_bound = start_cells is not None or goal_cells is not None
    self._starts = self._cells(
      'start_cells', start_cells, maze.unique_reset_locations
    )
    self._goals = self._cells(
      'goal_cells', goal_cells, maze.unique_goal_locations
    )
    self._check_pairs()
    self._simulation = mujoco_state.simulation(env)
    sizes = {k: s.shape[0] for k, s in env.observation_space.spaces.items()}
    robot = self._simulation.observation_space.shape[0]
    # The ant's observation leaves its x-y to `achieved_goal`.
    self._parts = ['observation', 'desired_goal']
    if sizes['observation'] < robot:
      self._parts.insert(0, 'achieved_goal')
    size = sum(sizes[part] for part in self._parts)
    self.observation_space = spaces.Box(-np.inf, np.inf, (size,), np.float64)
    self._success = False

  @property
  def name(self) -> str:
    """The environment's id, for messages."""
    return self.spec.id if self.spec else type(self.unwrapped).__name__

  @property
  def goal(self) -> np.ndarray | None:
    """x-y of the goal (m), [2] float64; None before the first reset."""
    goal = getattr(self.unwrapped, 'goal', None)
    return None if goal is None else goal.copy()

  @property
  def start_xy(self) -> np.ndarray:
    """Centres of the cells where episodes may start (m), [S, 2]."""
    return self.map.center(self._starts)

  @property
  def goal_xy(self) -> np.ndarray:
    """Centres of the cells where goals may be (m), [G, 2]."""
    return self.map.center(self._goals)

  @property
  def step_s(self) -> float:
    """Simulated seconds of a step."""
    return self._simulation.dt

  @property
  def speed_columns(self) -> list[int]:
    """Where the observation has the velocity in x and y (m/s)."""
    num_positions = self._simulation.model.nq
    return [num_positions, num_positions + 1]

  def reset(
    self, *, seed: int | None = None, options: dict[str, Any] | None = None
  ):
    observation, info = self.env.reset(seed=seed, options=options)
    if self._is_bound and options is None:
      # Only now is the generator seeded that draws the cells.
      observation, info = self.env.reset(options=self._draw_cells())
    self._success = False
    return self._flatten(observation), self._latched(info)

  def step(self, action):
    observation, *rest, info = self.env.step(action)
    return self._flatten(observation), *rest, self._latched(info)

  def place(
    self, qpos: np.ndarray, qvel: np.ndarray, time_s: float, goal: np.ndarray
  ) -> np.ndarray:
    """Moves robot, goal and clock to a recorded state.

    Args:
      qpos: [nq] generalised positions.
      qvel: [nv] generalised velocities.
      time_s: simulated seconds since the start of the episode.
      goal: x-y of the goal (m).

    Returns: the observation there, [O] float64.

    Raises: ValueError on wrong shapes, non-finite values, or a goal in a wall.
    """
    self._set_goal(goal)
    self._success = False
    observation = mujoco_state.place(self._simulation, qpos, qvel, time_s)
    return np.concatenate([observation, self.goal])

  def get_state(self) -> dict[str, Any]:
    """Goal and latch, of JSON's types."""
    goal = None if self.goal is None else self.goal.tolist()
    return {'goal': goal, 'success': self._success}

  def set_state(self, state: dict[str, Any]) -> None:
    """Goes back to what `get_state` returned."""
    if state['goal'] is not None:
      self._set_goal(np.asarray(state['goal']))
    self._success = state['success']

  def _set_goal(self, goal: np.ndarray) -> None:
    goal = np.asarray(goal, np.float64)
    if goal.shape != (2,) or not self.map.is_free(goal):
      raise ValueError(
        f'{self.name}: goal is {goal}; expected x-y in a free cell of the '
        f'maze, whose walls end at x, y = {self.map.extent}'
      )
    self.unwrapped.goal = goal.copy()
    self.unwrapped.update_target_site_pos()

  def _flatten(self, observation: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([observation[part] for part in self._parts])

  def _latched(self, info: dict[str, Any]) -> dict[str, Any]:
    self._success = self._success or bool(info['success'])
    return {**info, 'success': self._success}

  def _cells(
    self, name: str, cells: Cells | None, default_xy: Sequence[np.ndarray]
  ) -> np.ndarray:
    """[K, 2] int: `cells`, checked, or those at `default_xy`."""
    if cells is None:
      return self.map.cell(np.stack(default_xy))
    found = np.asarray(cells)
    is_table = found.ndim == 2 and found.shape[1] == 2 and len(found)
    if not is_table or not np.issubdtype(found.dtype, np.integer):
      raise ValueError(
        f'GoalMaze.{name} is {cells}; expected a list of (row, column)'
      )
    for cell in found[~self.map.is_free_cell(found)]:
      raise ValueError(
        f'GoalMaze.{name} holds {tuple(cell.tolist())}, a wall of '
        f'{self.name} or off its map; expected some of its free cells, '
        f'{self.map.free_cells.tolist()}'
      )
    return found

  def _check_pairs(self) -> None:
    cells = np.concatenate([self._starts, self._goals])
    if (cells == cells[0]).all():
      raise ValueError(
        f'GoalMaze.start_cells and .goal_cells leave {cells[0].tolist()} for '
        'start and goal alike; expected two cells or more'
      )

  def _draw_cells(self) -> dict[str, np.ndarray]:
    """A start and a goal in another cell, as the environment's options."""
    pairs = [
      {'reset_cell': start, 'goal_cell': goal}
      for start in self._starts
      for goal in self._goals
      if (start != goal).any()
    ]
    return pairs[self.unwrapped.np_random.integers(len(pairs))]
