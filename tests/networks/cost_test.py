"""The fused cost ensemble against NumPy, member by member."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.networks.cost import CostNetwork

RNG = np.random.default_rng(0)
OBSERVATION = RNG.normal(size=(6, 3)).astype(np.float32)
ACTION = RNG.uniform(-1, 1, size=(6, 2)).astype(np.float32)


def make(**kwargs):
  """A small network whose biases are not zero."""
  network = CostNetwork(3, 2, seed=0, layers=(8, 4), **kwargs)
  for variable in network.trainable_variables:
    if 'bias' in variable.name:
      variable.assign(tf.random.stateless_normal(variable.shape, [0, 1]))
  return network


def reference_members(network):
  """[E, B], one member after the other."""
  outputs = []
  for e in range(network.num_members):
    hidden = np.concatenate([OBSERVATION, ACTION], axis=1)
    for name in ('hidden_0', 'hidden_1', 'head'):
      kernel, bias = network.get_layer(name).get_weights()
      hidden = hidden @ kernel[e] + bias[e]
      hidden = hidden if name == 'head' else np.maximum(hidden, 0)
    outputs.append(hidden[:, 0])
  return np.stack(outputs)


@pytest.mark.parametrize('num_members', [1, 3])
def test_members_match_numpy(num_members):
  network = make(num_members=num_members)
  members = network.members(OBSERVATION, ACTION)
  assert members.shape == (num_members, 6)
  np.testing.assert_allclose(members, reference_members(network), 1e-4, 1e-5)


@pytest.mark.parametrize(
  ('reduce', 'reference'), [('min', np.min), ('mean', np.mean), ('max', np.max)]
)
def test_reduce(reduce, reference):
  network = make(num_members=3, reduce=reduce)
  expected = reference(reference_members(network), axis=0)
  cost = network(OBSERVATION, ACTION)
  np.testing.assert_allclose(cost, expected, 1e-4, 1e-5)


def test_clip_bounds_each_member_before_the_mean():
  network = make(num_members=3, reduce='mean', clip=0.2)
  members = reference_members(network)
  assert np.any(members > 0.2) and np.any(members < -0.2)  # it does something
  expected = np.clip(members, -0.2, 0.2).mean(0)
  cost = network(OBSERVATION, ACTION)
  np.testing.assert_allclose(cost, expected, 1e-4, 1e-5)


def test_min_trains_only_the_least_member():
  network = CostNetwork(3, 2, seed=0, num_members=3)
  head_bias = network.get_layer('head').bias
  head_bias.assign(np.float32([[[9]], [[-9]], [[0]]]))
  with tf.GradientTape() as tape:
    cost = tf.reduce_mean(network(OBSERVATION, ACTION))
  gradient = tape.gradient(cost, head_bias)
  np.testing.assert_allclose(np.ravel(gradient), [0, 1, 0])


def test_kernels_are_orthogonal_and_differ_and_biases_are_zero():
  network = CostNetwork(3, 2, seed=0, layers=(8, 4), num_members=2)
  for variable in network.trainable_variables:
    value = variable.numpy()
    if 'bias' in variable.name:
      assert not value.any()
      continue
    assert not np.allclose(value[0], value[1])
    for kernel in value:
      tall = kernel if kernel.shape[0] >= kernel.shape[1] else kernel.T
      np.testing.assert_allclose(
        tall.T @ tall, np.eye(tall.shape[1]), atol=1e-6
      )


@pytest.mark.parametrize('num_members', [1, 3])
def test_a_head_of_scale_0_costs_nothing_at_first(num_members):
  network = CostNetwork(3, 2, 0, num_members=num_members, head_scale=0.0)
  np.testing.assert_array_equal(network.members(OBSERVATION, ACTION), 0.0)
  np.testing.assert_array_equal(network(OBSERVATION, ACTION), 0.0)


def test_head_scale_multiplies_the_cost_of_the_same_seed():
  cost, half = (
    CostNetwork(3, 2, 0, layers=(8, 4), num_members=2, head_scale=scale)
    for scale in (1.0, 0.5)
  )
  whole = cost(OBSERVATION, ACTION).numpy()
  assert np.abs(whole).max() > 0.1
  np.testing.assert_allclose(half(OBSERVATION, ACTION), whole / 2, rtol=1e-5)


def test_seed_decides_the_weights():
  costs = [
    CostNetwork(3, 2, seed=seed)(OBSERVATION, ACTION).numpy()
    for seed in (0, 0, 1)
  ]
  np.testing.assert_array_equal(costs[0], costs[1])
  assert not np.allclose(costs[0], costs[2])


@pytest.mark.parametrize(
  ('name', 'value'),
  [
    ('reduce', 'median'),
    ('num_members', 0),
    ('clip', 0.0),
    ('head_scale', -0.5),
  ],
)
def test_parameters_out_of_range_are_named(name, value):
  message = f'CostNetwork.{name} is {value!r}; expected'
  with pytest.raises(ValueError, match=message):
    CostNetwork(3, 2, seed=0, **{name: value})
