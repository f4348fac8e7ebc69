"""Algorithms that end with their test, their demonstrations, checkpoints."""

import contextlib
import types

import pytest
import small_games

from tfirl import tasks
from tfirl.algorithms import model_based
from tfirl.config import gin_bindings
from tfirl.demos.border import to_demonstrations
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`
from tfirl.storage import checkpoints


@pytest.fixture(scope='session')
def random_demos(record_random):
  """A few episodes of random actions in Hopper."""
  env = tasks.make_env('Hopper-v5')
  return to_demonstrations(record_random(env, 10), env)


@pytest.fixture
def closed_later():
  """`closed_later(algorithm)`: itself; its server stops at the test's end."""
  with contextlib.ExitStack() as stack:
    yield lambda algorithm: stack.enter_context(contextlib.closing(algorithm))


@pytest.fixture
def without_updates():
  """`without_updates(algorithm)`: itself; its agent's updates are counted, and
  neither compiled nor made, for a test of what goes on around them.
  """

  def spare(algorithm):
    algorithm._rounds = types.SimpleNamespace(run=lambda *unused_rows: {})
    return algorithm

  return spare


@pytest.fixture
def checkpoints_of(tmp_path):
  """`checkpoints_of(algorithm)`: those in the test's folder."""
  return lambda algorithm: checkpoints.Checkpoints(
    tmp_path, algorithm.trackables(), save_hooks=[algorithm.save_tables]
  )


@pytest.fixture
def small_model_based():
  """Bindings: small networks, a round of 4 steps, fits at 40, 60, ... steps."""
  return [
    'ModelBased.initial_steps = 40',
    'ModelBased.steps_per_round = 4',
    'ModelBased.policy_updates_per_step = 2',
    'ModelBased.batch_size = 8',
    'ModelBased.dynamics_update_period = 20',
    'Imagination.epoch_length = 40',
    'tfirl.SacAgent.hidden = (8,)',
    'GaussianEnsemble.layers = (8,)',
    'GaussianEnsemble.num_members = 3',
    'DynamicsModel.num_elites = 2',
    'DynamicsTrainer.batch_size = 16',
    'DynamicsTrainer.max_epochs = 2',
    'expert/table.rows_per_item = 32',
  ]


@pytest.fixture
def make_game(random_demos, closed_later, small_model_based):
  """Makes games in a model, of the bindings."""

  def make(seed=0, restore_from=None, bindings=()):
    gin_bindings.parse(
      ['paper/hyper_hopper.gin'],
      [*small_model_based, *small_games.MODEL_BASED, *bindings],
    )
    return closed_later(
      model_based.ModelBased(
        tasks.make_task(), random_demos, seed, restore_from
      )
    )

  return make
