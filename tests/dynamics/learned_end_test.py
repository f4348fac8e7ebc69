"""Ends are found where real episodes ended, and nowhere else."""

import gymnasium
import numpy as np
import pytest
import tensorflow as tf

from tfirl import types
from tfirl.dynamics import holdout, learned_end, model_env, termination

_O, _A = 11, 3


def _rows(next_observation, is_end, seed=0):
  """Rows that end where it is told."""
  rng = np.random.default_rng([seed, 1])
  number = len(next_observation)
  return types.Transition(
    next_observation + rng.normal(0, 0.05, (number, _O)).astype(np.float32),
    rng.uniform(-1, 1, (number, _A)).astype(np.float32),
    1.0 - np.asarray(is_end, np.float32),
    next_observation,
  )


def _states(number, seed=0, ends=0.01):
  """Hopper's [N, O]; the first `ends` of them just fell, one way of three."""
  rng = np.random.default_rng([seed, 0])
  states = rng.normal(0.0, 1.0, (number, _O)).astype(np.float32)
  states[:, 0] = np.clip(rng.normal(1.2, 0.15, number), 0.705, None)
  states[:, 1] = np.clip(rng.normal(0.0, 0.06, number), -0.195, 0.195)
  beyond = np.abs(rng.normal(0.0, 0.03, number))
  for way in range(3):
    fell = np.arange(way, round(ends * number), 3)
    if way:
      states[fell, 1] = (0.2 + beyond[fell]) * (1 if way == 1 else -1)
    else:
      states[fell, 0] = 0.7 - beyond[fell]
  return states


def _is_end(states):
  """The region that is to be found."""
  return (states[:, 0] < 0.7) | (np.abs(states[:, 1]) > 0.2)


def _fallen(number, seed=0, **kwargs):
  states = _states(number, seed, **kwargs)
  return _rows(states, _is_end(states), seed)


def _take(rows, which):
  return types.Transition(*(field[which] for field in rows))


def _is_held_out(rows, share=0.2):
  return holdout.keys_of(rows) < share * holdout.NUM_KEYS


def _make(seed=0, **kwargs):
  return learned_end.LearnedEnd(_O, seed, **kwargs)


def _weights(end):
  return [v.numpy() for v in end.variables]


def _alike(one, two):
  return all((a == b).all() for a, b in zip(one, two, strict=True))


def test_finds_a_region_that_one_row_of_a_hundred_is_in():
  end, rows = _make(), _fallen(40_000)
  for _ in range(2):  # a run's fits go on from one another
    record = end.fit(rows)
  assert record.recall >= 0.9
  assert record.false_alarms <= 0.01
  assert 280 < record.num_terminals < 360
  fresh = _states(10_000, seed=5)
  is_end = ~end.is_healthy(fresh).numpy()
  assert np.mean(is_end[_is_end(fresh)]) >= 0.9
  assert np.mean(is_end[~_is_end(fresh)]) <= 0.01


@pytest.fixture(scope='module')
def hopper_rows():
  """What uniform actions do in Hopper."""
  env = gymnasium.make('Hopper-v5')
  env.action_space.seed(0)
  rows, (observation, _) = [], env.reset(seed=0)
  for _ in range(10_000):
    action = env.action_space.sample()
    successor, _, terminated, truncated, _ = env.step(action)
    rows.append((observation, action, 1.0 - terminated, successor))
    observation = successor
    if terminated or truncated:
      observation, _ = env.reset()
  env.close()
  return types.Transition(
    *(np.asarray(field, np.float32) for field in zip(*rows, strict=True))
  )


def test_agrees_with_hoppers_own_end(hopper_rows):
  end = _make()
  end.fit(hopper_rows)
  held_out = _take(hopper_rows, _is_held_out(hopper_rows)).next_observation
  found = end.is_healthy(held_out).numpy()
  told = termination.hopper(held_out).numpy()
  assert np.mean(found == told) >= 0.97
  assert np.mean(~found[~told]) >= 0.9
  assert np.mean(found[told]) >= 0.99
  assert np.mean(told) < 0.97  # to say that nobody ends would not do


