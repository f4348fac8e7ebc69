"""Makes the environment that a task's gin file names."""

import ctypes.util
import difflib
import os
from collections.abc import Mapping
from typing import Any

import gin
import gymnasium
from tf_agents.environments import py_environment

from tfirl.envs.gymnasium_env import GymnasiumEnvironment
from tfirl.envs.mazes import ant_steering, camera, goal_maze
from tfirl.envs.wrappers import TremblingHand


# In gin files `suites.load`: TF-Agents has registered a `load` of its own.
@gin.configurable(denylist=['seed', 'render_mode'])
def load(
  env_id: str,
  env_kwargs: Mapping[str, Any] | None = None,
  tremble_probability: float = 0.0,
  seed: int = 0,
  render_mode: str | None = None,
) -> py_environment.PyEnvironment:
  """A gymnasium environment as a PyEnvironment, with a trembling hand.

  Gymnasium-Robotics' mazes come with `GoalMaze` around them, and are rendered
  from above.

  Args:
    env_id: as gymnasium knows it, with the version: 'Hopper-v5'.
    env_kwargs: what else `gymnasium.make` is given.
    tremble_probability: chance that a step executes a uniform action.
    seed: of the first reset and of the trembling.
    render_mode: 'rgb_array' to be able to render; None costs nothing.

  Raises: ValueError naming the binding if the id or a kwarg is unknown, or if
    episodes have no time limit.
  """
  if render_mode is not None:
    _choose_renderer()
  goal_maze.register(env_id)
  ant_steering.register()
  kwargs = dict(env_kwargs or {})
  # An environment need not have a render mode at all.
  rendering = {} if render_mode is None else {'render_mode': render_mode}
  try:
    # The checker doubles the cost of a step and repeats what ours checks.
    env = gymnasium.make(
      env_id, disable_env_checker=True, **rendering, **kwargs
    )
  except gymnasium.error.Error as error:
    close = difflib.get_close_matches(env_id, gymnasium.registry)
    hint = f' (close: {", ".join(close)})' if close else ''
    raise ValueError(
      f'suites.load.env_id is {env_id!r}; expected an environment that '
      f'gymnasium knows{hint}: {error}'
    ) from error
  except (TypeError, OSError) as error:
    raise ValueError(
      f'suites.load.env_kwargs is {kwargs}; {env_id} refuses: {error}'
    ) from error
  if goal_maze.is_maze(env):
    env = goal_maze.GoalMaze(env)
    if render_mode is not None:
      camera.look_down(env)
  env = GymnasiumEnvironment(env, seed)
  if env.max_episode_steps is None:  # evaluation would have no end
    raise ValueError(
      f'suites.load.env_id is {env_id!r}, which has no time limit; expected '
      "one in suites.load.env_kwargs = {'max_episode_steps': 1000}, say"
    )
  if tremble_probability:
    env = TremblingHand(env, tremble_probability, seed)
  return env


def _choose_renderer() -> None:
  """Without a display MuJoCo renders only if told how to."""
  if not os.environ.get('DISPLAY'):
    has_egl = ctypes.util.find_library('EGL') is not None
    has_osmesa = ctypes.util.find_library('OSMesa') is not None
    # With neither, the error is that of the first choice.
    name = 'osmesa' if has_osmesa and not has_egl else 'egl'
    os.environ.setdefault('MUJOCO_GL', name)
