"""Environments that do not begin anew where another one is made.

A run has several at once, for training and for evaluations.
"""

import logging
import weakref

import gymnasium

from tfirl.envs import wrapper_chain
from tfirl.envs.gymnasium_env import GymnasiumEnvironment

# By the innermost environment's id, which its adapter keeps alive.
_ADAPTERS: weakref.WeakValueDictionary[int, GymnasiumEnvironment] = (
  weakref.WeakValueDictionary()
)


def check_new(env: gymnasium.Env, what: str) -> None:
  """Raises ValueError if `env` was adapted before, and is in use.

  Each would step, reset and close it under the other's hands.

  Args:
    env: just made, with its wrappers.
    what: made it, for messages.
  """
  adapter = _ADAPTERS.get(id(env.unwrapped))
  if adapter is not None and not adapter.is_closed:
    raise ValueError(
      f'{what}: it gave an environment that it gave before, and that is still '
      'in use; expected a new one each time: a run needs several, for training '
      'and for evaluations'
    )


def remember(adapter: GymnasiumEnvironment) -> None:
  """That its environment is in use, until it is closed or let go."""
  _ADAPTERS[id(adapter.gym.unwrapped)] = adapter


def warn_of_running_means(env: gymnasium.Env, what: str) -> None:
  """Says of wrappers that scale by what they have seen so far, each its own.

  Args: as of `check_new`.
  """
  found = [
    type(wrapper).__name__
    for wrapper in wrapper_chain.of(env)
    if getattr(wrapper, 'update_running_mean', False) is True
  ]
  if found:
    logging.warning(
      '%s: %s scale by a running mean, which each environment begins anew: '
      'training, evaluations and later launches see other numbers for the same '
      'state. Expected none of them (tfirl scales observations itself), or '
      'update_running_mean = False with fixed statistics',
      what,
      ', '.join(found),
    )
