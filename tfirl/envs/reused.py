"""Environments that are one where several are to be made.

A run has several at once, for training and for evaluations.
"""

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
  adapter = _ADAPTERS.get(id(_innermost(env)))
  if adapter is not None and not adapter.is_closed:
    raise ValueError(
      f'{what}: it gave an environment that it gave before, and that is still '
      'in use; expected a new one each time: a run needs several, for training '
      'and for evaluations'
    )


def remember(adapter: GymnasiumEnvironment) -> None:
  """That its environment is in use, until it is closed or let go."""
  _ADAPTERS[id(_innermost(adapter.gym))] = adapter


def _innermost(env: gymnasium.Env) -> gymnasium.Env:
  wrappers = wrapper_chain.of(env)
  return wrappers[-1].env if wrappers else env
