"""A pretrained dynamics model, fitted on first use and kept."""

import hashlib
import logging
import os

import gin

from tfirl import tasks, types
from tfirl.algorithms import pretrain_dynamics

# What a fit depends on, besides the demonstrations.
_SETTINGS = (
  'PretrainDynamics.',
  'DynamicsTrainer.',
  'DynamicsModel.',
  'GaussianEnsemble.',
  'Task.env_id',
)
_SEED = 0  # of the one fit that runs of all seeds begin with
_VERSION = b'3'  # of what a fit does with all that
_LONG_LINES = 10_000  # no binding is broken into several


def cache_folder() -> str:
  """XDG_CACHE_HOME/tfirl/dynamics, ~/.cache/tfirl/dynamics by default."""
  home = os.environ.get('XDG_CACHE_HOME') or os.path.join('~', '.cache')
  return os.path.join(os.path.expanduser(home), 'tfirl', 'dynamics')


@gin.configurable(denylist=['task', 'demos', 'is_needed'])
def cached_pretraining(
  task: tasks.Task, demos: types.Demonstrations, is_needed: bool
) -> str:
  """The path of a model fitted to `demos` by `PretrainDynamics`.

  It is fitted, which takes minutes, unless it is not needed, or the cache has
  one of the same demonstrations and settings. The fit is called in gin's scope
  `pretrain`.

  Raises: ValueError as `PretrainDynamics`; OSError if it can't be written.
  """
  with gin.config_scope('pretrain'):
    # Made in any case: bindings that nothing uses are errors.
    pretraining = pretrain_dynamics.PretrainDynamics(task, demos, _SEED)
  path = os.path.join(cache_folder(), f'{_digest(demos)}.npz')
  if not is_needed:
    return path
  if os.path.exists(path):
    logging.info('dynamics: begins with %s', path)
    return path
  logging.warning(
    'dynamics: fitting a model to %d demonstrated transitions first; it is '
    'kept in %s for later runs. ModelBased.pretrained_model = None begins '
    'without one',
    len(demos),
    path,
  )
  pretraining.run_round()
  os.makedirs(cache_folder(), exist_ok=True)
  pretraining.save(path)
  return path


def _digest(demos: types.Demonstrations) -> str:
  """Tells one fit from another by its demonstrations and gin settings."""
  found = hashlib.sha256(_VERSION)
  types.hash_arrays(found, demos.transitions)
  for line in gin.config_str(max_line_length=_LONG_LINES).splitlines():
    is_macro = '=' in line and '.' not in line.partition('=')[0]
    if is_macro or any(setting in line for setting in _SETTINGS):
      found.update(line.encode())
  return found.hexdigest()[:24]