@pytest.mark.parametrize('share', [0.0, 0.2])
def test_nobody_ends_before_a_terminal_was_seen(share):
  """Not even beyond the region; and no number keeps a run from going on."""
  end = _make(holdout_share=share)
  fallen = _states(300, ends=1.0)
  rows = _rows(_states(500, ends=0.0), np.zeros(500))
  before = _weights(end)
  assert all(np.isfinite(v).all() for v in before)
  assert end.is_healthy(fallen).numpy().all()
  record = end.fit(rows)
  assert np.isnan(record.recall) and record.num_terminals == 0
  columns = {'learned_end_terminals': 0.0, 'learned_end_false_alarms': 0.0}
  if not share:
    columns.pop('learned_end_false_alarms')
  assert record.columns() == columns
  assert end.is_healthy(fallen).numpy().all()
  assert _alike(before, _weights(end))


def test_everybody_ends_while_nobody_was_seen_to_go_on():
  """As where each episode is one step; who goes on takes that back."""
  end, fallen = _make(), _fallen(400, ends=1.0)
  record = end.fit(fallen)
  assert record.recall == 1.0 and record.num_terminals > 300
  assert not end.is_healthy(_states(300, seed=1, ends=0.0)).numpy().any()
  assert all(np.isfinite(v).all() for v in _weights(end))
  end.fit(_fallen(4000))
  assert np.mean(end.is_healthy(_states(300, seed=1, ends=0.0))) > 0.9


def test_a_time_out_is_no_end():
  """Episodes end where they fall, and are cut off at another place."""
  fallen, cut = _states(200, ends=1.0), _states(200, seed=1, ends=0.0)
  cut[:, 5] += 8.0
  others = _states(4000, seed=2, ends=0.0)
  states = np.concatenate([fallen, cut, others])
  end = _make()
  end.fit(_rows(states, np.arange(len(states)) < 200))
  assert np.mean(end.is_healthy(cut)) >= 0.99
  assert np.mean(end.is_healthy(fallen)) < 0.1


def test_held_out_rows_are_reported_and_never_fitted():
  """Moved elsewhere, they change the record and no weight."""
  rows = _fallen(2000, ends=0.1)
  is_out = _is_held_out(rows)
  one, two = _make(), _make()
  record = one.fit(rows)
  is_end = ~one.is_healthy(rows.next_observation).numpy()
  was_end = rows.discount == 0.0
  assert record.recall == np.mean(is_end[is_out & was_end])
  assert record.false_alarms == np.mean(is_end[is_out & ~was_end])
  assert record.num_terminals == np.sum(~is_out & was_end)
  assert record.columns() == {
    'learned_end_recall': record.recall,
    'learned_end_false_alarms': record.false_alarms,
    'learned_end_terminals': record.num_terminals,
  }
  moved = np.where(is_out[:, None], 50.0, rows.next_observation)
  moved = two.fit(rows._replace(next_observation=moved.astype(np.float32)))
  assert _alike(_weights(one), _weights(two))
  assert moved != record


def test_a_seed_gives_the_same_fit():
  rows = _fallen(1000, ends=0.1)
  first, second, other = _make(3), _make(3), _make(4)
  for end in (first, second, other):
    end.fit(rows)
  assert _alike(_weights(first), _weights(second))
  assert not _alike(_weights(first), _weights(other))


def test_goes_on_exactly_from_a_checkpoint(tmp_path):
  rows, more = _fallen(1000, ends=0.1), _fallen(1500, 5, ends=0.1)
  end = _make()
  end.fit(rows)
  path = tf.train.Checkpoint(end=end).write(str(tmp_path / 'x'))
  state = end.get_state()
  other = _make(seed=7)
  tf.train.Checkpoint(end=other).read(path).assert_consumed()
  other.set_state(state)
  assert _alike(_weights(end), _weights(other))
  states = _states(2000, 9, ends=0.5)
  np.testing.assert_array_equal(
    end.is_healthy(states), other.is_healthy(states)
  )
  assert end.fit(more) == other.fit(more)
  assert _alike(_weights(end), _weights(other))


