"""The dense layer of E members against one `Dense` layer a member."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.networks import ensemble_dense

_E, _B, _IN, _UNITS = 3, 5, 4, 2


def _initialize(shape, dtype=None):
  del dtype
  return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def _make(num_members=_E, **kwargs):
  """A layer whose biases are not zero."""
  layer = ensemble_dense.EnsembleDense(
    num_members, _UNITS, kernel_initializer=_initialize, **kwargs
  )
  layer.build((num_members, None, _IN))
  layer.bias.assign(_initialize(layer.bias.shape))
  return layer


@pytest.fixture
def inputs():
  """[E, B, in]."""
  return np.random.default_rng(1).normal(size=(_E, _B, _IN)).astype('f4')


def test_a_member_is_a_dense_layer(inputs):
  layer = _make(activation=tf.nn.relu)
  for i, outputs in enumerate(layer(inputs)):
    dense = tf.keras.layers.Dense(_UNITS, 'relu')
    dense.build((None, _IN))
    dense.set_weights([layer.kernel[i], layer.bias[i, 0]])
    np.testing.assert_allclose(outputs, dense(inputs[i]), atol=1e-6)
    assert np.any(outputs == 0.0) and np.any(outputs > 0.0)


def test_some_members_only(inputs):
  layer = _make()
  some = layer(inputs[[2, 0]], tf.constant([2, 0]))
  np.testing.assert_allclose(some, layer(inputs).numpy()[[2, 0]], atol=1e-6)


def test_one_member_takes_rows_without_an_axis_of_members(inputs):
  layer = _make(num_members=1)
  outputs = layer(inputs[0])
  assert outputs.shape == (_B, _UNITS)
  np.testing.assert_allclose(outputs, layer(inputs[:1])[0], atol=1e-6)


def test_several_members_do_not(inputs):
  with pytest.raises(ValueError, match=r'layer_x: found .* \[3, B, 4\]'):
    _make(name='layer_x')(inputs[0])


def test_mlps_are_named_and_built_with_a_linear_head(inputs):
  layers = ensemble_dense.make_mlps(_E, [4, 6, 5, 1], tf.nn.relu, _initialize)
  assert [layer.name for layer in layers] == ['hidden_0', 'hidden_1', 'head']
  assert [layer.kernel.shape[1:] for layer in layers] == [
    (4, 6),
    (6, 5),
    (5, 1),
  ]
  names = [weight.name for weight in layers[1].weights]
  assert names == ['hidden_1/kernel:0', 'hidden_1/bias:0']
  hidden = inputs
  for layer in layers[:2]:
    hidden = layer(hidden)
    assert np.min(hidden) == 0.0
  assert np.min(layers[2](hidden)) < 0.0
