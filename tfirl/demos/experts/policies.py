"""Policies to roll out, from wherever they were saved."""

import os
from collections.abc import Callable

import numpy as np

from tfirl.demos.experts import embedded


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


def load_policy(source: str, task: str) -> Callable:
  """A policy(observation [O], rng=None) -> action [A] in [-1, 1].

  Args:
    source: a run folder, a SavedModel, an .npz that `embedded.write` wrote,
      'embedded' (the expert of `task`) or 'embedded:TASK'.
    task: for 'embedded'.

  Raises FileNotFoundError, or ValueError for what isn't a policy.
  """
  if source == 'embedded':
    return embedded.policy(task)
  if source.startswith('embedded:'):
    return embedded.policy(source.removeprefix('embedded:'))
  if source.endswith('.npz'):
    return embedded.policy(source)
  for path in (os.path.join(source, 'policy'), source):
    if os.path.exists(os.path.join(path, 'saved_model.pb')):
      return _saved_model(path)
  raise FileNotFoundError(
    f'--policy: found no SavedModel in {source} or {source}/policy; expected '
    'a run folder, a SavedModel, an .npz of weights or embedded'
  )
