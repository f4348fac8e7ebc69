"""Noise of gradient steps: a stream for each seed, under XLA too, that goes on.

The agents here have the same weights whatever the seed, so what tells them
apart after a round is noise alone.
"""

import sys

import numpy as np
import pytest
import tensorflow as tf

from tfirl import types
from tfirl.agents import noise, relabeling, sac, td3_bc
from tfirl.algorithms.parts import rounds
from tfirl.optimizers import optimistic_adam

OBS, A, B, G = 4, 2, 16, 3


class Training:
  """Rounds of one agent on the same rows again and again."""

  def __init__(self, make_agent, seed, jit_compile):
    tf.keras.utils.set_random_seed(seed)
    self.agent = make_agent(
      OBS,
      A,
      make_optimizer=optimistic_adam.OptimisticAdam,
      learning_rate=1e-2,
      hidden=(8, 8),
      gamma=0.9,
      tau=0.1,
    )
    rng = np.random.default_rng(0)
    for network in (
      self.agent._actor_network,
      self.agent._critic_network_1,
      self.agent._critic_network_2,
    ):
      for variable in network.variables:
        variable.assign(rng.normal(0, 0.4, variable.shape))
    self.agent.initialize()
    self._rows = types.Transition(
      tf.constant(rng.normal(size=(G * B, OBS)), tf.float32),
      tf.constant(rng.uniform(-1, 1, (G * B, A)), tf.float32),
      tf.ones([G * B]),
      tf.constant(rng.normal(size=(G * B, OBS)), tf.float32),
    )
    self._rounds = rounds.Rounds(self._step, G, jit_compile)

  def _step(self, batch):
    experience = relabeling.as_experience(batch, batch.observation[:, 0])
    return self.agent.named_losses(self.agent.train(experience))

  def round(self):
    """One round. Returns: weights of actor and a critic after it, a vector."""
    self._rounds.run(self._rows)
    agent = self.agent
    networks = agent._actor_network, agent._critic_network_1
    weights = [w.numpy().ravel() for n in networks for w in n.variables]
    return np.concatenate(weights)

  def save(self, path):
    return tf.train.Checkpoint(agent=self.agent).write(str(path))

  def restore(self, path):
    tf.train.Checkpoint(agent=self.agent).read(path).assert_consumed()


def _first_round(seed, path):
  """Saves SAC's weights after its first round under XLA."""
  np.save(path, Training(sac.SacAgent, int(seed), jit_compile=True).round())


def test_two_seeds_differ_under_xla_in_their_first_round(tmp_path, call_warm):
  """In new processes: XLA's own stream is a process's, and goes on."""
  paths = {seed: tmp_path / f'{seed}.npy' for seed in ('1', '2')}
  for seed, path in paths.items():
    # As a script: under the `pytest` command no process can import `tests`.
    call_warm(__file__, seed, path).check_returncode()
  one, other = (np.load(path) for path in paths.values())
  assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize('make_agent', [sac.SacAgent, td3_bc.Td3BcAgent])
@pytest.mark.parametrize('jit_compile', [False, True])
def test_a_checkpoint_has_the_place_in_the_stream(
  make_agent, jit_compile, tmp_path
):
  training = Training(make_agent, 1, jit_compile)
  place = training.agent._noise._key_and_count
  first_place, start = place.numpy(), training.save(tmp_path / 'start')
  first = training.round()
  saved = training.save(tmp_path / 'saved')
  uninterrupted = training.round()

  # Another draw in the same process changes nothing.
  training.restore(start)
  np.testing.assert_array_equal(training.round(), first)
  training.restore(saved)
  np.testing.assert_array_equal(training.round(), uninterrupted)
  # With the noise of the run's start instead it would come out elsewhere.
  training.restore(saved)
  place.assign(first_place)
  assert np.abs(training.round() - uninterrupted).max() > 1e-3


def test_one_seed_is_one_stream():
  one, same, other = (
    Training(sac.SacAgent, seed, jit_compile=False).round()
    for seed in (1, 1, 2)
  )
  np.testing.assert_array_equal(one, same)
  assert np.abs(one - other).max() > 1e-3


def test_no_seed_twice_in_graph_or_eager_code():
  tf.random.set_seed(4)
  stream = noise.NoiseStream()

  @tf.function
  def several():
    seeds = tf.TensorArray(tf.int32, 3)
    for i in tf.range(3):
      seeds = seeds.write(i, stream.next_seed())
    return seeds.stack()

  seeds = [*several().numpy(), stream.next_seed().numpy(), *several().numpy()]
  assert len({tuple(seed) for seed in seeds}) == 7
  assert {seed.dtype for seed in seeds} == {np.dtype(np.int32)}


def test_streams_of_two_agents_of_a_run_differ():
  tf.random.set_seed(4)
  one, other = noise.NoiseStream(), noise.NoiseStream()
  tf.random.set_seed(4)
  again = noise.NoiseStream()
  seeds = [s.next_seed().numpy().tolist() for s in (one, other, again)]
  assert seeds[0] != seeds[1] and seeds[0] == seeds[2]


if __name__ == '__main__':
  _first_round(*sys.argv[1:])
