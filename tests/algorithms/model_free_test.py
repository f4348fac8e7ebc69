"""The game's round, and its exact continuation from a checkpoint."""

import gin
import numpy as np
import pytest

from tfirl import checkpoints, gin_bindings
from tfirl import experiment as _experiment  # noqa: F401 for gin's `run`
from tfirl.algorithms import model_free
from tfirl.demos import rollouts
from tfirl.envs import suites

_BINDINGS = [
  'ModelFree.steps_per_round = 16',
  'ModelFree.batch_size = 8',
  'ModelFree.initial_steps = 32',
  'CostRounds.cost_update_period = 48',
  'CostRounds.cost_rollout_episodes = 1',
  'tfirl.SacAgent.hidden = (8,)',
  'CostNetwork.layers = (8,)',
  'CostLearner.batch_size = 32',
  'policy/table.rows_per_item = 5',
  'expert/table.rows_per_item = 32',
]


@pytest.fixture(autouse=True)
def config():
  gin_bindings.parse(['hype_hopper.gin'], _BINDINGS)
  yield
  gin.clear_config()


@pytest.fixture(scope='module')
def demos():
  """A few episodes of random actions."""
  return rollouts.rollout(
    suites.load('Hopper-v5'),
    lambda unused_observation, rng: rng.uniform(-1, 1, 3),
    num_episodes=10,
    seed=0,
    full_length_only=False,
    stochastic=True,
  )


@pytest.fixture
def make(demos):
  """Makes games, and stops their servers at the end."""
  made = []

  def make(seed, restore_from=None):
    game = model_free.ModelFree(lambda env: demos, seed, restore_from)
    made.append(game)
    return game

  yield make
  for game in made:
    game.close()


def _checkpoints(game, folder):
  return checkpoints.Checkpoints(
    folder, game.trackables(), save_hooks=[game.save_tables]
  )


def _state(game):
  """Clocks, generators and environments, as JSON."""
  return game.trackables()['state'].serialize()


def _weights(game):
  trackables = game.trackables()
  return [v.numpy() for n in ('agent', 'cost') for v in trackables[n].variables]


def test_players_move_when_they_are_due(make):
  game = make(0)
  before = _weights(game)
  clocks = []
  for _ in range(6):
    game.run_round()
    clock = game.clock
    rounds = game.trackables()['cost'].num_rounds
    clocks.append((clock.env_steps, clock.updates, rounds))
  # No gradient step before 32 env steps; the cost's turn every 48.
  assert clocks == [
    *((16, 0, 0), (32, 16, 0), (48, 32, 1)),
    *((64, 48, 1), (80, 64, 1), (96, 80, 2)),
  ]
  assert game.clock.rollout_steps > 0
  assert game.num_traces == 1
  assert game.table_sizes()['policy'] == 95
  changed = [
    (a != b).any() for a, b in zip(before, _weights(game), strict=True)
  ]
  assert np.mean(changed) > 0.8  # all but settings


def test_a_checkpoint_continues_exactly(make, tmp_path):
  """The next round collects the same rows, with the same policy and dice."""
  game = make(0)
  for _ in range(3):
    game.run_round()
  path = _checkpoints(game, tmp_path).save(48)
  other = make(1, restore_from=path)
  _checkpoints(other, tmp_path).restore(path)
  assert _state(other) == _state(game)
  for ours, theirs in zip(_weights(game), _weights(other), strict=True):
    np.testing.assert_array_equal(ours, theirs)
  for ours, theirs in zip(game.policy.layers, other.policy.layers, strict=True):
    np.testing.assert_array_equal(ours[0], theirs[0])
  assert other.table_sizes() == game.table_sizes()
  for each in (game, other):
    each.run_round()  # Reverb's draws have no seed: only after it they differ
  assert _state(other) == _state(game)
  assert other.table_sizes() == game.table_sizes()
