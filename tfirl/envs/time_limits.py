"""What cuts an environment's episodes, among its wrappers.

gymnasium has no public way to change a limit, or to start an episode part of
the way in.
"""

import math

import gymnasium
from gymnasium.wrappers import TimeLimit

from tfirl.envs import wrapper_chain


def find(env: gymnasium.Env) -> list[TimeLimit]:
  """All that there are, the outermost first."""
  return [w for w in wrapper_chain.of(env) if isinstance(w, TimeLimit)]


def of(env: gymnasium.Env) -> int | None:
  """After how many steps it cuts an episode; None if it does not."""
  limits = [limit._max_episode_steps for limit in find(env)]
  return min(limits, default=None)


def replace(env: gymnasium.Env, max_episode_steps: int) -> gymnasium.Env:
  """`env` with this limit, in the place of all that it has.

  It counts outermost: within a wrapper that repeats actions, steps are others.
  """
  limits = find(env)
  for limit in limits:
    limit._max_episode_steps = math.inf
  if not limits or limits[0] is not env:
    return TimeLimit(env, max_episode_steps)
  env._max_episode_steps = max_episode_steps
  return env


def set_clocks(env: gymnasium.Env, elapsed_steps: int) -> None:
  """Has all count on from so many steps."""
  for limit in find(env):
    limit._elapsed_steps = elapsed_steps
