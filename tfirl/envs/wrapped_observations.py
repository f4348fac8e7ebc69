"""What wrappers make of an observation that no step of theirs gave."""

import gymnasium
import numpy as np

from tfirl.envs import wrapper_chain


def of(env: gymnasium.Env, observation: np.ndarray) -> np.ndarray:
  """`observation` of the innermost environment, as `env` shows it; there is no
  `obstacle`.
  """
  for wrapper in reversed(wrapper_chain.of(env)):
    if isinstance(wrapper, gymnasium.ObservationWrapper):
      observation = wrapper.observation(observation)
  return observation


def obstacle(env: gymnasium.Env) -> str | None:
  """The wrapper whose observations are not each made of one that it is given,
  as those of the latest few are not; None if there is none.
  """
  for wrapper in wrapper_chain.of(env):
    if isinstance(wrapper, gymnasium.ObservationWrapper):
      continue
    if wrapper.observation_space != wrapper.env.observation_space:
      return type(wrapper).__name__
  return None
