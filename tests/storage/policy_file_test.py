"""policy.npz: read back whole, and where TensorFlow can't be imported."""

import re
import subprocess
import sys

import numpy as np
import pytest

from tfirl.acting import Encoding, MlpPolicy
from tfirl.storage import npz_file, policy_file

OBS, A = 3, 2
_NAN = float('nan')
LOW, HIGH = np.float32([-0.4, 0.0]), np.float32([0.4, 10.0])

# An import of any of these fails, installed or not.
WITHOUT = """
import sys
for name in ('tfirl', 'tensorflow', 'tf_agents', 'gymnasium'):
  sys.modules[name] = None
"""


def make_policy(width=A, num_waves=None, exploration_noise=0.0):
  rng = np.random.default_rng(1)
  encoding = None
  if num_waves is not None:
    shapes = [OBS], [OBS], [OBS, num_waves], [num_waves]
    parts = (rng.normal(size=s).astype('f') for s in shapes)
    encoding = Encoding(*parts, clip=1.5)
  sizes = [OBS + 2 * (num_waves or 0), 5, width]
  layers = [
    (rng.normal(size=(i, o)).astype('f'), rng.normal(size=o).astype('f'))
    for i, o in zip(sizes, sizes[1:], strict=False)
  ]
  unit = MlpPolicy(layers, A, (-5.0, 1.0), exploration_noise, encoding)
  return policy_file.make(unit, LOW, HIGH, {'task': 'toy'})


KINDS = {
  'deterministic': {'exploration_noise': 0.3},
  'gaussian': {'width': 2 * A},
  'standardized': {'num_waves': 0},
  'with_waves': {'width': 2 * A, 'num_waves': 4},
}


@pytest.fixture
def observations():
  return np.random.default_rng(9).normal(size=(20, OBS)).astype(np.float32)


def test_by_hand():
  """tanh(2 x) of one joint, from 0 to 10; the other one is still."""
  kernel = np.float32([[0.0, 2.0], [0.0, 0.0], [0.0, 0.0]])
  unit = MlpPolicy([(kernel, np.zeros(A, np.float32))], A)
  policy = policy_file.make(unit, LOW, HIGH, {})
  found = policy(np.float32([0.25, 7.0, -7.0]))
  np.testing.assert_allclose(found, [0.0, 5 + 5 * np.tanh(0.5)], rtol=1e-6)
  np.testing.assert_array_equal(policy(np.float32([99, 0, 0])), [0.0, 10.0])


def test_bounds_in_double_are_kept():
  """0.1 is more in float32, and what checks its actions refuses that."""
  low, high = np.array([-0.1, -0.3]), np.array([0.7, 0.1])
  unit = MlpPolicy([(np.zeros((OBS, A), 'f'), np.float32([-30, 30]))], A)
  policy = policy_file.make(unit, low, high, {})
  found = policy(np.zeros(OBS))
  assert found.dtype == policy.low.dtype == policy.high.dtype == np.float32
  assert ((found >= low) & (found <= high)).all()
  np.testing.assert_allclose(found, [-0.1, 0.1], rtol=1e-6)
  same = policy_file.make(unit, LOW, HIGH, {})
  np.testing.assert_array_equal([same.low, same.high], [LOW, HIGH])


@pytest.mark.parametrize('kind', KINDS)
def test_what_is_read_acts_and_samples_as_what_was_written(
  tmp_path, observations, kind
):
  policy = make_policy(**KINDS[kind])
  policy_file.save(policy, tmp_path / 'policy.npz')
  found = policy_file.load(tmp_path / 'policy.npz')
  np.testing.assert_array_equal(found(observations), policy(observations))
  drawn, expected = (
    p(observations, np.random.default_rng(0)) for p in (found, policy)
  )
  np.testing.assert_array_equal(drawn, expected)
  spread = np.abs(drawn - found(observations)).max()
  assert spread == 0.0 if kind == 'standardized' else spread > 0.5
  assert ((drawn >= LOW) & (drawn <= HIGH)).all()
  assert found.metadata == policy.metadata
  assert found.metadata['action']['high'] == pytest.approx([0.4, 10.0])
  is_encoded = 'num_waves' in KINDS[kind]
  assert (found.unit_policy.encoding is not None) == is_encoded


def _reader(root):
  """The block of the guide that robots are given."""
  page = (root / 'docs/guides/leaving.md').read_text()
  return page.split('```python\n# npz_policy.py\n')[1].split('```')[0]


