"""Imagined rollouts against the same rollouts in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.dynamics import model_env


class _Plant(tf.Module):
  """A model without noise: x' = x + a, and y counts the steps."""

  observation_size, action_size = 2, 1
  predicts_reward = False

  def sample_next(self, observation, action):
    return tf.stack(
      [observation[:, 0] + action[:, 0], observation[:, 1] + 1.0], -1
    )


def _policy(observation):
  """.1 up, or .5 where x > 1."""
  return tf.where(observation[:, :1] > 1.0, 0.5, 0.1)


def _is_healthy(observation):
  return observation[:, 0] < 2.0


def _by_hand(starts, length):
  """All rows, each as a tuple."""
  rows = []
  for x, y in starts.astype(np.float64):
    for _ in range(length):
      action = 0.5 if x > 1.0 else 0.1
      successor = x + action
      alive = successor < 2.0
      rows.append((x, y, action, float(alive), successor, y + 1.0))
      if not alive:
        break
      x, y = successor, y + 1.0
  return np.array(sorted(rows))


def _flat(rows):
  columns = [rows.observation, rows.action, rows.discount[:, None]]
  columns.append(rows.next_observation)
  return np.concatenate(columns, -1)


@pytest.mark.parametrize('chunk_rows', [3, 7, 1000])
def test_equals_rollouts_in_numpy(chunk_rows):
  starts = np.stack([np.linspace(0.03, 1.9, 20), 100.0 * np.arange(20)], -1)
  env = model_env.ModelEnv(
    _Plant(), is_healthy=_is_healthy, chunk_rows=chunk_rows
  )
  rollout = env.rollout(_policy, starts.astype(np.float32), 4)
  found = _flat(rollout.rows)
  expected = _by_hand(starts, 4)
  order = np.lexsort(found[:, ::-1].T)
  np.testing.assert_allclose(found[order], expected, atol=1e-4)
  assert rollout.num_terminal == np.count_nonzero(expected[:, 3] == 0.0) > 0
  assert rollout.num_dropped == 0
  assert len(expected) < 20 * 4  # dead rows went no further


@pytest.mark.parametrize('chunk_rows', [2, 1000])
def test_first_actions_where_they_are_given(chunk_rows):
  starts = np.array([[0, 10], [0, 20], [0, 30]], np.float32)
  first = np.array([[0.7], [np.nan], [2.5]], np.float32)
  env = model_env.ModelEnv(
    _Plant(), is_healthy=_is_healthy, chunk_rows=chunk_rows
  )
  rows = env.rollout(_policy, starts, 2, first).rows
  order = np.argsort(rows.observation[:, 1])
  # The third is over after its first action.
  np.testing.assert_allclose(rows.action[order, 0], [0.7, 0.1, 0.1, 0.1, 2.5])
  np.testing.assert_allclose(rows.discount[order], [1, 1, 1, 1, 0])


def test_paths_in_order():
  starts = np.array([[0.95, 10], [0.0, 20], [1.0, 30]], np.float32)
  first = np.array([[np.nan], [1.5], [0.3]], np.float32)
  env = model_env.ModelEnv(_Plant(), is_healthy=_is_healthy)
  paths = env.paths(_policy, starts, 4, first)
  nan = np.nan
  expected = [
    [0.95, 1.05, 1.55, 2.05, nan],  # ends beyond 2
    [0.0, 1.5, 2.0, nan, nan],
    [1.0, 1.3, 1.8, 2.3, nan],
  ]
  np.testing.assert_allclose(paths[..., 0], expected, atol=1e-5)
  np.testing.assert_array_equal(paths[1, :, 1], [20, 21, 22, nan, nan])


def test_rows_come_in_random_order():
  starts = np.stack([np.zeros(200), np.arange(200.0)], -1).astype('f4')
  env = model_env.ModelEnv(_Plant(), is_healthy=_is_healthy)
  rows = env.rollout(_policy, starts, 2).rows
  order = rows.observation[:, 1]
  assert abs(np.corrcoef(order, np.arange(len(order)))[0, 1]) < 0.2


