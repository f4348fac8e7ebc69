"""Error growth against hand-worked numbers."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl import types
from tfirl.dynamics import open_loop


class _Drift(tf.Module):
  """Predicts s + a + .5 in the first dimension, nan where a is 9."""

  observation_size, action_size = 2, 1
  predicts_reward = False

  def sample_next(self, observation, action):
    moved = observation[:, 0] + action[:, 0] + 0.5
    moved = tf.where(action[:, 0] == 9.0, np.nan, moved)
    return tf.stack([moved, observation[:, 1]], -1)


def _episode(length, start=0.0, action=1.0):
  """s goes up by the action; the other dimension alternates -1, 1."""
  x = start + action * np.arange(length + 1)
  y = np.where(np.arange(length + 1) % 2, 1.0, -1.0)
  states = np.stack([x, y], -1).astype(np.float32)
  return types.Transition(
    states[:-1],
    np.full((length, 1), action, np.float32),
    np.ones(length, np.float32),
    states[1:],
  )


def _join(*episodes):
  return types.Transition(
    *(np.concatenate(f) for f in zip(*episodes, strict=True))
  )


def test_steps_left_of_each_episode():
  rows = _join(_episode(3), _episode(2, start=50.0))
  assert open_loop._steps_left(rows).tolist() == [3, 2, 1, 2, 1]


def test_errors_by_hand():
  """After k steps x is off by k / 2, and y by 2 for odd k."""
  rows = _episode(40)
  std_x = rows.observation[:, 0].std()
  found = open_loop.OpenLoop(_Drift()).errors(
    rows, np.random.default_rng(0), (1, 2, 5), num_starts=30
  )
  expected = [
    np.sqrt(((k / 2 / std_x) ** 2 + (2.0 if k % 2 else 0.0) ** 2) / 2)
    for k in (1, 2, 5)
  ]
  for name in ('q10', 'median', 'q90'):
    np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-4)
  still = [
    np.sqrt(((k / std_x) ** 2 + (2.0 if k % 2 else 0.0) ** 2) / 2)
    for k in (1, 2, 5)
  ]
  np.testing.assert_allclose(found.still, still, rtol=1e-4)


def test_no_start_crosses_an_episodes_end():
  """The jump to 1,000 would be an error of hundreds."""
  rows = _join(_episode(6), _episode(6, start=1000.0))
  found = open_loop.OpenLoop(_Drift()).errors(
    rows, np.random.default_rng(0), (5,)
  )
  std_x = rows.observation[:, 0].std()
  expected = np.sqrt(((2.5 / std_x) ** 2 + 4.0) / 2)
  np.testing.assert_allclose(found.q90, expected, rtol=1e-3)


def test_horizons_beyond_every_episode_have_no_column():
  found = open_loop.OpenLoop(_Drift()).errors(
    _episode(3), np.random.default_rng(0), (2, 10)
  )
  assert sorted(found.columns()) == [
    f'open_loop_2_{name}' for name in ('median', 'q10', 'q90', 'still')
  ]


def test_what_is_not_finite_is_an_infinite_error():
  found = open_loop.OpenLoop(_Drift()).errors(
    _episode(5, action=9.0), np.random.default_rng(0), (1,)
  )
  assert np.isinf(found.median).all()
  assert list(found.columns()) == ['open_loop_1_still']


def test_compares_trajectories(tmp_path):
  loop = open_loop.OpenLoop(_Drift())
  rows = _join(_episode(4), _episode(9, start=100.0))
  found = loop.compare(
    rows, np.random.default_rng(0), num_episodes=3, length=8, num_samples=2
  )
  assert found.real.shape == (3, 9, 2)
  assert found.imagined.shape == (3, 2, 9, 2)
  steps = np.arange(9)
  for real, samples in zip(found.real, found.imagined, strict=True):
    np.testing.assert_allclose(real[:, 0], real[0, 0] + steps)
    for sample in samples:
      np.testing.assert_allclose(sample[:, 0], real[0, 0] + 1.5 * steps)
  assert loop.compare(rows, np.random.default_rng(0), length=10) is None
  found.save(str(tmp_path / 'x.npz'))
  with np.load(tmp_path / 'x.npz', allow_pickle=False) as saved:
    np.testing.assert_array_equal(saved['real'], found.real)
    np.testing.assert_array_equal(saved['imagined'], found.imagined)


def test_one_trace_whatever_the_horizon():
  loop = open_loop.OpenLoop(_Drift())
  for number, horizons in ((30, (1, 2, 5)), (50, (3,))):
    loop.errors(_episode(number), np.random.default_rng(0), horizons, number)
  assert loop._imagine.experimental_get_tracing_count() == 1


@pytest.fixture(autouse=True)
def no_warnings():
  """A quantile of infinite errors is what it is."""
  with np.errstate(all='raise', under='ignore'):
    yield
