"""The fused networks as Keras models: members, summaries, weights' files."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl import acting
from tfirl.networks import cost, gaussian_ensemble

_E, _B, _O, _A = 3, 6, 2, 1
_RNG = np.random.default_rng(0)
OBSERVATION = _RNG.normal(3.0, 2.0, size=(_B, _O)).astype(np.float32)
ACTION = _RNG.uniform(-1, 1, size=(_B, _A)).astype(np.float32)
INPUTS = np.concatenate([OBSERVATION, ACTION], -1)
# (x - shift) * scale, no waves.
ENCODING = acting.Encoding(
  np.float32([3, 3]),
  np.float32([0.5, 0.5]),
  np.zeros((_O, 0), np.float32),
  np.zeros(0, np.float32),
)


def make_ensemble(seed=0, **kwargs):
  return with_biases(
    gaussian_ensemble.GaussianEnsemble(
      _O, _A, seed, num_members=_E, layers=(4, 6), **kwargs
    ),
    seed,
  )


def make_cost(seed=0, num_members=_E, **kwargs):
  return with_biases(
    cost.CostNetwork(
      _O, _A, seed, layers=(8, 4), num_members=num_members, **kwargs
    ),
    seed,
  )


def with_biases(network, seed):
  """`network` with biases that are not zero."""
  for name in ('hidden_0', 'hidden_1', 'head'):
    bias = network.get_layer(name).bias
    bias.assign(tf.random.stateless_normal(bias.shape, [0, seed]))
  return network


def plain_member(network, member, activation):
  """One member as a Keras model of `Dense` layers, from `network`'s weights."""
  plain = tf.keras.Sequential([tf.keras.Input([_O + _A])])
  for name in ('hidden_0', 'hidden_1', 'head'):
    kernel, bias = network.get_layer(name).get_weights()
    is_head = name == 'head'
    dense = tf.keras.layers.Dense(
      kernel.shape[-1], None if is_head else activation
    )
    plain.add(dense)
    dense.set_weights([kernel[member], bias[member, 0]])
  return plain


@pytest.mark.parametrize('member', range(_E))
def test_a_member_of_the_ensemble_is_dense_layers(member):
  ensemble = make_ensemble()
  mean, log_variance = ensemble(np.repeat(INPUTS[None], _E, 0))
  outputs = plain_member(ensemble, member, 'swish')(INPUTS)
  expected, raw = np.split(outputs, 2, -1)
  softplus = tf.nn.softplus
  raw = 0.5 - softplus(0.5 - raw)
  np.testing.assert_allclose(mean[member], expected, atol=1e-5)
  np.testing.assert_allclose(
    log_variance[member], -10.0 + softplus(raw + 10.0), atol=1e-5
  )


@pytest.mark.parametrize(
  ('num_members', 'member'), [(1, 0), (_E, 0), (_E, 1), (_E, 2)]
)
def test_a_member_of_the_cost_is_dense_layers(num_members, member):
  network = make_cost(num_members=num_members)
  members = network.members(OBSERVATION, ACTION)
  expected = plain_member(network, member, 'relu')(INPUTS)
  np.testing.assert_allclose(members[member], expected[:, 0], atol=1e-5)


def summary(network):
  """Layer names and parameters of each, from the lines of `summary`."""
  lines = []
  network.summary(line_length=100, print_fn=lines.append)
  rows = [line.split() for line in lines if '(' in line]
  return {row[0]: int(row[-1]) for row in rows if row[-1].isdigit()}


def test_summary_of_the_ensemble():
  assert summary(make_ensemble()) == {
    'hidden_0': _E * (3 + 1) * 4,
    'hidden_1': _E * (4 + 1) * 6,
    'head': _E * (6 + 1) * 2 * _O,
    'log_variance_bounds': 2 * _O,
  }


@pytest.mark.parametrize('num_members', [1, _E])
def test_summary_of_the_cost(num_members):
  assert summary(make_cost(num_members=num_members, encoding=ENCODING)) == {
    'encoding': 0,
    'hidden_0': num_members * (3 + 1) * 8,
    'hidden_1': num_members * (8 + 1) * 4,
    'head': num_members * (4 + 1) * 1,
  }


def outputs_of(network):
  if isinstance(network, cost.CostNetwork):
    return network.members(OBSERVATION, ACTION).numpy()
  return np.stack(network(np.repeat(INPUTS[None], _E, 0)))


@pytest.mark.parametrize('extension', ['', '.h5', '.weights.h5'])
@pytest.mark.parametrize('make', [make_ensemble, make_cost])
def test_weights_come_back(make, extension, tmp_path):
  """Into a network that was never called, in each of Keras' formats."""
  network = make()
  for weight in network.weights:  # those that start alike are told apart
    weight.assign_add(0.1 * tf.random.stateless_normal(weight.shape, [1, 2]))
  expected = outputs_of(network)
  path = str(tmp_path / f'network{extension}')
  network.save_weights(path)
  other = make(seed=1)
  assert not np.allclose(outputs_of(make(seed=1)), expected)
  other.load_weights(path)
  np.testing.assert_array_equal(outputs_of(other), expected)
