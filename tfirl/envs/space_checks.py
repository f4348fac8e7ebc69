"""Which spaces can be used, and what to do about the others."""

import gymnasium
import numpy as np
from gymnasium import spaces

_OBSERVATION = (
  'expected a Box of one axis: all that the policy may know, as one vector'
)
_ACTION = 'expected a Box of one axis of floats, with finite bounds'
# Beyond it a bound stands for none: float32's largest number, say.
_MOST = 1e6
_WHERE = ', in the function that Task.env_fn names'


def check(env: gymnasium.Env) -> None:
  """Raises ValueError with advice unless both spaces can be used."""
  for name in ('observation_space', 'action_space'):
    space = getattr(env, name, None)
    if not isinstance(space, spaces.Space):
      raise ValueError(
        f'{env}: {name} is {space!r}; expected a gymnasium.spaces.Box, which '
        'the environment sets when it is made'
      )
  advice = _observation_advice(env.observation_space)
  if advice:
    raise ValueError(
      f'{env}: observation space is {env.observation_space}; {_OBSERVATION}. '
      f'{advice}'
    )
  advice = _action_advice(env.action_space)
  if advice:
    raise ValueError(
      f'{env}: action space is {env.action_space}; {_ACTION}. {advice}'
    )


def _observation_advice(space: spaces.Space) -> str:
  """What to do, '' if nothing."""
  if isinstance(space, spaces.Box) and len(space.shape) == 1:
    return '' if space.shape[0] else 'There is nothing to observe in it'
  flatten = f'gymnasium.wrappers.FlattenObservation makes one{_WHERE}'
  if isinstance(space, spaces.Dict):
    return (
      f'{flatten}; FilterObservation(env, filter_keys=[...]) inside it chooses '
      f'among the keys {list(space)}'
    )
  if isinstance(space, spaces.Box) and len(space.shape) > 2:
    return (
      "Images are out of tfirl's scope: its networks read vectors. A wrapper "
      'that encodes a picture (gymnasium.wrappers.TransformObservation) makes '
      f'one{_WHERE}'
    )
  if space.is_np_flattenable:
    return flatten
  return (
    'gymnasium.wrappers.TransformObservation, with a function of yours, makes '
    f'one{_WHERE}'
  )


def _action_advice(space: spaces.Space) -> str:
  """What to do, '' if nothing."""
  if isinstance(space, spaces.Box):
    return _box_advice(space)
  if isinstance(space, (spaces.Dict, spaces.Tuple)):
    return (
      'If all its parts are Boxes, gymnasium.wrappers.TransformAction makes '
      'them of one vector: TransformAction(env, lambda a: '
      'spaces.unflatten(env.action_space, a), '
      f'spaces.flatten_space(env.action_space)){_WHERE}'
    )
  return (
    "Discrete actions are out of tfirl's scope: its policies are Gaussian. The "
    "library 'imitation' has GAIL, AIRL, behaviour cloning and DAgger for them"
  )


def _box_advice(space: spaces.Box) -> str:
  if len(space.shape) != 1:
    return (
      'gymnasium.wrappers.TransformAction makes it of one vector: '
      f'TransformAction(env, lambda a: a.reshape({space.shape}), '
      f'spaces.flatten_space(env.action_space)){_WHERE}'
    )
  if not space.shape[0]:
    return 'There is nothing to choose in it'
  if not np.issubdtype(space.dtype, np.floating):
    return (
      'Policies are Gaussian: what they do is no whole number. '
      'gymnasium.wrappers.TransformAction takes floats and rounds them: '
      'TransformAction(env, lambda a: '
      'np.rint(a).astype(env.action_space.dtype), spaces.Box('
      'np.float32(env.action_space.low), np.float32(env.action_space.high)))'
      f'{_WHERE}'
    )
  if not (space.low.min() >= -_MOST and space.high.max() <= _MOST):
    size = space.shape[0]
    return (
      f'A bound beyond {_MOST:,.0f} is taken for none. '
      'What the demonstrations keep within will do: '
      'gymnasium.wrappers.TransformAction(env, lambda a: a, '
      f'spaces.Box(-1.0, 1.0, ({size},))){_WHERE}. Bounds that are meant are '
      'brought into reach by gymnasium.wrappers.RescaleAction(env, -1.0, 1.0); '
      'smaller ones need no RescaleAction: they are scaled here'
    )
  if not np.all(space.low < space.high):
    return (
      'An action whose bounds are equal is no choice: leave it out by '
      f'gymnasium.wrappers.TransformAction{_WHERE}'
    )
  return ''
