"""Policies to roll out, from wherever they were saved."""

import os
from collections.abc import Callable

import numpy as np

from tfirl import acting
from tfirl.demos.experts import embedded
from tfirl.storage import npz_file, policy_file


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


def _weights(path: str) -> Callable:
  """A run's policy.npz, or an expert's file."""
  if 'action_low' in npz_file.read(path, 'the weights of a policy'):
    return policy_file.load(path).unit_policy
  return embedded.policy(path)


def load_policy(source: str, task: str) -> Callable:
  """A policy(observation [O], rng=None) -> action [A] in [-1, 1].

  Args:
    source: a run folder, a SavedModel, an .npz that a run or `embedded.write`
      wrote, 'embedded' (the expert of `task`) or 'embedded:TASK'.
    task: for 'embedded'.

  Raises FileNotFoundError, or ValueError for what isn't a policy.
  """
  if source == 'embedded':
    return embedded.policy(task)
  if source.startswith('embedded:'):
    return embedded.policy(source.removeprefix('embedded:'))
  left = os.path.join(source, policy_file.FILE)
  if os.path.exists(left):
    return policy_file.load(left).unit_policy
  if source.endswith('.npz'):
    return _weights(source)
  for path in (os.path.join(source, 'policy'), source):
    if os.path.exists(os.path.join(path, 'saved_model.pb')):
      return _saved_model(path)
  raise FileNotFoundError(
    f'--policy: found no SavedModel in {source} or {source}/policy; expected '
    'a run folder, a SavedModel, an .npz of weights or embedded'
  )
