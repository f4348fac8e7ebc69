"""Fits of an ensemble that predicts the task's reward, too."""

import gin
import numpy as np
import pytest
import tensorflow as tf

from tfirl import types
from tfirl.dynamics import model as dynamics_model
from tfirl.dynamics import trainer as dynamics_trainer

_O, _A = 3, 2


@pytest.fixture(autouse=True)
def small():
  """Four members of 2 x 16."""
  for binding in (
    'GaussianEnsemble.num_members = 4',
    'GaussianEnsemble.layers = (16, 16)',
    'DynamicsModel.num_elites = 2',
  ):
    gin.parse_config(binding)


def _rows(number, seed=0):
  """Each number of s' - s is the next one of s, and a tenth of an action."""
  rng = np.random.default_rng(seed)
  s = rng.normal(1.0, 2.0, (number, _O)).astype(np.float32)
  a = rng.uniform(-1, 1, (number, _A)).astype(np.float32)
  successor = s + np.roll(s, -1, axis=1) + 0.1 * a[:, :1]
  return types.Transition(s, a, np.ones(number, np.float32), successor)


def _rewarded(rows, is_known):
  """Pays 3 s_0 - 2 a_1 + 1 for each of `rows`, and what is not known is nan."""
  reward = 3.0 * rows.observation[:, 0] - 2.0 * rows.action[:, 1] + 1.0
  reward = np.where(is_known, reward, np.nan).astype(np.float32)
  return types.RewardedTransition(*rows, reward)


def _make_of_rewards(**kwargs):
  model = dynamics_model.DynamicsModel(_O, _A, 0, True)
  return model, dynamics_trainer.DynamicsTrainer(
    model, 0, batch_size=32, learning_rate=3e-3, **kwargs
  )


def test_rewards_are_learned_from_the_rows_that_have_one():
  """Half of them; the others teach s' - s all the same."""
  rows = _rows(3000)
  is_known = np.random.default_rng(5).uniform(size=3000) < 0.5
  model, trainer = _make_of_rewards(max_epochs=40)
  record = trainer.fit(_rewarded(rows, is_known))
  assert record.r2_per_output.shape == (_O,)
  assert record.r2_per_output.min() > 0.95
  assert record.columns()['dynamics_reward_r2'] == record.reward_r2 > 0.95
  fresh = _rewarded(_rows(500, seed=8), np.ones(500, bool))
  mean, _ = model.predict(fresh.observation, fresh.action, model.elites)
  error = ((mean.numpy()[..., _O] - fresh.reward) ** 2).mean()
  assert error < 0.05 * fresh.reward.var()
  error = ((mean.numpy()[..., :_O] - fresh.next_observation) ** 2).mean()
  assert error < 0.05 * (fresh.next_observation - fresh.observation).var()


def test_without_any_reward_successors_are_learned():
  _, trainer = _make_of_rewards(max_epochs=20)
  rows = _rewarded(_rows(1500), np.zeros(1500, bool))
  record = trainer.fit(rows)
  assert record.r2_per_output.min() > 0.9
  assert np.isfinite(record.losses).all()
  assert np.isnan(record.reward_r2)


def test_hold_out_errors_of_rewards_are_of_what_is_known():
  """Of the worst that can be: no weights but biases, so r is predicted as 0."""
  model, trainer = _make_of_rewards(max_epochs=1)
  rows = _rewarded(_rows(64), np.arange(64) % 4 == 0)
  for variable in model.ensemble.variables:
    variable.assign(tf.zeros_like(variable))
  targets = np.concatenate(
    [rows.next_observation - rows.observation, rows.reward[:, None]], -1
  )
  inputs = np.concatenate([rows.observation, rows.action], -1)
  found = trainer._evaluate(tf.constant(inputs), tf.constant(targets))
  expected = np.append(
    (targets[:, :_O] ** 2).mean(0), (rows.reward[::4] ** 2).mean()
  )
  np.testing.assert_allclose(found, np.tile(expected, (4, 1)), rtol=1e-4)
