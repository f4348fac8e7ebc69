"""The wrappers around an environment."""

import gymnasium


def of(env: gymnasium.Env) -> list[gymnasium.Wrapper]:
  """All of them, the outermost first."""
  found = []
  while isinstance(env, gymnasium.Wrapper):
    found.append(env)
    env = env.env
  return found
