"""Policies to roll out, from wherever they were saved."""

import os
import re
from collections.abc import Callable

import numpy as np
from tf_agents.environments import py_environment

from tfirl import acting, tasks
from tfirl.demos.experts import embedded
from tfirl.storage import policy_file

_FUNCTION = re.compile(r'[A-Za-z_][\w.]*:[A-Za-z_]\w*')


def _saved_model(path: str) -> Callable:
  """The SavedModel at `path`; it acts by its mean, without `rng`.

  One of tfirl's acts in the environment's own units, and says which these are.
  """
  import tensorflow as tf  # seconds to import; only this kind needs it

  model = tf.saved_model.load(path)
  if not hasattr(model, 'action'):
    raise ValueError(
      f'{path}: found a SavedModel without `action`; expected a policy that '
      'tfirl exported'
    )
  bounds = None
  if hasattr(model, 'action_low'):
    bounds = model.action_low.numpy(), model.action_high.numpy()

  def policy(
    observation: np.ndarray, rng: np.random.Generator | None = None
  ) -> np.ndarray:
    if rng is not None:
      raise ValueError(f'{path}: found a mean policy; expected no --stochastic')
    batch = tf.constant(observation[np.newaxis], tf.float32)
    action = model.action(batch).numpy()[0]
    return action if bounds is None else acting.in_unit_range(action, *bounds)

  policy.model = model  # TensorFlow frees its variables with it
  return policy


def _imported(source: str, env: py_environment.PyEnvironment) -> Callable:
  """A function of the user's that acts in the environment's own units."""
  act = tasks.resolve('--policy', source)
  low, high = env.action_low, env.action_high

  def policy(
    observation: np.ndarray, rng: np.random.Generator | None = None
  ) -> np.ndarray:
    if rng is not None:
      raise ValueError(f'{source}: found a function; expected no --stochastic')
    action = np.asarray(act(observation), np.float64)
    if action.shape != low.shape or not np.isfinite(action).all():
      raise ValueError(
        f'{source}: found an action {action} of shape {action.shape}; expected '
        f'finite numbers of shape {low.shape}'
      )
    return acting.in_unit_range(action, low, high)

  return policy


def _check_acts(
  source: str, policy: Callable, env: py_environment.PyEnvironment
) -> None:
  """Raises ValueError unless `policy` acts on what `env` begins with."""
  observation = env.reset().observation
  expected = len(observation), len(env.action_low)
  if isinstance(policy, acting.MlpPolicy):
    found = policy.observation_size, policy.num_actions
    problem = '' if found == expected else f'found {_sizes(*found)}'
  else:
    problem = _problem_of_call(policy, observation, expected[1])
  if problem:
    raise ValueError(
      f'--policy: {source} is of another environment than {env.name}: '
      f'{problem}; expected {_sizes(*expected)}'
    )


def _sizes(num_observed: int, num_actions: int) -> str:
  return f'{num_observed} observed numbers and {num_actions} of actions'


def _problem_of_call(
  policy: Callable, observation: np.ndarray, num_actions: int
) -> str:
  try:
    shape = np.shape(policy(observation))
  except Exception as error:  # of NumPy, TensorFlow or a maze's planner
    return f'it fails ({str(error).strip().partition(chr(10))[0]})'
  return '' if shape == (num_actions,) else f'found actions of shape {shape}'


def load_policy(
  source: str, task: str, env: py_environment.PyEnvironment | None = None
) -> Callable:
  """A policy(observation [O], rng=None) -> action [A] in [-1, 1].

  Args:
    source: a run folder, a SavedModel, an .npz that a run or `embed_expert`
      wrote, 'embedded' (the expert of `task`), 'embedded:TASK', or
      'module:function' of what acts in the environment's own units, clipped to
      its bounds.
    task: for 'embedded'.
    env: whose units they are, and that it is to act in; only 'module:function'
      needs it.

  Raises FileNotFoundError, or ValueError for what isn't a policy, or can't act
  in `env`.
  """
  if _FUNCTION.fullmatch(source) and not source.startswith('embedded:'):
    return _imported(source, env)
  policy = _saved(source, task)
  if env is not None:
    _check_acts(source, policy, env)
  return policy


def _saved(source: str, task: str) -> Callable:
  """What no function makes; args as of `load_policy`."""
  if source == 'embedded':
    return embedded.policy(task)
  if source.startswith('embedded:'):
    return embedded.policy(source.removeprefix('embedded:'))
  left = os.path.join(source, policy_file.FILE)
  if os.path.exists(left):
    return policy_file.load(left).unit_policy
  if source.endswith('.npz'):
    return policy_file.load(source).unit_policy
  for path in (os.path.join(source, 'policy'), source):
    if os.path.exists(os.path.join(path, 'saved_model.pb')):
      return _saved_model(path)
  raise FileNotFoundError(
    f'--policy: found no SavedModel in {source} or {source}/policy; expected '
    'a run folder, a SavedModel, an .npz of weights, module:function or '
    'embedded'
  )
