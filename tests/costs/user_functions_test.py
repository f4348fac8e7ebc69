"""The cost's loss and reward as gin chooses them, and what is refused."""

import sys

import gin
import numpy as np
import pytest
import tensorflow as tf

from tfirl.config import gin_bindings
from tfirl.costs import level as _level  # noqa: F401 so that gin knows it
from tfirl.costs.episode_rows import EpisodeRows
from tfirl.costs.learner import CostLearner

LOSSES = ['moment_matching_loss', 'logistic_loss', 'least_squares_loss']
SMALL = [
  'CostNetwork.layers = (16,)',
  'CostLearner.batch_size = 32',
  'CostLearner.learning_rate = 5e-3',
  'CostLearner.learning_rate_scale = @even',
]


@gin.configurable('even', module='game_test')
def _even(num_round):
  del num_round
  return 1.0


def _make(*bindings):
  gin_bindings.parse([], [*SMALL, *bindings])
  return CostLearner(4, 2, seed=0)


def _rows(mean, seed):
  rng = np.random.default_rng(seed)
  observation = rng.normal(mean, 1.0, (100, 4)).astype(np.float32)
  action = rng.uniform(-1, 1, (100, 2)).astype(np.float32)
  return EpisodeRows(observation, action, np.ones(100), np.arange(100))


LEARNER, EXPERT = _rows(1.0, 0), _rows(-1.0, 1)


def _costs(cost, rows):
  return cost.network(rows.observation, rows.action).numpy()


@pytest.mark.parametrize('loss', LOSSES)
def test_f_rises_on_the_learner_and_falls_on_the_expert(loss):
  cost = _make(f'CostLearner.loss_fn = @{loss}')
  before = _costs(cost, EXPERT).mean() - _costs(cost, LEARNER).mean()
  metrics = [cost.update(LEARNER, EXPERT) for _ in range(60)]
  after = _costs(cost, EXPERT).mean() - _costs(cost, LEARNER).mean()
  assert after < before - 0.3 and after < -0.3
  # Whatever the loss, `gap` is that of the means.
  for found in metrics:
    gap = found['cost_expert'] - found['cost_learner']
    assert found['gap'] == pytest.approx(gap, abs=1e-5)
  rewards = [cost.reward_fn(r.observation, r.action) for r in (LEARNER, EXPERT)]
  assert np.mean(rewards[1]) > np.mean(rewards[0])


def test_the_loss_is_what_gin_names_with_the_penalty():
  """On one row a side, what is drawn does not matter."""
  cost = _make(
    'CostLearner.loss_fn = @least_squares_loss', 'CostLearner.gp_weight = 2.0'
  )
  learner, expert = (
    EpisodeRows(*(f[:1] for f in r)) for r in (LEARNER, EXPERT)
  )
  f_learner, f_expert = _costs(cost, learner)[0], _costs(cost, expert)[0]
  found = cost.update(learner, expert)
  expected = 0.5 * (f_learner - 1) ** 2 + 0.5 * (f_expert + 1) ** 2
  assert found['loss'] == pytest.approx(expected + 2 * found['penalty'], 1e-4)
  assert found['gap'] == pytest.approx(f_expert - f_learner, abs=1e-5)


@pytest.mark.parametrize(
  ('name', 'function'),
  [
    ('negative', lambda f: -f),
    ('rewards.gail', lambda f: np.log1p(np.exp(-f))),
    ('rewards.log_expert', lambda f: -np.log1p(np.exp(f))),
    (
      'rewards.clipped_quadratic',
      lambda f: np.maximum(0, 1 - 0.25 * (f + 1) ** 2),
    ),
  ],
)
def test_the_reward_is_what_gin_names_and_its_level_is_kept(name, function):
  cost = _make(f'CostLearner.reward_transform = @{name}')
  found = tf.function(cost.reward_fn)(EXPERT.observation, EXPERT.action)
  np.testing.assert_allclose(found, function(_costs(cost, EXPERT)), rtol=1e-4)
  level = _make(
    f'CostLearner.reward_transform = @{name}',
    'CostLearner.make_level = @FixedLevel',
    'FixedLevel.expert_reward = 1.5',
  )
  level.take_level(EXPERT)
  shifted = level.reward_fn(EXPERT.observation, EXPERT.action).numpy()
  assert shifted.mean() == pytest.approx(1.5, abs=1e-5)
  np.testing.assert_allclose(np.ptp(shifted - found.numpy()), 0, atol=1e-5)


