"""A model written and read back; what it does not fit is refused."""

import gin
import numpy as np
import pytest

from tfirl.dynamics import model as dynamics_model
from tfirl.dynamics import saving


@pytest.fixture(autouse=True)
def small():
  gin.parse_config("""
    GaussianEnsemble.num_members = 3
    GaussianEnsemble.layers = (8, 8)
    DynamicsModel.num_elites = 2
  """)


def make(seed=0, observation_size=4, action_size=2):
  """A model none of whose variables is as a new one's."""
  model = dynamics_model.DynamicsModel(observation_size, action_size, seed)
  rng = np.random.default_rng(seed)
  model.normalizer.fit(rng.normal(3, 2, (50, observation_size + action_size)))
  model.elites.assign([2, 0] if seed else [1, 2])
  for variable in (
    *model.ensemble.member_variables,
    model.ensemble.min_log_variance,
    model.ensemble.max_log_variance,
  ):
    variable.assign_add(0.1 * rng.normal(size=variable.shape))
  return model


def predictions(model):
  rng = np.random.default_rng(5)
  rows = (
    rng.normal(size=(9, 4)).astype('f'),
    rng.normal(size=(9, 2)).astype('f'),
  )
  return [p.numpy() for p in model.predict(*rows, model.elites)]


def test_a_model_comes_back(tmp_path):
  path = str(tmp_path / 'dynamics.npz')
  model, other = make(0), make(1)
  saving.save_model(model, path)
  saving.load_model(other, path)
  for found, expected in zip(
    predictions(other), predictions(model), strict=True
  ):
    np.testing.assert_array_equal(found, expected)
  ours, theirs = model.variables, other.variables
  assert len(ours) == len(saving._variables(model))  # none is left out
  for a, b in zip(ours, theirs, strict=True):
    np.testing.assert_array_equal(a.numpy(), b.numpy())
  assert [p.name for p in tmp_path.iterdir()] == ['dynamics.npz']


@pytest.mark.parametrize(
  'sizes, message',
  [
    ({'observation_size': 5}, 'input_mean: found .*6.* expected shape .7'),
    (
      {'action_size': 3},
      r'.*of a model of 4 observations, 3 actions and 3 mem',
    ),
  ],
)
def test_a_model_of_other_sizes_is_refused(tmp_path, sizes, message):
  path = str(tmp_path / 'dynamics.npz')
  saving.save_model(make(), path)
  other = make(1, **sizes)
  before = [v.numpy() for v in other.variables]
  with pytest.raises(ValueError, match=f'dynamics.npz: {message}'):
    saving.load_model(other, path)
  for old, variable in zip(before, other.variables, strict=True):
    np.testing.assert_array_equal(old, variable.numpy())


def test_files_that_are_no_models(tmp_path):
  with pytest.raises(
    FileNotFoundError, match='none.npz: no such file; expected'
  ):
    saving.load_model(make(), str(tmp_path / 'none.npz'))
  path = tmp_path / 'x.npz'
  path.write_bytes(b'PK\x03\x04 cut')
  with pytest.raises(ValueError, match='x.npz: found a file that is truncated'):
    saving.load_model(make(), str(path))
  np.savez(path, elites=np.zeros(2, np.int32))
  with pytest.raises(ValueError, match='input_mean: found nothing'):
    saving.load_model(make(), str(path))


@pytest.mark.parametrize(
  ('key', 'change', 'message'),
  [
    ('kernel_0', lambda k: k.astype('<U8'), 'found numbers of type <U8'),
    ('kernel_0', lambda k: k.astype('F'), 'found numbers of type complex64'),
    ('bias_1', lambda b: b * np.nan, 'found numbers that are not finite, nan'),
    ('elites', lambda e: e + 3, 'found .*; expected numbers of 3 members'),
    ('elites', lambda e: e + 0.5, 'found .*; expected numbers of 3 members'),
    ('input_std', lambda s: 0 * s, 'found 0.0; expected numbers above 0'),
  ],
)
def test_odd_numbers_are_refused(tmp_path, key, change, message):
  path = str(tmp_path / 'dynamics.npz')
  model = make(0)
  saving.save_model(model, path)
  with np.load(path) as archive:
    arrays = dict(archive)
  np.savez(path, **{**arrays, key: change(arrays[key])})
  with pytest.raises(ValueError, match=f'dynamics.npz: {key}: {message}'):
    saving.load_model(model, path)
