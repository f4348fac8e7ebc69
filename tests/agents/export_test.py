"""Policies as models, read back here and where tfirl can't be imported."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfirl.acting import Encoding, MlpPolicy
from tfirl.agents import export
from tfirl.storage import policy_file

OBS, A = 4, 2
LOW, HIGH = np.float32([-0.4, 0.0]), np.float32([0.4, 10.0])

READER = """
import sys
sys.modules['tfirl'] = None  # an import of it now fails, installed or not
import numpy as np
import tensorflow as tf
observations = np.load('observations.npy')
for name in sys.argv[1:]:
  policy = tf.saved_model.load(name)
  serve = policy.signatures['serving_default']
  served = serve(observation=tf.constant(observations))['action'].numpy()
  np.testing.assert_array_equal(served, policy.action(observations).numpy())
  np.save(name + '.npy', served)
assert not any(name.startswith('tfirl.') for name in sys.modules)
"""


def make_policy(
  width=2 * A,
  seed=0,
  hidden=8,
  log_std_range=(-20, 2),
  num_waves=None,
  exploration_noise=0.0,
):
  """Of raw observations, or encoded with `num_waves` sines and cosines."""
  rng = np.random.default_rng(seed)
  encoding = None
  if num_waves is not None:
    shapes = [OBS], [OBS], [OBS, num_waves], [num_waves]
    parts = (rng.normal(size=s).astype('f') for s in shapes)
    encoding = Encoding(*parts, clip=1.5)
  sizes = [OBS + 2 * (num_waves or 0), hidden, hidden, width]
  layers = [
    (
      rng.normal(0, 0.5, (i, o)).astype(np.float32),
      rng.normal(0, 0.5, o).astype(np.float32),
    )
    for i, o in zip(sizes, sizes[1:], strict=False)
  ]
  unit = MlpPolicy(layers, A, log_std_range, exploration_noise, encoding)
  return policy_file.make(unit, LOW, HIGH, {'task': 'toy'})


# Both actors, observations as they are and encoded.
KINDS = {
  'gaussian': {},
  'deterministic': {'width': A, 'seed': 1},
  'standardized': {'num_waves': 0},
  'with_waves': {'width': A, 'seed': 1, 'num_waves': 3},
}


@pytest.fixture
def observations():
  return np.random.default_rng(9).normal(size=(20, OBS)).astype(np.float32)


def test_loads_without_tfirl_and_acts_alike(tmp_path, observations):
  policies = {name: make_policy(**kind) for name, kind in KINDS.items()}
  for name, policy in policies.items():
    export.save_policy(policy, tmp_path / name)
  np.save(tmp_path / 'observations.npy', observations)
  subprocess.run(
    [sys.executable, '-I', '-c', READER, *policies], cwd=tmp_path, check=True
  )
  for name, policy in policies.items():
    found = np.load(tmp_path / f'{name}.npy')
    assert found.dtype == np.float32 and (found.std(0) > 0.05).all()
    assert ((found >= LOW) & (found <= HIGH)).all()
    np.testing.assert_allclose(
      found, policy(observations), rtol=1e-6, atol=1e-6
    )


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
  assert ((sampled >= LOW) & (sampled <= HIGH)).all()


def test_sample_explores_as_the_policy_does(tmp_path, observations):
  policy = make_policy(A, exploration_noise=0.3)
  export.save_policy(policy, tmp_path / 'policy')
  loaded = tf.saved_model.load(str(tmp_path / 'policy'))
  repeated = np.repeat(observations[:1], 4000, 0)
  tf.random.set_seed(0)
  sampled = loaded.sample(repeated).numpy()
  assert ((sampled >= LOW) & (sampled <= HIGH)).all()
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
    loaded.action(observations), policy(observations), rtol=1e-6, atol=1e-6
  )


def test_what_is_no_model_is_not_replaced(tmp_path):
  (tmp_path / 'mine').mkdir()
  (tmp_path / 'mine' / 'thesis.txt').touch()
  with pytest.raises(FileExistsError, match='mine is there and is no SavedMod'):
    export.save_policy(make_policy(), tmp_path / 'mine')
  assert [path.name for path in tmp_path.rglob('*')] == ['mine', 'thesis.txt']


def test_it_says_what_it_is(tmp_path):
  export.save_policy(make_policy(), tmp_path / 'policy')
  loaded = tf.saved_model.load(str(tmp_path / 'policy'))
  metadata = json.loads(loaded.metadata.numpy())
  assert metadata == json.loads((tmp_path / 'policy/metadata.json').read_text())
  assert metadata['task'] == 'toy'
  assert metadata['observation'] == {'shape': [OBS]}
  assert metadata['action']['low'] == pytest.approx([-0.4, 0.0])
  np.testing.assert_array_equal(loaded.action_low, LOW)
  np.testing.assert_array_equal(loaded.action_high, HIGH)
  serve = loaded.signatures['serving_default']
  (spec,) = serve.structured_input_signature[1].values()
  assert (spec.name, spec.shape, spec.dtype) == (
    'observation',
    tf.TensorShape([None, OBS]),
    tf.float32,
  )
  assert serve.structured_outputs['action'].shape == tf.TensorShape([None, A])


@pytest.mark.parametrize('kind', KINDS)
def test_tflite_acts_alike(tmp_path, observations, kind):
  policy = make_policy(**KINDS[kind])
  export.save_tflite(policy, tmp_path / 'policy.tflite')
  interpreter = tf.lite.Interpreter(str(tmp_path / 'policy.tflite'))
  serve = interpreter.get_signature_runner('serving_default')
  for batch in (observations, observations[:1]):
    found = serve(observation=batch)['action']
    np.testing.assert_allclose(found, policy(batch), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('kind', KINDS)
def test_onnx_acts_alike(tmp_path, observations, kind):
  pytest.importorskip('tf2onnx', reason="needs the extra 'onnx'")
  import onnx
  from onnx import reference

  policy = make_policy(**KINDS[kind])
  export.save_onnx(policy, tmp_path / 'policy.onnx')
  model = onnx.load(tmp_path / 'policy.onnx')
  assert json.loads(model.metadata_props[0].value)['task'] == 'toy'
  session = reference.ReferenceEvaluator(model)
  (found,) = session.run(['action'], {'observation': observations})
  np.testing.assert_allclose(found, policy(observations), rtol=1e-5, atol=1e-5)


def test_onnx_without_its_extra_says_what_to_install(tmp_path, monkeypatch):
  monkeypatch.setitem(sys.modules, 'tf2onnx', None)
  with pytest.raises(ValueError, match=r"pip install 'tfirl\[onnx\]'"):
    export.save_onnx(make_policy(), tmp_path / 'policy.onnx')
  assert list(tmp_path.iterdir()) == []
