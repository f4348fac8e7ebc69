"""MlpPolicy against numbers worked by hand."""

import numpy as np
import pytest

from tfirl.acting import Encoding, MlpPolicy

# hidden = relu([x + y, x - y]); mean = h0 - h1 + 0.5, log_std = h1 - 1.
HIDDEN = (np.float32([[1, 1], [1, -1]]), np.float32([0, 0]))
HEAD = (np.float32([[1, 0], [-1, 1]]), np.float32([0.5, -1]))

# Of x, sees 2 (x - 1), sin(pi x / 2), cos(pi x / 2).
ENCODING = Encoding(
  shift=np.float32([1]),
  scale=np.float32([2]),
  angles=np.float32([[np.pi / 2]]),
  phases=np.float32([0]),
)


class FixedRng:
  """Stands for a generator whose every normal draw is `noise`."""

  def __init__(self, noise):
    self.noise = noise

  def standard_normal(self, shape, dtype):
    return np.full(shape, self.noise, dtype)


def test_mean_action_by_hand():
  policy = MlpPolicy([HIDDEN, HEAD], num_actions=1)
  # (2, 1): h = (3, 1), mean 2.5. (-2, 1): h = (0, 0), both clipped, mean 0.5.
  np.testing.assert_allclose(policy([2, 1]), np.tanh([2.5]), rtol=1e-6)
  np.testing.assert_allclose(policy([-2, 1]), np.tanh([0.5]), rtol=1e-6)
  batch = policy(np.array([[2, 1], [-2, 1]]))
  assert batch.dtype == np.float32
  np.testing.assert_allclose(batch, np.tanh([[2.5], [0.5]]), rtol=1e-6)


def test_sampled_action_by_hand():
  policy = MlpPolicy([HIDDEN, HEAD], num_actions=1)
  # (-2, 1): mean 0.5, log_std -1.
  expected = np.tanh([0.5 - 2 * np.exp(-1)])
  found = policy([-2, 1], FixedRng(-2.0))
  np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
  ('log_std_range', 'observation', 'expected_log_std'),
  [((-0.5, 2), (-2, 1), -0.5), ((-20, 1.5), (4, -1), 1.5)],
)
def test_log_std_is_clipped(log_std_range, observation, expected_log_std):
  # Unclipped: -1 at (-2, 1), where h = (0, 0); 4 at (4, -1), where h = (3, 5).
  mean = {(-2, 1): 0.5, (4, -1): -1.5}[observation]
  policy = MlpPolicy([HIDDEN, HEAD], 1, log_std_range)
  found = policy(observation, FixedRng(0.1))
  expected = np.tanh([mean + 0.1 * np.exp(expected_log_std)])
  np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_samples_follow_the_generator():
  policy = MlpPolicy([HIDDEN, HEAD], 1)
  first, again, other = (
    policy([2, 1], np.random.default_rng(seed)) for seed in (1, 1, 2)
  )
  assert first == again
  assert first != other


def test_deterministic_is_the_mean_with_or_without_a_generator():
  policy = MlpPolicy([HIDDEN, HEAD], 1)
  mean_only = policy.deterministic()
  assert mean_only.layers[-1][0].shape == (2, 1)
  observations = np.random.default_rng(0).normal(size=(9, 2))
  rng = np.random.default_rng(0)
  np.testing.assert_array_equal(mean_only(observations), policy(observations))
  np.testing.assert_array_equal(
    mean_only(observations, rng), policy(observations)
  )


def test_exploration_noise_is_added_to_the_action_and_clipped():
  head = (HEAD[0][:, :1], HEAD[1][:1])
  policy = MlpPolicy([HIDDEN, head], 1, exploration_noise=0.2)
  # (-2, 1): mean 0.5, its action tanh(0.5) = 0.46.
  expected = np.tanh([0.5]) + 0.2 * 1.5
  found = policy([-2, 1], FixedRng(1.5))
  np.testing.assert_allclose(found, expected, rtol=1e-6)
  assert found.dtype == np.float32
  np.testing.assert_array_equal(policy([-2, 1], FixedRng(9.0)), [1.0])
  np.testing.assert_allclose(policy([-2, 1]), np.tanh([0.5]), rtol=1e-6)
  quiet = policy.deterministic()
  np.testing.assert_array_equal(quiet([-2, 1], FixedRng(9.0)), quiet([-2, 1]))


def test_encoded_observations_by_hand_and_of_the_mean_only():
  kernel = np.float32([[0.25, 0], [0.5, 1], [3, 0]])
  policy = MlpPolicy([(kernel, np.float32([0, 0]))], 1, encoding=ENCODING)
  # 3: sees (4, -1, 0), mean 0.5, log_std -1. 2: sees (2, 0, -1), mean -2.5.
  expected = np.tanh([[0.5], [-2.5]])
  for each in (policy, policy.deterministic()):
    np.testing.assert_allclose(each([[3], [2]]), expected, rtol=1e-5)
    np.testing.assert_allclose(each([3]), expected[0], rtol=1e-5)
    assert each([3]).dtype == np.float32
    assert each.observation_size == 1
  sampled = policy([3], FixedRng(2.0))
  np.testing.assert_allclose(
    sampled, np.tanh([0.5 + 2 * np.exp(-1)]), rtol=1e-5
  )
  assert MlpPolicy([HIDDEN, HEAD], 1).observation_size == 2


@pytest.mark.parametrize(
  ('observation', 'shape'),
  [([1, 2, 3], r'\(3,\)'), ([1], r'\(1,\)'), (4.0, r'\(\)'), ([[]], r'\(1, 0')],
)
def test_an_observation_of_another_size_is_named(observation, shape):
  words = f'observation has shape {shape}.*; expected 2 numbers'
  with pytest.raises(ValueError, match=words):
    MlpPolicy([HIDDEN, HEAD], 1)(observation)


def test_an_encoding_takes_observations_of_its_own_size_alone():
  kernel = np.zeros([3, 2], np.float32)
  policy = MlpPolicy([(kernel, np.float32([0, 0]))], 1, encoding=ENCODING)
  with pytest.raises(ValueError, match=r'shape \(3,\); expected 1 numbers'):
    policy([1, 2, 3])


def test_head_of_another_width_is_refused():
  with pytest.raises(ValueError, match='puts out 2 numbers; expected 3.*or 6'):
    MlpPolicy([HIDDEN, HEAD], num_actions=3)