def test_the_guides_reader_needs_numpy_alone(tmp_path, observations, root):
  reader = _reader(root)
  lines = [line for line in reader.splitlines() if line.strip()]
  assert len(lines) <= 20
  np.save(tmp_path / 'observations.npy', observations)
  code = f'{WITHOUT}\n{reader}\n'
  for kind, settings in KINDS.items():
    policy_file.save(make_policy(**settings), tmp_path / f'{kind}.npz')
    code += f'act = NpzPolicy({f"{kind}.npz"!r})\n'
    code += 'seen = np.load("observations.npy")\n'
    code += f'np.save({kind!r}, act(seen))\n'
    code += 'np.testing.assert_allclose(act(seen[0]), act(seen)[0], 1e-5)\n'
  subprocess.run([sys.executable, '-I', '-c', code], cwd=tmp_path, check=True)
  for kind, settings in KINDS.items():
    np.testing.assert_allclose(
      np.load(tmp_path / f'{kind}.npy'),
      make_policy(**settings)(observations),
      rtol=1e-6,
      atol=1e-6,
    )


@pytest.mark.parametrize(
  ('key', 'value', 'message'),
  [
    ('num_layers', None, 'num_layers: found nothing; expected shape ()'),
    ('action_high', np.zeros(3), 'action_high: found (3,); expected shape (2,'),
    ('kernel_1', np.zeros((5, 3)), 'kernel_1: found (5, 3); expected shape (5'),
    ('scale', np.zeros(2), 'scale: found (2,); expected shape (3,)'),
    ('num_layers', np.array(10**9), 'num_layers: found 1000000000, and 2 ker'),
    ('num_layers', np.array(0), 'num_layers: found 0, and 2 kernels; expected'),
    ('num_layers', np.array(2.0), 'num_layers: found 2.0, and 2 kernels; exp'),
    (
      'kernel_0',
      np.full((3, 5), '1.5'),
      'kernel_0: found numbers of type <U3; expected finite real numbers, of',
    ),
    (
      'kernel_0',
      np.ones((3, 5), 'F'),
      'kernel_0: found numbers of type comple',
    ),
    (
      'kernel_1',
      np.full((5, 2), _NAN),
      'kernel_1: found numbers that are not finite, nan; expected finite',
    ),
    ('action_low', np.array([_NAN, 0]), 'action_low: found numbers that are'),
    (
      'action_low',
      np.array([0.5, 0.0]),
      'action_low: found [0.5, 0.0]; expected at most action_high, [0.4',
    ),
    ('clip', np.array(_NAN), 'clip: found nan; expected a number above 0'),
    ('exploration_noise', np.array(-1.0), 'exploration_noise: found -1.0; exp'),
    ('log_std_range', np.array([1.0, -5.0]), 'log_std_range: found 1.0 to -5'),
    ('metadata', np.array('[]'), "metadata: found '[]'; expected a JSON obj"),
    ('metadata', np.array('['), "metadata: found '['; expected a JSON object"),
    # Its width says what the kernel's is to be.
    ('bias_0', None, 'kernel_0: found (3, 5); expected shape (3, 1)'),
  ],
)
def test_what_does_not_fit_is_named(tmp_path, key, value, message):
  path = tmp_path / 'policy.npz'
  width = 2 * A if key == 'log_std_range' else A
  policy_file.save(make_policy(width), path)
  arrays = npz_file.read(path, 'a policy')
  arrays.pop(key)
  if value is not None:
    arrays[key] = value
  npz_file.write(path, arrays)
  with pytest.raises(ValueError, match=re.escape(f'{path}: {message}')):
    policy_file.load(path)


def test_no_archive(tmp_path):
  with pytest.raises(FileNotFoundError, match='none.npz: no such file; expect'):
    policy_file.load(tmp_path / 'none.npz')
  path = tmp_path / 'cut.npz'
  path.write_bytes(b'PK\x03\x04 cut')
  with pytest.raises(ValueError, match='cut.npz: found a file that is trunc'):
    policy_file.load(path)


@pytest.mark.parametrize('kind', KINDS)
def test_bytes_act_alike_elsewhere(kind, observations):
  unit = make_policy(**KINDS[kind]).unit_policy
  found = policy_file.from_bytes(policy_file.to_bytes(unit))
  for seed in (None, 3):
    actions, expected = (
      policy(observations, seed and np.random.default_rng(seed))
      for policy in (found, unit)
    )
    np.testing.assert_array_equal(actions, expected)


def test_other_bytes_are_refused():
  with pytest.raises(ValueError, match='that was sent: found a file'):
    policy_file.from_bytes(b'no archive')
  other = npz_file.to_bytes({'a': np.zeros(3)})
  with pytest.raises(ValueError, match='the policy that was sent: num_layers'):
    policy_file.from_bytes(other)