def test_a_users_own_module_is_imported_by_its_gin_file(tmp_path, monkeypatch):
  (tmp_path / 'my_losses.py').write_text("""
import gin
import tensorflow as tf

@gin.configurable
def hinge(cost_learner, cost_expert, margin=1.0):
  ours = tf.reduce_mean(tf.nn.relu(margin - cost_learner))
  return ours + tf.reduce_mean(tf.nn.relu(margin + cost_expert))

@gin.configurable
def halved(cost):
  return -0.5 * cost
""")
  path = tmp_path / 'my.gin'
  path.write_text("""
import my_losses
CostNetwork.layers = (16,)
CostLearner.batch_size = 32
CostLearner.gp_weight = 0.0
CostLearner.loss_fn = @hinge
hinge.margin = 7.0
CostLearner.reward_transform = @my_losses.halved
""")
  monkeypatch.syspath_prepend(tmp_path)
  try:
    gin_bindings.parse([str(path)])
    cost = CostLearner(4, 2, seed=0)
    gin_bindings.check_all_consumed()
    f_expert = _costs(cost, EXPERT)
    reward = cost.reward_fn(EXPERT.observation, EXPERT.action)
    np.testing.assert_allclose(reward, -0.5 * f_expert, rtol=1e-5)
    found = cost.update(LEARNER, EXPERT)
    # No cost is beyond the margin yet.
    assert found['loss'] == pytest.approx(14 + found['gap'], abs=1e-3)
  finally:
    sys.modules.pop('my_losses', None)


@gin.configurable(module='game_test')
def of_each_row(cost_learner, cost_expert):
  return cost_expert - cost_learner


@gin.configurable(module='game_test')
def of_nothing(cost_learner, cost_expert):
  del cost_learner, cost_expert
  return tf.constant(1.0)


@gin.configurable(module='game_test')
def of_one_side(cost_learner, cost_expert):
  del cost_learner
  return tf.reduce_mean(cost_expert)


@gin.configurable(module='game_test')
def of_numpy(cost_learner, cost_expert):
  return float(np.mean(cost_expert) - np.mean(cost_learner))


@gin.configurable(module='game_test')
def of_a_branch(cost_learner, cost_expert):
  if tf.reduce_mean(cost_learner) > 0.0:
    return tf.reduce_mean(cost_expert - cost_learner)
  return tf.reduce_mean(cost_expert)


@gin.configurable(module='game_test')
def of_three(cost_learner, cost_expert, third):
  return tf.reduce_mean(cost_expert - cost_learner) + third


@gin.configurable(module='game_test')
def of_words(cost_learner, cost_expert):
  return f'{cost_learner} {cost_expert}'


@gin.configurable(module='game_test')
def of_nan(cost_learner, cost_expert):
  return tf.reduce_mean(tf.math.log(cost_expert - 5.0) - cost_learner)


@gin.configurable(module='game_test')
class NotCallable:
  pass


@pytest.mark.parametrize(
  ('value', 'found'),
  [
    ('@NotCallable()', r'loss_fn is <.*NotCallable object.*>; '),
    ('@NotCallable', 'loss_fn, NotCallable, failed on two rows a side: Type'),
    (
      '@of_each_row',
      r'loss_fn, of_each_row, gave float32 of shape \[2\] for two rows',
    ),
    (
      '@of_nothing',
      'loss_fn, of_nothing, does not depend on cost_learner: found no gra',
    ),
    ('@of_one_side', 'loss_fn, of_one_side, does not depend on cost_learner'),
    (
      '@of_numpy',
      'loss_fn, of_numpy, failed on two rows a side: NotImplementedError: ',
    ),
    (
      '@of_a_branch',
      'loss_fn, of_a_branch, failed on two rows a side: OperatorNotAllowedIn',
    ),
    ('@of_three', 'loss_fn, of_three, failed on two rows a side: TypeError: '),
    ('@of_words', r'loss_fn, of_words, gave string of shape \[\]'),
    ('@of_nan', 'loss_fn, of_nan, gave nan; '),
    (
      '@rewards.negative',
      'loss_fn, negative, failed on two rows a side: TypeError: ',
    ),
  ],
)
def test_what_is_no_loss_is_refused_at_construction(value, found):
  with pytest.raises(ValueError, match=f'^CostLearner.{found}') as error:
    _make(f'CostLearner.loss_fn = {value}')
  message = str(error.value).split('\n  In call to configurable')[0]
  assert 'expected a function of (cost_learner [B], cost_expert [B])' in message
  assert '\n' not in message


@pytest.mark.parametrize('value', ['3', "'logistic'", 'None'])
@pytest.mark.parametrize('name', ['loss_fn', 'reward_transform'])
def test_what_is_no_function_is_refused_by_gin(name, value):
  message = f'CostLearner.{name} is {value}; expected a function'
  with pytest.raises(ValueError, match=message):
    _make(f'CostLearner.{name} = {value}')


@pytest.mark.parametrize(
  ('value', 'found'),
  [
    (
      '@logistic_loss',
      'reward_transform, logistic_loss, failed on two rows a side: TypeError: ',
    ),
    (
      '@summed',
      r'reward_transform, summed, gave .* \[\] .* and not \[2\]',
    ),
    (
      '@of_no_tensorflow',
      'reward_transform, of_no_tensorflow, failed .*: NotImplementedError: ',
    ),
  ],
)
def test_what_is_no_reward_is_refused_at_construction(value, found):
  with pytest.raises(ValueError, match=f'^CostLearner.{found}') as error:
    _make(f'CostLearner.reward_transform = {value}')
  assert 'expected a function of cost [B] to reward [B]' in str(error.value)


@gin.configurable(module='game_test')
def summed(cost):
  return tf.reduce_sum(cost)


@gin.configurable(module='game_test')
def of_no_tensorflow(cost):
  return -np.asarray(cost)
