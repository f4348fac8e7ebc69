"""Q(s, a) against NumPy, and how it starts."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.agents import actor_critic
from tfirl.networks import critic

OBS, A = 5, 3
TIME_STEP_SPEC, ACTION_SPEC = actor_critic.make_specs(OBS, A)


def make_critic(hidden, **kwargs):
  return critic.make_critic(
    TIME_STEP_SPEC.observation, ACTION_SPEC, hidden, **kwargs
  )


def _normalized(units):
  centred = units - units.mean(1, keepdims=True)
  return centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-6)


@pytest.mark.parametrize('layer_norm', [False, True])
def test_value_is_the_mlp_of_observation_then_action(layer_norm):
  network = make_critic((16, 8), layer_norm=layer_norm)
  normalize = _normalized if layer_norm else lambda units: units
  rng = np.random.default_rng(0)
  for variable in network.variables:
    variable.assign(rng.normal(0, 0.5, variable.shape))
  observation = rng.normal(size=(7, OBS)).astype(np.float32)
  action = rng.uniform(-1, 1, (7, A)).astype(np.float32)
  k0, b0, k1, b1, k2, b2 = (v.numpy() for v in network.variables)
  hidden = np.concatenate([observation, action], 1) @ k0 + b0
  hidden = np.maximum(normalize(hidden), 0) @ k1 + b1
  hidden = np.maximum(normalize(hidden), 0)
  value, _ = network((observation, action))
  assert value.shape == (7,)
  np.testing.assert_allclose(value, (hidden @ k2 + b2)[:, 0], rtol=1e-4)


def test_the_gradient_of_normalised_units_is_tensorflows():
  rng = np.random.default_rng(0)
  units = tf.constant(rng.normal(1, 3, (7, 16)), tf.float32)
  upstream = tf.constant(rng.normal(size=(7, 16)), tf.float32)
  with tf.GradientTape(persistent=True) as tape:
    tape.watch(units)
    found = tf.reduce_sum(upstream * critic._normalized_relu(units))
    mean, variance = tf.nn.moments(units, [-1], keepdims=True)
    normalized = (units - mean) / tf.sqrt(variance + 1e-6)
    expected = tf.reduce_sum(upstream * tf.nn.relu(normalized))
  np.testing.assert_allclose(found, expected, rtol=1e-5)
  np.testing.assert_allclose(
    tape.gradient(found, units), tape.gradient(expected, units), atol=1e-5
  )


def test_every_kernel_starts_uniform_within_its_fan_in():
  network = make_critic((256, 256))
  for kernel in network.variables[::2]:
    bound = 1 / np.sqrt(kernel.shape[0])
    values = kernel.numpy()
    assert 0.95 * bound < np.abs(values).max() <= bound
    # std of U(-b, b) is b / sqrt(3); the last kernel has but 256 numbers.
    assert abs(values.std() / (bound / np.sqrt(3)) - 1) < 0.15


def test_layers_and_twins_start_different():
  """An initialiser object that repeats itself would make twins of them."""
  width = OBS + A
  networks = [make_critic((width, width, width)) for _ in range(2)]
  kernels = [v.numpy() for n in networks for v in n.variables[:-2:2]]
  assert [k.shape for k in kernels] == [(width, width)] * 6
  for i, kernel in enumerate(kernels):
    for later in kernels[i + 1 :]:
      assert np.abs(kernel - later).max() > 0.05
  heads = [n.variables[-2].numpy() for n in networks]
  assert np.abs(heads[0] - heads[1]).max() > 0.05
