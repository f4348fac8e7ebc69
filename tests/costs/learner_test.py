"""The cost player: its steps, schedule, randomness and checkpoint."""

import json

import gin
import numpy as np
import pytest
import tensorflow as tf

from tfirl.costs.episode_rows import EpisodeRows
from tfirl.costs.learner import CostLearner


@pytest.fixture(autouse=True)
def _small_network():
  gin.bind_parameter('CostNetwork.layers', (16, 16))


def make_rows(num_rows, mean, seed=0):
  rng = np.random.default_rng(seed)
  observation = rng.normal(mean, 1, size=(num_rows, 4)).astype(np.float32)
  action = rng.uniform(-1, 1, size=(num_rows, 2)).astype(np.float32)
  return EpisodeRows(
    observation, action, np.ones(num_rows), np.arange(num_rows)
  )


def make(**kwargs):
  kwargs = {'seed': 0, 'batch_size': 32, **kwargs}
  return CostLearner(4, 2, **kwargs)


def close(value):
  """Costs are sums of float32 that may cancel, in an order of the machine's."""
  return pytest.approx(value, rel=1e-4, abs=1e-6)


def constant(num_round):
  return 1.0


def weights(learner):
  return [v.numpy() for v in learner.network.trainable_variables]


LEARNER = make_rows(50, 1.0)
EXPERT = make_rows(200, -1.0, seed=1)


def test_learns_to_tell_the_learner_from_the_expert():
  cost = make(learning_rate_scale=constant, learning_rate=3e-3)
  losses = [cost.update(LEARNER, EXPERT)['loss'] for _ in range(60)]
  assert losses[-1] < losses[0] and losses[-1] < -0.5
  reward_learner = cost.reward_fn(LEARNER.observation, LEARNER.action)
  reward_expert = cost.reward_fn(EXPERT.observation, EXPERT.action)
  assert np.mean(reward_expert) > np.mean(reward_learner) + 0.5


def test_auc_is_the_chance_that_a_learners_row_costs_more():
  """Rows of either side that are drawn alike, against all pairs."""
  learner, expert = make_rows(40, 0.3), make_rows(40, -0.3, seed=1)
  cost = make(batch_size=20_000)
  ours, theirs = (
    -cost.reward_fn(rows.observation, rows.action).numpy()
    for rows in (learner, expert)
  )
  pairs = np.mean(ours[:, None] > theirs)
  assert 0.2 < pairs < 0.8 and pairs != 0.5
  found = cost.update(learner, expert)['auc']
  assert found == pytest.approx(pairs, abs=0.02)


def test_metrics_are_those_of_the_cost_before_the_step():
  # One distinct row a side: what is drawn doesn't matter to the costs.
  learner, expert = make_rows(1, 1.0), make_rows(1, -1.0, seed=1)
  cost = make()
  cost_learner = -cost.reward_fn(learner.observation, learner.action).numpy()[0]
  cost_expert = -cost.reward_fn(expert.observation, expert.action).numpy()[0]
  metrics = cost.update(learner, expert)
  assert metrics['cost_learner'] == close(cost_learner)
  assert metrics['cost_expert'] == close(cost_expert)
  gap = cost_expert - cost_learner
  assert metrics['gap'] == close(gap)
  expected = metrics['gap'] + 10 * metrics['penalty']
  assert metrics['loss'] == close(expected)


def test_learning_rate_of_a_round_is_as_scheduled():
  cost = make(learning_rate=0.1, learning_rate_scale=lambda k: 1 - k / 4)
  rates = [cost.update(LEARNER, EXPERT)['learning_rate'] for _ in range(3)]
  np.testing.assert_allclose(rates, [0.1, 0.075, 0.05])


def test_penalty_pulls_the_gradient_norm_to_its_target():
  cost = make(gp_target=2.0, gp_weight=1e3, learning_rate_scale=constant)
  cost_of_a_far_target = cost.update(LEARNER, EXPERT)['penalty']
  near = make(gp_target=0.4, gp_weight=1e3).update(LEARNER, EXPERT)['penalty']
  assert cost_of_a_far_target > 1 > near
  for _ in range(100):
    metrics = cost.update(LEARNER, EXPERT)
  assert metrics['penalty'] < 0.5 * cost_of_a_far_target


@pytest.mark.parametrize('fresh', [True, False])
def test_learning_rate_falls_and_the_optimizer_is_fresh_or_not(fresh):
  cost = make(fresh_optimizer=fresh)
  rates, steps = [], []
  for _ in range(4):
    before = weights(cost)
    rates.append(cost.update(LEARNER, EXPERT)['learning_rate'])
    steps.append(
      max(
        np.abs(a - b).max() for a, b in zip(weights(cost), before, strict=True)
      )
    )
  np.testing.assert_allclose(rates, [8e-4, 8e-4, 4e-4, 8e-4 / 3])
  # A fresh optimiser's only step is 2 * lr * sign(gradient).
  is_first_step = np.isclose(steps, 2 * np.array(rates), rtol=1e-3)
  assert is_first_step.tolist() == (
    [True] * 4 if fresh else [True] + [False] * 3
  )


