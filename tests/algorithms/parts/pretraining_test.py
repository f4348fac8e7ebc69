"""A model fitted on first use, and found again."""

import dataclasses
import logging

import numpy as np
import pytest

from tfirl import tasks
from tfirl.algorithms import pretrain_dynamics
from tfirl.algorithms.parts import pretraining
from tfirl.config import gin_bindings
from tfirl.dynamics import model as dynamics_model
from tfirl.dynamics import saving
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`
from tfirl.types import Demonstrations

_BINDINGS = [
  'DynamicsTrainer.batch_size = 64',
  'DynamicsTrainer.max_epochs = 1',
  'GaussianEnsemble.layers = (8,)',
]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
  monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
  gin_bindings.parse(['paper/hyper_pointmaze.gin'], _BINDINGS)
  return tmp_path / 'tfirl' / 'dynamics'


@pytest.fixture
def demos():
  rng = np.random.default_rng(0)
  observations = rng.uniform(-4, 3, (400, 6)).astype(np.float32)
  return Demonstrations(
    observations=observations,
    actions=rng.uniform(-1, 1, (400, 2)).astype(np.float32),
    next_observations=observations + rng.normal(size=(400, 6)).astype('f'),
    terminals=np.zeros(400, bool),
    timeouts=np.arange(400) == 399,
    goal=observations[:, 4:],
  )


def test_it_is_fitted_once_and_says_so(demos, cache, monkeypatch, caplog):
  with caplog.at_level(logging.WARNING):
    path = pretraining.cached_pretraining(tasks.make_task(), demos, True)
  assert 'fitting a model to 400 demonstrated transitions' in caplog.text
  assert path in caplog.text
  assert [str(file) for file in cache.iterdir()] == [path]
  model = dynamics_model.DynamicsModel(6, 2, 5)
  before = [v.numpy() for v in model.variables]
  saving.load_model(model, path)
  assert any(
    (a != b.numpy()).any() for a, b in zip(before, model.variables, strict=True)
  )

  def fail(self):
    raise AssertionError('a second fit')

  monkeypatch.setattr(pretrain_dynamics.PretrainDynamics, 'run_round', fail)
  assert pretraining.cached_pretraining(tasks.make_task(), demos, True) == path
  with pytest.raises(AssertionError, match='a second fit'):
    others = dataclasses.replace(demos, actions=-demos.actions)
    pretraining.cached_pretraining(tasks.make_task(), others, True)


@pytest.mark.parametrize(
  'binding',
  ["PretrainDynamics.bin_sampling = 'none'", 'GaussianEnsemble.layers = (9,)'],
)
def test_other_settings_are_another_model(demos, binding):
  path = pretraining.cached_pretraining(tasks.make_task(), demos, False)
  gin_bindings.parse(['paper/hyper_pointmaze.gin'], [*_BINDINGS, binding])
  assert pretraining.cached_pretraining(tasks.make_task(), demos, False) != path
  # What the fit does not depend on makes no difference.
  unrelated = 'Td3BcAgent.tau = 0.1'
  gin_bindings.parse(['paper/hyper_pointmaze.gin'], [*_BINDINGS, unrelated])
  assert pretraining.cached_pretraining(tasks.make_task(), demos, False) == path


def test_another_value_of_a_macro_is_another_model(demos):
  paths = set()
  for rate in ('1e-3', '2e-3', '1e-3'):
    bindings = [f'rate = {rate}', 'DynamicsTrainer.learning_rate = %rate']
    gin_bindings.parse(['paper/hyper_pointmaze.gin'], [*_BINDINGS, *bindings])
    task = tasks.make_task()
    paths.add(pretraining.cached_pretraining(task, demos, False))
  assert len(paths) == 2


def test_what_is_not_needed_is_not_fitted(demos, cache):
  pretraining.cached_pretraining(tasks.make_task(), demos, False)
  assert not cache.exists()