def test_chunks_bound_what_is_computed_at_a_time():
  sizes = []

  def spy(observation):
    tf.numpy_function(
      lambda n: sizes.append(int(n)) or n, [tf.shape(observation)[0]], tf.int32
    )
    return _policy(observation)

  env = model_env.ModelEnv(_Plant(), is_healthy=_is_healthy, chunk_rows=8)
  env.rollout(spy, np.zeros((20, 2), np.float32), 1)
  assert sizes == [8, 8, 4]


def test_what_is_not_finite_is_dropped_and_counted():
  class Broken(_Plant):
    def sample_next(self, observation, action):
      successor = super().sample_next(observation, action)
      return tf.where(observation[:, 1:] == 5.0, np.nan, successor)

  starts = np.stack([np.zeros(10), np.arange(10.0)], -1).astype('f4')
  env = model_env.ModelEnv(Broken(), is_healthy=_is_healthy)
  rollout = env.rollout(_policy, starts, 1)
  assert rollout.num_dropped == 1
  assert sorted(rollout.rows.observation[:, 1]) == [0, 1, 2, 3, 4, 6, 7, 8, 9]
  assert np.isfinite(_flat(rollout.rows)).all()


def test_a_path_breaks_where_it_is_not_finite():
  class Broken(_Plant):
    def sample_next(self, observation, action):
      successor = super().sample_next(observation, action)
      return tf.where(observation[:, 1:] == 5.0, np.inf, successor)

  env = model_env.ModelEnv(Broken(), is_healthy=_is_healthy)
  free = np.full((2, 1), np.nan, np.float32)
  starts = np.array([[0, 4], [0, 7]], np.float32)
  paths = env.paths(_policy, starts, 3, free)
  np.testing.assert_array_equal(paths[0, :, 1], [4, 5, np.nan, np.nan])
  np.testing.assert_array_equal(paths[1, :, 1], [7, 8, 9, 10])


def test_all_dead_after_the_first_step():
  """The policy is not asked for no actions: some distributions fail."""

  def policy(observation):
    with tf.control_dependencies(
      [tf.debugging.assert_greater(tf.shape(observation)[0], 0)]
    ):
      return _policy(observation)

  starts = np.full((5, 2), 1.9, np.float32)
  env = model_env.ModelEnv(_Plant(), is_healthy=_is_healthy)
  rollout = env.rollout(policy, starts, 10)
  assert len(rollout.rows.discount) == rollout.num_terminal == 5


@pytest.mark.parametrize(('number', 'length'), [(0, 3), (3, 0)])
def test_nothing_to_roll_out(number, length):
  env = model_env.ModelEnv(_Plant(), is_healthy=_is_healthy)
  with pytest.raises(ValueError, match=f'{number} start states and length'):
    env.rollout(_policy, np.zeros((number, 2), np.float32), length)


def test_no_rows_at_a_time():
  with pytest.raises(ValueError, match='chunk_rows is 0'):
    model_env.ModelEnv(_Plant(), is_healthy=_is_healthy, chunk_rows=0)


class _Payer(_Plant):
  """Pays x for a step, and nothing that is a number where y is 5."""

  predicts_reward = True

  def sample(self, observation, action):
    reward = tf.where(observation[:, 1:] == 5.0, np.inf, observation[:, :1])
    return tf.concat([self.sample_next(observation, action), reward], -1)


def test_predicted_rewards_go_with_their_rows():
  starts = np.stack([np.linspace(0.0, 1.9, 12), np.arange(12.0)], -1)
  env = model_env.ModelEnv(_Payer(), is_healthy=_is_healthy, chunk_rows=5)
  rollout = env.rollout(_policy, starts.astype(np.float32), 3)
  rows = rollout.rows
  np.testing.assert_array_equal(rows.reward, rows.observation[:, 0])
  assert len(rows.reward) > 20 and len(np.unique(rows.reward)) > 12
  # Of y = 5 once at the start, and where rollouts come by.
  assert rollout.num_dropped >= 1
  assert not (rows.observation[:, 1] == 5.0).any()
  np.testing.assert_allclose(
    rows.next_observation[:, 1], rows.observation[:, 1] + 1
  )