def test_updates_of_a_round_are_steps_of_one_optimizer():
  cost = make()
  before = weights(cost)
  cost.update(LEARNER, EXPERT, num_updates=3)
  step = max(
    np.abs(a - b).max() for a, b in zip(weights(cost), before, strict=True)
  )
  assert step > 2.5 * 8e-4  # one step moves by 2 * lr
  assert cost.num_rounds == 1


def _reference_loss(theta, learner, expert, weight, gp_weight, gp_target):
  """[loss, gap, penalty] in NumPy: one hidden ReLU layer, inputs [B, D]."""
  kernel, head, bias, head_bias = theta
  between = weight * learner + (1 - weight) * expert
  cost_learner, cost_expert = (
    np.maximum(x @ kernel + bias, 0) @ head[:, 0] + head_bias[0]
    for x in (learner, expert)
  )
  active = (between @ kernel + bias > 0).astype(np.float64)
  norms = np.linalg.norm((active * head[:, 0]) @ kernel.T, axis=1)
  gap = cost_expert.mean() - cost_learner.mean()
  penalty = np.mean((norms - gp_target) ** 2)
  return np.array([gap + gp_weight * penalty, gap, penalty])


def _central_differences(fn, theta, step=1e-5):
  gradients = [np.zeros_like(values) for values in theta]
  for values, gradient in zip(theta, gradients, strict=True):
    for index in np.ndindex(values.shape):
      sides = []
      for sign in (1, -1):
        values[index] += sign * step
        sides.append(fn(theta))
        values[index] -= sign * step
      gradient[index] = (sides[0] - sides[1]) / (2 * step)
  return gradients


def _reference_update(theta, draws, learning_rate, **penalty):
  """Optimistic Adam's steps (see its docstring) on each of `draws`.

  Returns: theta after them, and the mean of [loss, gap, penalty].
  """
  m, v, u_tm1 = ([np.zeros_like(x) for x in theta] for _ in range(3))
  losses = []
  for t, draw in enumerate(draws, start=1):
    losses.append(_reference_loss(theta, *draw, **penalty))
    gradients = _central_differences(
      lambda theta, draw=draw: _reference_loss(theta, *draw, **penalty)[0],
      theta,
    )
    size = learning_rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    for i, gradient in enumerate(gradients):
      m[i] = 0.9 * m[i] + 0.1 * gradient
      v[i] = 0.999 * v[i] + 0.001 * gradient**2
      u_t = m[i] / (np.sqrt(v[i]) + 1e-8)
      theta[i] = theta[i] + size * u_tm1[i] - 2 * size * u_t
      u_tm1[i] = u_t
  return theta, np.mean(losses, axis=0)


@pytest.mark.parametrize('gp_target', [0.0, 0.4, 5.0])
def test_an_update_is_that_of_numpy(gp_target):
  gin.bind_parameter('CostNetwork.layers', (5,))
  cost = make(gp_target=gp_target, gp_weight=2.0, learning_rate=0.02)
  rng = np.random.default_rng()
  rng.bit_generator.state = cost.get_state()

  def draw(rows):
    picked = rng.choice(len(rows.action), 32, replace=False)
    inputs = np.concatenate([rows.observation, rows.action], axis=1)
    return inputs[picked].astype(np.float64)

  draws = [
    (draw(LEARNER), draw(EXPERT), rng.random((32, 1), np.float32))
    for _ in range(2)
  ]

  def parameters():
    kernel, bias, head, head_bias = (
      weight[0].astype(np.float64) for weight in weights(cost)
    )
    return [kernel, head, bias[0], head_bias[0]]

  before = parameters()
  expected, losses = _reference_update(
    parameters(), draws, 0.02, gp_weight=2.0, gp_target=gp_target
  )
  found = cost.update(LEARNER, EXPERT, num_updates=2)
  np.testing.assert_allclose(
    [found['loss'], found['gap'], found['penalty']], losses, rtol=1e-4
  )
  for a, b in zip(parameters(), expected, strict=True):
    np.testing.assert_allclose(a, b, atol=2e-5)
  assert (
    max(np.abs(a - b).max() for a, b in zip(before, expected, strict=True))
    > 0.02
  )


def test_weight_decay_enters_the_gradient():
  # Without a penalty the head's bias cancels in the gap: only the decay and
  # its sign are left to move it.
  biases = []
  for decay in (0.0, 0.1):
    cost = make(gp_weight=0.0, weight_decay=decay)
    bias = cost.network.get_layer('head').bias
    bias.assign([[[1.0]]])
    cost.update(LEARNER, EXPERT)
    biases.append(bias.numpy().item())
  assert biases[0] == 1.0
  assert biases[1] == pytest.approx(1 - 2 * 8e-4, abs=1e-6)


def test_one_trace_whatever_the_number_of_rows():
  cost = make()
  for num_rows in (1, 20, 32, 100):
    cost.update(make_rows(num_rows, 1.0), EXPERT)
  assert cost._step.experimental_get_tracing_count() == 1


