"""A loss and a reward that a user may choose, tried once before they count."""

import re
from collections.abc import Callable

import tensorflow as tf

from tfirl.config import gin_messages

_COSTS_LEARNER, _COSTS_EXPERT = (0.5, -0.25), (-0.5, 0.75)


def check_loss(loss_fn: Callable) -> None:
  """Tries `CostLearner.loss_fn` on two rows a side.

  Raises:
    ValueError: it is no function, fails, gives something else than a finite
      scalar, or has no gradient by the costs of one side.
  """
  expected = (
    'expected a function of (cost_learner [B], cost_expert [B]) to a scalar '
    'made of them by TensorFlow operations, such as @logistic_loss'
  )
  costs = tf.constant(_COSTS_LEARNER), tf.constant(_COSTS_EXPERT)
  with tf.GradientTape() as tape:
    tape.watch(costs)
    loss = _tried('loss_fn', loss_fn, costs, [], expected)
  sides = zip(('learner', 'expert'), tape.gradient(loss, costs), strict=True)
  for side, gradient in sides:
    if gradient is None:
      raise ValueError(
        f'CostLearner.loss_fn, {_name(loss_fn)}, does not depend on '
        f'cost_{side}: found no gradient; {expected}'
      )


def check_reward(reward_transform: Callable) -> None:
  """Tries `CostLearner.reward_transform` on two rows.

  Raises:
    ValueError: it is no function, fails, or gives something else than a finite
      reward a row.
  """
  expected = (
    'expected a function of cost [B] to reward [B], such as @rewards.negative'
  )
  costs = (tf.constant(_COSTS_LEARNER),)
  _tried('reward_transform', reward_transform, costs, [2], expected)


def _tried(binding, function, costs, shape, expected) -> tf.Tensor:
  """What `function` makes of `costs`, if it is of `shape` and finite."""
  if not callable(function):
    raise ValueError(f'CostLearner.{binding} is {function!r}; {expected}')
  what = f'CostLearner.{binding}, {_name(function)},'
  try:
    value = tf.convert_to_tensor(function(*costs))
    # As it will be used.
    tf.function(function, autograph=False).get_concrete_function(*costs)
  except Exception as error:  # it is the user's: anything may be raised
    raise ValueError(
      f'{what} failed on two rows a side: {_brief(error)}; {expected}'
    ) from error
  if not value.dtype.is_floating or value.shape != shape:
    raise ValueError(
      f'{what} gave {value.dtype.name} of shape {value.shape.as_list()} for '
      f'two rows a side, and not {shape}; {expected}'
    )
  if not tf.reduce_all(tf.math.is_finite(value)):
    raise ValueError(f'{what} gave {value.numpy()}; {expected}')
  return value


def _brief(error: Exception) -> str:
  """Type and message in a line: without what gin appends and the lines of code
  that TensorFlow lists before an error of its own kind.
  """
  text = gin_messages.without_calls(error).strip()
  line = text.splitlines()[-1].strip() if text else ''
  is_named = re.match(r'\w+Error: ', line)
  return line if is_named else f'{type(error).__name__}: {line}'


def _name(function: Callable) -> str:
  return getattr(function, '__name__', repr(function))
