"""A fitted model as an .npz that another run begins with."""

from tfirl.dynamics.model import DynamicsModel
from tfirl.storage import npz_file


def save_model(model: DynamicsModel, path: str) -> None:
  """Writes all variables of `model`, whole or not at all."""
  npz_file.write(path, {k: v.numpy() for k, v in _variables(model).items()})


def load_model(model: DynamicsModel, path: str) -> None:
  """Gives `model` the variables that `save_model` wrote.

  Raises:
    FileNotFoundError: no such file.
    ValueError: it holds no model, or one of other sizes; names the variable,
      the shape found and the shape expected. `model` is left as it was.
  """
  arrays = npz_file.read(path, 'a dynamics model')
  variables = _variables(model)
  shapes = {name: tuple(v.shape) for name, v in variables.items()}
  npz_file.require(
    path,
    arrays,
    shapes,
    f'a model of {model.observation_size} observations, {model.action_size} '
    f'actions and {model.ensemble.num_members} members',
  )
  npz_file.require_numbers(path, arrays, variables, 'a dynamics model')
  elites, members = arrays['elites'], model.ensemble.num_members
  if elites.dtype.kind not in 'iu' or not set(elites) <= set(range(members)):
    raise ValueError(
      f'{path}: elites: found {elites}; expected numbers of {members} members'
    )
  if not (arrays['input_std'] > 0).all():
    raise ValueError(
      f'{path}: input_std: found {arrays["input_std"].min()}; expected numbers '
      'above 0'
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
