"""The ensemble's forward pass and gradients against NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.losses import gaussian_nll
from tfirl.machine import memory
from tfirl.networks import gaussian_ensemble

_E, _B, _O, _A = 3, 5, 2, 1


def _make(**kwargs):
  kwargs = {'num_members': _E, 'layers': (4, 6), **kwargs}
  return gaussian_ensemble.GaussianEnsemble(_O, _A, seed=1, **kwargs)


@pytest.fixture
def inputs():
  """[E, B, O + A]."""
  return np.random.default_rng(0).normal(size=(_E, _B, _O + _A)).astype('f4')


def _by_hand(ensemble, inputs, member):
  """One member's mean and log variance, layer by layer, in float64."""
  values = [v.numpy()[member] for v in ensemble.member_variables]
  kernels, biases = values[:3], values[3:]
  hidden = inputs.astype(np.float64)
  for kernel, bias in zip(kernels[:2], biases[:2], strict=True):
    hidden = hidden @ kernel + bias
    hidden = hidden / (1.0 + np.exp(-hidden))  # x * sigmoid(x)
  out = hidden @ kernels[2] + biases[2]
  mean, raw = out[:, :_O], out[:, _O:]
  softplus = lambda x: np.log1p(np.exp(x))  # noqa: E731
  raw = 0.5 - softplus(0.5 - raw)
  return mean, -10.0 + softplus(raw + 10.0)


def test_forward_equals_numpy(inputs):
  ensemble = _make()
  for bias in ensemble.member_variables[3:]:  # zero at first: not to be missed
    bias.assign(tf.random.stateless_normal(bias.shape, [1, 2]))
  mean, log_variance = ensemble(inputs)
  for member in range(_E):
    expected = _by_hand(ensemble, inputs[member], member)
    np.testing.assert_allclose(mean[member], expected[0], atol=1e-5)
    np.testing.assert_allclose(log_variance[member], expected[1], atol=1e-5)


def test_some_members_only(inputs):
  ensemble = _make()
  mean, log_variance = ensemble(inputs)
  some = tf.constant([2, 0])
  some_mean, some_log_variance = ensemble(inputs[[2, 0]], some)
  np.testing.assert_allclose(some_mean, mean.numpy()[[2, 0]], atol=1e-6)
  np.testing.assert_allclose(
    some_log_variance, log_variance.numpy()[[2, 0]], atol=1e-6
  )


def test_log_variance_is_softly_bounded(inputs):
  ensemble = _make()
  head = ensemble.member_variables[5]
  head.assign(tf.fill(head.shape, 100.0))
  np.testing.assert_allclose(ensemble(inputs)[1], 0.5, atol=1e-4)
  head.assign(tf.fill(head.shape, -100.0))
  np.testing.assert_allclose(ensemble(inputs)[1], -10.0, atol=1e-4)


def test_clip_bounds_the_mean(inputs):
  ensemble = _make(clip_mean=0.01)
  unclipped, _ = _make()(inputs)
  mean, _ = ensemble(inputs)
  np.testing.assert_allclose(mean, np.clip(unclipped, -0.01, 0.01))
  assert np.abs(unclipped).max() > 0.01


def test_gradients_of_members_are_independent(inputs):
  """Other rows for member 1 change the gradients of member 1 alone."""
  ensemble = _make()
  target = np.zeros((_E, _B, _O), np.float32)

  def gradients(inputs):
    with tf.GradientTape() as tape:
      losses = gaussian_nll.gaussian_nll(*ensemble(inputs), target)
      loss = tf.reduce_sum(losses)
    return tape.gradient(loss, ensemble.member_variables)

  before = gradients(inputs)
  changed = inputs.copy()
  changed[1] += 1.0
  for old, new in zip(before, gradients(changed), strict=True):
    np.testing.assert_array_equal(old[0], new[0])
    np.testing.assert_array_equal(old[2], new[2])
    assert np.abs(old[1] - new[1]).max() > 0.0


def test_kernels_start_as_published():
  """Truncated normal at two deviations, std 1 / (2 sqrt(fan_in))."""
  ensemble = gaussian_ensemble.GaussianEnsemble(
    8, 8, seed=0, num_members=7, layers=(200, 200)
  )
  first, second, _ = (k.numpy() for k in ensemble.member_variables[:3])
  for kernel, fan_in in ((first, 16), (second, 200)):
    std = 1.0 / (2.0 * np.sqrt(fan_in))
    assert np.abs(kernel).max() <= 2.0 * std
    # A normal cut at two deviations keeps 0.88 of its own.
    np.testing.assert_allclose(kernel.std(), 0.8796 * std, rtol=0.01)
  assert not np.array_equal(first[0], first[1])
  for bias in ensemble.member_variables[3:]:
    np.testing.assert_array_equal(bias, 0.0)


@pytest.mark.parametrize(
  'wrong',
  [
    {'num_members': 0},
    {'layers': (4, 0)},
    {'clip_mean': -1.0},
    {'log_variance_bounds': (1.0, 0.0)},
  ],
)
def test_a_parameter_out_of_range_is_named(wrong):
  with pytest.raises(ValueError, match=f'GaussianEnsemble.{next(iter(wrong))}'):
    _make(**wrong)


def test_an_ensemble_larger_than_memory_is_refused(monkeypatch):
  monkeypatch.setattr(memory, 'available_bytes', lambda: 1000)
  with pytest.raises(ValueError, match='GaussianEnsemble.num_members = 3'):
    _make()
