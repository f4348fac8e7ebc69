"""The actors, and their NumPy copies, against one another."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

from tfirl.agents import actor_critic
from tfirl.networks import actor

OBS, A = 5, 3
TIME_STEP_SPEC, ACTION_SPEC = actor_critic.make_specs(OBS, A)
OBSERVATION_SPEC = TIME_STEP_SPEC.observation


SEED = tf.constant([1, 2])


def noise_of(shape):
  """What `sample_and_log_prob` draws by SEED."""
  return tf.random.stateless_normal(shape, seed=SEED)


def make_gaussian(hidden=(16, 16)):
  return actor.make_gaussian_actor(OBSERVATION_SPEC, ACTION_SPEC, hidden)


def make_deterministic(hidden=(16, 16)):
  return actor.make_deterministic_actor(OBSERVATION_SPEC, ACTION_SPEC, hidden)


def distribution_of(network, observations):
  step_type = tf.ones([len(observations)], tf.int32)
  return network(observations, step_type=step_type, network_state=())[0]


def randomize(network, seed=0, scale=0.3):
  """Weights large enough for means, stds and ReLUs to differ by row."""
  rng = np.random.default_rng(seed)
  for variable in network.variables:
    variable.assign(rng.normal(0, scale, variable.shape))


@pytest.fixture
def observations():
  return np.random.default_rng(1).normal(size=(50, OBS)).astype(np.float32)


def test_numpy_policy_is_the_mode_of_the_gaussian_actor(observations):
  network = make_gaussian()
  randomize(network)
  policy = actor.mlp_policy(network.variables, A)
  expected = distribution_of(network, observations).mode()
  np.testing.assert_allclose(policy(observations), expected, atol=1e-6)
  np.testing.assert_allclose(policy(observations[3]), expected[3], atol=1e-6)
  assert expected.numpy().std(0).min() > 0.1


def test_numpy_policy_is_the_deterministic_actor(observations):
  network = make_deterministic()
  randomize(network)
  policy = actor.mlp_policy(network.variables, A)
  expected = network(observations)[0]
  np.testing.assert_allclose(policy(observations), expected, atol=1e-6)
  rng = np.random.default_rng(0)
  np.testing.assert_array_equal(policy(observations, rng), policy(observations))


def test_numpy_policy_is_a_copy(observations):
  network = make_gaussian()
  policy = actor.mlp_policy(network.variables, A)
  before = policy(observations)
  randomize(network)
  np.testing.assert_array_equal(policy(observations), before)


def test_samples_have_the_distribution_of_the_tensorflow_actor(observations):
  network = make_gaussian()
  randomize(network)
  policy = actor.mlp_policy(network.variables, A)
  normal = distribution_of(network, observations[:1]).input_distribution
  mean, std = normal.mean().numpy()[0], normal.stddev().numpy()[0]
  repeated = np.repeat(observations[:1], 5000, 0)
  ours = policy(repeated, np.random.default_rng(0))
  theirs = distribution_of(network, repeated).sample(seed=0).numpy()
  for i in range(A):
    # tanh is monotone: a's distribution function is the normal's at atanh(a).
    def cdf(a, i=i):
      a = np.clip(np.float64(a), -1 + 1e-12, 1 - 1e-12)
      return stats.norm.cdf(np.arctanh(a), mean[i], std[i])

    # float32 rounds extreme samples to +-1; a KS distance does not mind.
    assert stats.kstest(ours[:, i], cdf).pvalue > 0.01
    assert stats.ks_2samp(ours[:, i], theirs[:, i]).pvalue > 0.01
  # Independent noise for every action and row.
  correlation = np.corrcoef(np.arctanh(np.clip(ours, -0.99999, 0.99999)).T)
  assert np.abs(correlation - np.eye(A)).max() < 0.06


def test_log_density_and_its_gradient_are_those_of_tfp(observations):
  network = make_gaussian()
  randomize(network)
  weights = network.trainable_variables
  with tf.GradientTape(persistent=True) as tape:
    distribution = distribution_of(network, observations)
    actions, found = actor.sample_and_log_prob(distribution, SEED)
    # TFP's own sample, by the same noise: of another, it would have to invert
    # what float32 rounds.
    normal = distribution.input_distribution
    unsquashed = normal.loc + normal.stddev() * noise_of(actions.shape)
    slope = tfp.bijectors.Tanh().forward_log_det_jacobian(unsquashed, 1)
    expected = normal.log_prob(unsquashed) - slope
  np.testing.assert_array_equal(actions, tf.tanh(unsquashed))
  np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
  for ours, theirs in zip(
    tape.gradient(found, weights), tape.gradient(expected, weights), strict=True
  ):
    size = np.abs(theirs).max()
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3 * size)


def test_log_density_where_actions_round_to_one(observations):
  network = make_gaussian()
  randomize(network, scale=2.0)
  distribution = distribution_of(network, observations)
  actions, found = actor.sample_and_log_prob(distribution, SEED)
  assert (np.abs(actions) == 1).any()
  normal = distribution.input_distribution
  mean, std = (np.float64(x) for x in (normal.mean(), normal.stddev()))
  noise = np.float64(noise_of(actions.shape))
  size = np.abs(mean + std * noise)
  log_cosh = size + np.log1p(np.exp(-2 * size)) - np.log(2)
  expected = stats.norm.logpdf(noise) - np.log(std) + 2 * log_cosh
  np.testing.assert_allclose(found, expected.sum(1), rtol=1e-4)


@pytest.mark.parametrize(('log_std', 'clipped'), [(-30, -20), (9, 2)])
def test_log_std_is_clipped_alike(observations, log_std, clipped):
  network = make_gaussian()
  kernel, bias = network.variables[-2:]
  kernel.assign(tf.zeros_like(kernel))
  bias.assign([0.0] * A + [log_std] * A)
  std = distribution_of(network, observations).input_distribution.stddev()
  np.testing.assert_allclose(std, np.exp(np.float32(clipped)), rtol=1e-5)
  policy = actor.mlp_policy(network.variables, A)
  rng, same_rng = np.random.default_rng(0), np.random.default_rng(0)
  noise = same_rng.standard_normal((50, A), np.float32)
  expected = np.tanh(np.exp(np.float32(clipped)) * noise)
  np.testing.assert_allclose(policy(observations, rng), expected, rtol=1e-5)


@pytest.mark.parametrize('make', [make_gaussian, make_deterministic])
def test_layers_and_networks_start_different(make):
  one, other = make((OBS, OBS, OBS)), make((OBS, OBS, OBS))
  kernels = [v.numpy() for n in (one, other) for v in n.variables[:-2:2]]
  assert len(kernels) == 6
  for i, kernel in enumerate(kernels):
    assert kernel.std() > 0.05
    for later in kernels[i + 1 :]:
      assert np.abs(kernel - later).max() > 0.05
  heads = one.variables[-2].numpy(), other.variables[-2].numpy()
  assert np.abs(heads[0] - heads[1]).max() > 1e-3
