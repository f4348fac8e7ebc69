"""An ant in a maze that is told which way to run, and paid for running there.

What it learns is a gait that steers: the same in every maze, since it sees
neither where it is nor where the walls are (see `ant_frame`).
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from tfirl.envs.mazes import ant_frame, goal_maze
from tfirl.envs.mazes.planner import Planner

ENV_ID = 'tfirl/AntSteering-v0'
_GOAL_RADIUS = 0.5  # m
_START_HEIGHT = 0.75  # m
_NOISE = 0.1  # of the start's joints (rad) and velocities (1/s)


class AntSteering(gymnasium.Env):
  """Runs from goal to goal of a maze, along the shortest ways.

  Observation and action are those of `ant_frame`. An episode starts in any
  cell, at any yaw. A step is paid by the speed (m/s) along the way, as far as
  `speed_limit`, by standing upright and by facing the way (two legs first, so
  that the yaw doesn't drift), less the effort; the episode terminates when the
  ant tips over. A goal reached makes place for another.
  """

  metadata = {'render_modes': ['rgb_array'], 'render_fps': 20}

  def __init__(
    self,
    maze_id: str = 'AntMaze_Large-v5',
    speed_limit: float = 2.5,
    upright_weight: float = 0.3,
    facing_weight: float = 0.5,
    effort_weight: float = 0.05,
    min_uprightness: float = 0.3,
    render_mode: str | None = None,
  ):
    goal_maze.register(maze_id)
    env = gymnasium.make(
      maze_id,
      disable_env_checker=True,
      include_cfrc_ext_in_observation=False,
      render_mode=render_mode,
    )
    self.render_mode = render_mode
    self._gym = env
    self._map = goal_maze.GoalMaze(env).map
    self.ant_env = env.unwrapped.ant_env
    self._planner = Planner(self._map)
    self._speed_limit = speed_limit
    self._upright_weight = upright_weight
    self._effort_weight = effort_weight
    self._facing_weight = facing_weight
    self._min_uprightness = min_uprightness
    size = ant_frame.OBSERVATION_SIZE
    self.observation_space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
    self.action_space = spaces.Box(-1.0, 1.0, (8,), np.float32)

  @property
  def model(self):
    return self.ant_env.model

  @property
  def data(self):
    return self.ant_env.data

  def reset(
    self, *, seed: int | None = None, options: dict[str, Any] | None = None
  ):
    super().reset(seed=seed, options=options)
    if seed is not None or not hasattr(self, '_goal'):
      self._gym.reset(seed=seed)
    rng = self.np_random
    yaw = rng.uniform(-np.pi, np.pi)
    qpos = np.zeros(15)
    qpos[:2] = self._map.center(self._draw_cell())
    qpos[:2] += rng.uniform(-1.0, 1.0, 2)
    qpos[2] = _START_HEIGHT
    qpos[[3, 6]] = np.cos(yaw / 2), np.sin(yaw / 2)
    qpos[7:] = self.ant_env.init_qpos[7:] + rng.uniform(-_NOISE, _NOISE, 8)
    qvel = _NOISE * rng.standard_normal(14)
    self.ant_env.reset()
    self.ant_env.set_state(qpos, qvel)
    self._goal = self._draw_goal(qpos[:2])
    return self._observe(), {}

  def step(self, action: np.ndarray):
    action = np.clip(action, -1.0, 1.0)
    heading, xy = self._heading, self.data.qpos[:2].copy()
    self.ant_env.do_simulation(
      ant_frame.to_actuators(action, self._quarters), self.ant_env.frame_skip
    )
    velocity = (self.data.qpos[:2] - xy) / self.ant_env.dt
    speed = float(velocity @ heading)
    upright = ant_frame.uprightness(self.data.qpos[2:])
    reward = (
      min(speed, self._speed_limit)
      + self._upright_weight * upright
      + self._facing_weight * ant_frame.facing(self.data.qpos[2:], heading)
      - self._effort_weight * float(np.square(action).sum())
    )
    if np.linalg.norm(self.data.qpos[:2] - self._goal) < _GOAL_RADIUS:
      self._goal = self._draw_goal(self.data.qpos[:2])
    terminated = upright < self._min_uprightness
    return self._observe(), reward, terminated, False, {'speed': speed}

  def get_state(self) -> dict[str, Any]:
    """What MuJoCo's state doesn't hold, of JSON's types: the goal."""
    return {'goal': self._goal.tolist()}

  def set_state(self, state: dict[str, Any]) -> None:
    """Goes back to what `get_state` returned, once MuJoCo is back there."""
    self._goal = np.asarray(state['goal'])
    self._observe()  # the heading, and how the legs are named

  def render(self):
    return self.ant_env.render()

  def close(self) -> None:
    self._gym.close()

  def _observe(self) -> np.ndarray:
    qpos, qvel = self.data.qpos, self.data.qvel
    self._heading = self._planner.heading(qpos[:2], self._goal)
    observation, self._quarters = ant_frame.observe(
      np.concatenate([qpos[2:], qvel]), self._heading
    )
    return observation

  def _draw_cell(self) -> np.ndarray:
    cells = self._map.free_cells
    return cells[self.np_random.integers(len(cells))]

  def _draw_goal(self, xy: np.ndarray) -> np.ndarray:
    """The centre of another cell than that of `xy`."""
    cell = self._map.cell(xy)
    while True:
      other = self._draw_cell()
      if (other != cell).any():
        return self._map.center(other) + self.np_random.uniform(-1, 1, 2)


def find(env: gymnasium.Env) -> AntSteering | None:
  """The `AntSteering` inside `env`, if there is one."""
  return env.unwrapped if isinstance(env.unwrapped, AntSteering) else None


def register() -> None:
  """Makes gymnasium know `ENV_ID`; episodes have 500 steps (25 s)."""
  if ENV_ID not in gymnasium.registry:
    gymnasium.register(
      ENV_ID, f'{__name__}:{AntSteering.__name__}', max_episode_steps=500
    )