class _Still(tf.Module):
  """A model in which nothing moves."""

  observation_size, action_size = _O, _A
  predicts_reward = False

  def sample_next(self, observation, action):
    del action
    return tf.identity(observation)


def test_a_rollout_knows_of_a_later_fit_without_a_trace():
  """Nor does a fit of more rows need another trace."""
  end = _make()
  env = model_env.ModelEnv(_Still(), is_healthy=end.is_healthy)
  starts = _states(200, ends=1.0)

  def policy(observation):
    return tf.zeros([tf.shape(observation)[0], _A])

  assert env.rollout(policy, starts, 2).num_terminal == 0
  for number in (1000, 1500):
    end.fit(_fallen(number, ends=0.1))
  assert env.rollout(policy, starts, 2).num_terminal >= 160
  assert end.num_traces == 1
  (graph,) = env._graphs.values()
  assert graph.experimental_get_tracing_count() == 1


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_ends_an_episode(value):
  states = _states(2, ends=0.0)
  states[1, 7] = value
  assert _make().is_healthy(states).numpy().tolist() == [True, False]


def test_leading_axes():
  end = _make()
  end.fit(_fallen(1000, ends=0.1))
  states = _states(12, ends=0.5)
  np.testing.assert_array_equal(
    end.is_healthy(states.reshape(3, 4, _O)),
    end.is_healthy(states).numpy().reshape(3, 4),
  )


def test_a_number_far_out_is_clipped_and_a_still_one_not_blown_up():
  states = _states(1000, ends=0.1)
  states[:, 10] = 2.0 + 1e-6 * states[:, 9]
  end = _make(clip=5.0)
  end.fit(_rows(states, _is_end(states)))
  still, moved, far = np.repeat(states[-1:], 3, 0)
  moved[10] += 1e-4  # a tenth of the floor
  far[2] = 1e9
  logits = end._logits(np.stack([still, moved, far])).numpy()
  assert abs(logits[1] - logits[0]) < 0.5
  assert abs(logits[2]) < 100.0


def test_threshold_by_hand():
  ends = np.array([9.0, 7.0, 3.0, 1.0])
  others = np.array([0.0, 2.0, 2.5, 5.0, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0])

  def choose(most, price):
    return learned_end.choose_threshold(ends, others, most, price)

  # 7 and 9 come first, then one alarm buys 3, two more 1.
  assert choose(0.0, 1.0) == choose(0.09, 0.0) == 6.0
  assert choose(0.1, 0.0) == choose(1.0, 0.9) == 2.75
  assert choose(1.0, 1.0) == 6.0  # what is worth nothing is not bought
  assert choose(0.3, 0.0) == choose(1.0, 0) == 0.5


def test_threshold_where_nothing_can_be_told():
  """No terminal is beyond the others: nobody ends. All are: halfway."""
  low, high = np.array([0.0, 1.0]), np.array([4.0, 5.0])
  assert learned_end.choose_threshold(low, high, 0.5, 0.0) > 1e30
  assert learned_end.choose_threshold(high, low, 0.0, 1.0) == 2.5
  assert learned_end.choose_threshold(low, high, 1.0, 0.0) < 0.0


@pytest.mark.parametrize(
  'wrong',
  [{'layers': (8, 0)}, {'learning_rate': 0.0}, {'weight_decay': -1.0}]
  + [{'batch_size': 1}, {'steps_per_fit': 0}, {'holdout_share': 1.5}]
  + [{'most_false_alarms': 1.5}, {'false_alarm_price': -1.0}]
  + [{'std_floor': 0.0}, {'clip': 0.0}],
)
def test_a_parameter_out_of_range_is_named(wrong):
  with pytest.raises(ValueError, match=f'LearnedEnd.{next(iter(wrong))} is '):
    _make(**wrong)
