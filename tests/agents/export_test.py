"""Policies as SavedModels, read back here and where tfirl can't be imported."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfirl.acting import Encoding, MlpPolicy
from tfirl.agents import export

OBS, A = 4, 2

READER = """
import sys
sys.modules['tfirl'] = None  # an import of it now fails, installed or not
import numpy as np
import tensorflow as tf
observations = np.load('observations.npy')
for name in sys.argv[1:]:
  policy = tf.saved_model.load(name)
  np.save(name + '.npy', policy.action(observations).numpy())
assert not any(name.startswith('tfirl.') for name in sys.modules)
"""


def make_policy(
  width=2 * A, seed=0, hidden=8, log_std_range=(-20, 2), num_waves=None
):
  """Of raw observations, or encoded with `num_waves` sines and cosines."""
  rng = np.random.default_rng(seed)
  encoding = None
  if num_waves is not None:
    shapes = [OBS], [OBS], [OBS, num_waves], [num_waves]
    encoding = Encoding(*(rng.normal(size=s).astype('f') for s in shapes))
  sizes = [OBS + 2 * (num_waves or 0), hidden, hidden, width]
  layers = [
    (
      rng.normal(0, 0.5, (i, o)).astype(np.float32),
      rng.normal(0, 0.5, o).astype(np.float32),
    )
    for i, o in zip(sizes, sizes[1:], strict=False)
  ]
  return MlpPolicy(layers, A, log_std_range, encoding=encoding)


@pytest.fixture
def observations():
  return np.random.default_rng(9).normal(size=(20, OBS)).astype(np.float32)


def test_loads_without_tfirl_and_acts_alike(tmp_path, observations):
  policies = {
    'gaussian': make_policy(),
    'deterministic': make_policy(A, 1),
    'standardized': make_policy(num_waves=0),
    'with_waves': make_policy(A, 1, num_waves=3),
  }
  for name, policy in policies.items():
    export.save_policy(policy, tmp_path / name)
  np.save(tmp_path / 'observations.npy', observations)
  subprocess.run(
    [sys.executable, '-I', '-c', READER, *policies], cwd=tmp_path, check=True
  )
  for name, policy in policies.items():
    found = np.load(tmp_path / f'{name}.npy')
    assert found.dtype == np.float32 and found.std() > 0.1
    np.testing.assert_allclose(found, policy(observations), atol=1e-6)


def test_sample_has_the_distribution_of_the_policy(tmp_path, observations):
  policy = make_policy(log_std_range=(-0.5, 0.5))
  export.save_policy(policy, tmp_path / 'policy')
  loaded = tf.saved_model.load(str(tmp_path / 'policy'))
  repeated = np.repeat(observations[:1], 4000, 0)
  tf.random.set_seed(0)
  sampled = loaded.sample(repeated).numpy()
  expected = policy(repeated, np.random.default_rng(0))
  for i in range(A):
    assert stats.ks_2samp(sampled[:, i], expected[:, i]).pvalue > 0.01
  assert np.abs(sampled - loaded.sample(repeated)).max() > 0.1


def test_sample_explores_as_the_policy_does(tmp_path, observations):
  layers = make_policy(A).layers
  policy = MlpPolicy(layers, A, exploration_noise=0.3)
  export.save_policy(policy, tmp_path / 'policy')
  loaded = tf.saved_model.load(str(tmp_path / 'policy'))
  repeated = np.repeat(observations[:1], 4000, 0)
  tf.random.set_seed(0)
  sampled = loaded.sample(repeated).numpy()
  assert np.abs(sampled).max() <= 1.0
  expected = policy(repeated, np.random.default_rng(0))
  for i in range(A):
    assert stats.ks_2samp(sampled[:, i], expected[:, i]).pvalue > 0.01


def test_sample_of_a_deterministic_policy_is_its_action(tmp_path, observations):
  export.save_policy(make_policy(A), tmp_path / 'policy')
  loaded = tf.saved_model.load(str(tmp_path / 'policy'))
  np.testing.assert_array_equal(
    loaded.sample(observations), loaded.action(observations)
  )


@pytest.mark.parametrize('separator', ['', '/'])
def test_an_earlier_policy_is_replaced_whole(tmp_path, observations, separator):
  folder = f'{tmp_path / "policy"}{separator}'
  export.save_policy(make_policy(), folder)
  (tmp_path / 'policy' / 'stray').touch()
  (tmp_path / 'policy.tmp').mkdir()  # of a process that was killed
  (tmp_path / 'policy.tmp' / 'half').touch()
  policy = make_policy(A, seed=5, hidden=3)
  export.save_policy(policy, folder)
  assert [path.name for path in tmp_path.iterdir()] == ['policy']
  assert not (tmp_path / 'policy' / 'stray').exists()
  assert not (tmp_path / 'policy' / 'half').exists()
  loaded = tf.saved_model.load(folder)
  np.testing.assert_allclose(
    loaded.action(observations), policy(observations), atol=1e-6
  )
