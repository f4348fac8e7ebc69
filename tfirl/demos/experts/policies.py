"""Policies to roll out, from wherever they were saved."""

import os
import re
from collections.abc import Callable

import numpy as np
from tf_agents.environments import py_environment

from tfirl import tasks
from tfirl.demos.experts import embedded

_FUNCTION = re.compile(r'[A-Za-z_][\w.]*:[A-Za-z_]\w*')


def _saved_model(path: str) -> Callable:
  """The exported policy at `path`; it acts by its mean, without `rng`."""
  import tensorflow as tf  # seconds to import; only this kind needs it

  model = tf.saved_model.load(path)
  if not hasattr(model, 'action'):
    raise ValueError(
      f'{path}: found a SavedModel without `action`; expected a policy that '
      'tfirl exported'
    )

  def policy(
    observation: np.ndarray, rng: np.random.Generator | None = None
  ) -> np.ndarray:
    if rng is not None:
      raise ValueError(f'{path}: found a mean policy; expected no --stochastic')
    batch = tf.constant(observation[np.newaxis], tf.float32)
    return model.action(batch).numpy()[0]

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
    scaled = (action - (high + low) / 2) / ((high - low) / 2)
    return np.clip(scaled, -1.0, 1.0)

  return policy


def load_policy(
  source: str, task: str, env: py_environment.PyEnvironment | None = None
) -> Callable:
  """A policy(observation [O], rng=None) -> action [A] in [-1, 1].

  Args:
    source: a run folder, a SavedModel, an .npz that `embedded.write` wrote,
      'embedded' (the expert of `task`), 'embedded:TASK', or 'module:function'
      of what acts in the environment's own units, clipped to its bounds.
    task: for 'embedded'.
    env: whose units they are; only 'module:function' needs it.

  Raises FileNotFoundError, or ValueError for what isn't a policy.
  """
  if source == 'embedded':
    return embedded.policy(task)
  if source.startswith('embedded:'):
    return embedded.policy(source.removeprefix('embedded:'))
  if _FUNCTION.fullmatch(source):
    return _imported(source, env)
  if source.endswith('.npz'):
    return embedded.policy(source)
  for path in (os.path.join(source, 'policy'), source):
    if os.path.exists(os.path.join(path, 'saved_model.pb')):
      return _saved_model(path)
  raise FileNotFoundError(
    f'--policy: found no SavedModel in {source} or {source}/policy; expected '
    'a run folder, a SavedModel, an .npz of weights, module:function or '
    'embedded'
  )
