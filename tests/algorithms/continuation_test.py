"""Expert and behaviour cloning go on exactly from a checkpoint.

The game has its own test, in model_free_test.py.
"""

import types

import gin
import numpy as np
import pytest

from tfirl import checkpoints, gin_bindings
from tfirl import experiment as _experiment  # noqa: F401 for gin's `run`
from tfirl.algorithms import bc, expert
from tfirl.demos import rollouts
from tfirl.envs import suites

_CASES = {
  'expert': (
    expert.Expert,
    [
      'Expert.steps_per_round = 16',
      'Expert.batch_size = 8',
      'Expert.initial_steps = 32',
      'tfirl.SacAgent.hidden = (8,)',
      'policy/table.rows_per_item = 5',
    ],
  ),
  'bc': (
    bc.BehaviorCloning,
    [
      'BehaviorCloning.updates_per_round = 4',
      'BehaviorCloning.batch_size = 8',
      'BcAgent.hidden = (8,)',
      'expert/table.rows_per_item = 32',
    ],
  ),
}


@pytest.fixture(scope='module')
def demos():
  """A few episodes of random actions."""
  return rollouts.rollout(
    suites.load('Hopper-v5'),
    lambda unused_observation, rng: rng.uniform(-1, 1, 3),
    num_episodes=5,
    seed=0,
    full_length_only=False,
    stochastic=True,
  )


@pytest.fixture(params=_CASES)
def make(request, demos):
  """Makes algorithms of one kind, and stops their servers at the end."""
  algorithm, bindings = _CASES[request.param]
  gin_bindings.parse([f'{request.param}_hopper.gin'], bindings)
  made = []

  def make(seed, restore_from=None):
    made.append(algorithm(lambda env: demos, seed, restore_from))
    return made[-1]

  yield make
  for each in made:
    each.close()
  gin.clear_config()


def _checkpoints(algorithm, folder):
  return checkpoints.Checkpoints(
    folder, algorithm.trackables(), save_hooks=[algorithm.save_tables]
  )


def _check_same(first, second):
  """Clocks, generators and environments; weights and slots; tables."""
  states = [each.trackables()['state'].serialize() for each in (first, second)]
  assert states[0] == states[1]
  variables = [each.trackables()['agent'].variables for each in (first, second)]
  for a, b in zip(*variables, strict=True):
    np.testing.assert_array_equal(a.numpy(), b.numpy())
  for a, b in zip(first.policy.layers, second.policy.layers, strict=True):
    np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_array_equal(a[1], b[1])
  assert first.table_sizes() == second.table_sizes()


def test_a_checkpoint_continues_exactly(make, tmp_path):
  first = make(0)
  untrained = [kernel.copy() for kernel, _ in first.policy.layers]
  for _ in range(3):
    first.run_round()
  assert first.clock.updates > 0
  assert (first.policy.layers[0][0] != untrained[0]).any()
  path = _checkpoints(first, tmp_path).save(3)
  second = make(1, restore_from=path)
  _checkpoints(second, tmp_path).restore(path)
  _check_same(first, second)

  # Reverb's draws have no seed, so both are given the same.
  rows = first._sampler.sample()
  for each in (first, second):
    each._sampler = types.SimpleNamespace(sample=lambda: rows)
    each.run_round()
  if isinstance(first, bc.BehaviorCloning):
    _check_same(first, second)
    return
  # SAC's own dice go on from a new seed: the round's rows are the same,
  # collected with the same policy and noise.
  states = [each.trackables()['state'].serialize() for each in (first, second)]
  assert states[0] == states[1]
  assert first.clock.env_steps == 64
  assert first.table_sizes() == second.table_sizes()
