"""A fitted model as an .npz that another run begins with."""

import os
import zipfile

import numpy as np

from tfirl.dynamics.model import DynamicsModel


def save_model(model: DynamicsModel, path: str) -> None:
  """Writes all variables of `model`, whole or not at all."""
  writing = f'{path}.tmp'
  with open(writing, 'wb') as file:
    np.savez(file, **{k: v.numpy() for k, v in _variables(model).items()})
  os.replace(writing, path)


def load_model(model: DynamicsModel, path: str) -> None:
  """Gives `model` the variables that `save_model` wrote.

  Raises:
    FileNotFoundError: no such file.
    ValueError: it holds no model, or one of other sizes; names the variable,
      the shape found and the shape expected. `model` is left as it was.
  """
  try:
    with np.load(path, allow_pickle=False) as archive:
      arrays = {key: archive[key] for key in archive.files}
  except FileNotFoundError:
    raise FileNotFoundError(f'{path}: no such dynamics model') from None
  except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
    raise ValueError(
      f'{path}: found a file that is truncated or no NumPy archive ({error}); '
      'expected a dynamics model'
    ) from error
  variables = _variables(model)
  for name, variable in variables.items():
    found = arrays[name].shape if name in arrays else 'nothing'
    expected = tuple(variable.shape)
    if found != expected:
      raise ValueError(
        f'{path}: {name}: found {found}; expected shape {expected}, of a model '
        f'of {model.observation_size} observations, {model.action_size} '
        f'actions and {model.ensemble.num_members} members'
      )
  for name, variable in variables.items():
    variable.assign(arrays[name])


def _variables(model: DynamicsModel) -> dict:
  """Every variable under a name that says what it is."""
  ensemble = model.ensemble
  named = {
    'elites': model.elites,
    'input_mean': model.normalizer.mean,
    'input_std': model.normalizer.std,
    'min_log_variance': ensemble.min_log_variance,
    'max_log_variance': ensemble.max_log_variance,
  }
  members = ensemble.member_variables
  half = len(members) // 2  # kernels, then biases
  for i in range(half):
    named[f'kernel_{i}'] = members[i]
    named[f'bias_{i}'] = members[half + i]
  return named