def test_reward_fn_follows_the_cost_inside_a_graph():
  cost = make()
  rewards = tf.function(cost.reward_fn)
  first = rewards(EXPERT.observation, EXPERT.action)
  assert first.shape == (200,)
  cost.update(LEARNER, EXPERT)
  second = rewards(EXPERT.observation, EXPERT.action)
  assert not np.allclose(first, second)
  np.testing.assert_allclose(
    second, cost.reward_fn(EXPERT.observation, EXPERT.action), 1e-5, 1e-6
  )


def test_ensemble_trains_jointly_through_the_min():
  gin.bind_parameter('CostNetwork.num_members', 3)
  cost = make(learning_rate_scale=constant, learning_rate=3e-3)
  metrics = [cost.update(LEARNER, EXPERT) for _ in range(60)]
  assert metrics[-1]['loss'] < -0.5
  members = cost.network.members(LEARNER.observation, LEARNER.action)
  assert members.shape == (3, 50)
  np.testing.assert_allclose(
    -cost.reward_fn(LEARNER.observation, LEARNER.action),
    np.min(members, axis=0),
    1e-5,
  )


@pytest.mark.parametrize('fresh', [True, False])
def test_checkpoint_and_state_continue_bit_by_bit(tmp_path, fresh):
  first = make(fresh_optimizer=fresh)
  for _ in range(3):
    first.update(LEARNER, EXPERT)
  path = tf.train.Checkpoint(cost=first).write(str(tmp_path / 'c'))
  state = json.loads(json.dumps(first.get_state()))

  second = make(fresh_optimizer=fresh, seed=7)
  tf.train.Checkpoint(cost=second).read(path).assert_consumed()
  second.set_state(state)
  assert second.num_rounds == 3
  assert second.update(LEARNER, EXPERT) == first.update(LEARNER, EXPERT)
  for a, b in zip(weights(first), weights(second), strict=True):
    np.testing.assert_array_equal(a, b)


def test_seed_decides_the_run():
  runs = [make(seed=seed).update(LEARNER, EXPERT)['loss'] for seed in (0, 0, 1)]
  assert runs[0] == runs[1] != runs[2]


def test_rows_are_drawn_without_replacement_when_there_are_enough():
  # All 32 rows once: the mean cost is exactly that of the whole set.
  learner = make_rows(32, 1.0)
  cost = make()
  expected = -np.mean(cost.reward_fn(learner.observation, learner.action))
  found = cost.update(learner, EXPERT)['cost_learner']
  assert found == close(expected)


def test_an_empty_side_is_named():
  with pytest.raises(ValueError, match='learner has no rows'):
    make().update(make_rows(0, 0.0), EXPERT)


def test_a_loss_that_is_not_finite_stops_the_run():
  rows = make_rows(50, 1.0)
  rows.observation[:] = np.inf
  with pytest.raises(FloatingPointError, match='round 0: found.*a finite'):
    make().update(rows, EXPERT)


@pytest.mark.parametrize(
  ('name', 'value'),
  [('learning_rate', 0.0), ('batch_size', 0)],
)
def test_parameters_out_of_range_are_named(name, value):
  with pytest.raises(
    ValueError, match=f'CostLearner.{name} is {value}; expected'
  ):
    make(**{name: value})


def test_a_round_without_updates_is_an_error():
  with pytest.raises(ValueError, match='num_updates is 0; expected an integer'):
    make().update(LEARNER, EXPERT, num_updates=0)


def _constant_rows(value, number):
  observation = np.full((number, 4), value, np.float32)
  return EpisodeRows(
    observation, observation[:, :2] / 10, np.ones(number), np.arange(number)
  )


def _drawn(cost, monkeypatch, learner, expert=EXPERT):
  """How often a round draws each value: of the learner's rows, the expert's."""
  seen, draw = [], cost._draw

  def spy(*args):
    picked = draw(*args)
    seen.append(picked[0][:, 0].numpy())
    return picked

  monkeypatch.setattr(cost, '_draw', spy)
  cost.update(learner, expert)
  monkeypatch.setattr(cost, '_draw', draw)
  return [
    dict(zip(*np.unique(values, return_counts=True), strict=True))
    for values in seen
  ]


def test_a_turn_draws_from_the_rows_it_is_given(monkeypatch):
  cost = make()
  for value in (1.0, 2.0):
    found, _ = _drawn(cost, monkeypatch, _constant_rows(value, 30))
    assert set(found) == {value}


def test_match_time_draws_the_experts_rows_of_the_learners_times(monkeypatch):
  """Two episodes of the learner, of one step and of two; one of the expert."""
  learner = _constant_rows(9.0, 3)._replace(time=np.array([0, 0, 1]))
  expert = EpisodeRows(
    np.repeat(np.arange(3, dtype=np.float32)[:, None], 4, 1),
    np.zeros((3, 2), np.float32),
    np.ones(3),
    np.arange(3),
  )
  cost = make(match_time=True, batch_size=3000)
  _, found = _drawn(cost, monkeypatch, learner, expert)
  assert set(found) == {0.0, 1.0}
  assert found[0.0] == pytest.approx(2000, abs=100)
  _, found = _drawn(make(batch_size=3000), monkeypatch, learner, expert)
  assert set(found) == {0.0, 1.0, 2.0}
