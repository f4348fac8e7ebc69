"""TS1: every row by one elite, in its place, with the elite's noise."""

import gin
import numpy as np
import pytest
import tensorflow as tf

from tfirl.dynamics import model as dynamics_model

_O, _A = 2, 1


@pytest.fixture(autouse=True)
def small():
  """Five members."""
  gin.parse_config("""
    GaussianEnsemble.num_members = 5
    GaussianEnsemble.layers = (4,)
  """)


def _constant_members(log_variance=-100.0, **kwargs):
  """Member i predicts s' - s = i, whatever it is shown."""
  model = dynamics_model.DynamicsModel(_O, _A, 0, num_elites=3, **kwargs)
  ensemble = model.ensemble
  for variable in ensemble.member_variables:
    variable.assign(tf.zeros_like(variable))
  head = np.full((5, 1, 2 * _O), log_variance, np.float32)
  head[:, 0, :_O] = np.arange(5.0)[:, None]
  ensemble.member_variables[-1].assign(head)
  # Soft bounds far away: the log variance is what the head says.
  ensemble.min_log_variance.assign([-60.0, -60.0])
  ensemble.max_log_variance.assign([60.0, 60.0])
  return model


@pytest.mark.parametrize('num_rows', [1, 2, 3, 7, 3000])
def test_each_row_is_of_one_elite_and_in_its_place(num_rows):
  model = _constant_members()
  model.elites.assign([0, 2, 4])
  observation = 100.0 * np.arange(num_rows, dtype=np.float32)[:, None]
  observation = np.repeat(observation, _O, 1)
  sample = model.sample_next(observation, np.zeros((num_rows, _A), 'f4'))
  member = sample.numpy() - observation
  np.testing.assert_allclose(member[:, 0], member[:, 1], atol=1e-2)
  member = member[:, 0].round().astype(int)
  assert set(member) <= {0, 2, 4}
  counts = [np.count_nonzero(member == elite) for elite in (0, 2, 4)]
  # Dealt out evenly but for the places past the end.
  assert max(counts) - min(counts) <= 3


def test_which_elite_is_random():
  model = _constant_members()
  observation = np.zeros((30, _O), np.float32)
  action = np.zeros((30, _A), np.float32)
  first, second = (
    model.sample_next(observation, action).numpy() for _ in range(2)
  )
  assert not np.array_equal(first, second)


@pytest.mark.parametrize(
  ('kwargs', 'deviation'),
  [({}, 0.3), ({'noise_scale': 0.5}, 0.15), ({'noise_scale': 0.0}, 0.0)],
)
def test_sample_has_the_predicted_deviation(kwargs, deviation):
  model = _constant_members(log_variance=2.0 * np.log(0.3), **kwargs)
  model.elites.assign([1, 1, 1])
  zeros = np.zeros((20_000, _O), np.float32)
  sample = model.sample_next(zeros, zeros[:, :_A]).numpy()
  np.testing.assert_allclose(sample.mean(0), 1.0, atol=0.01)
  np.testing.assert_allclose(sample.std(0), deviation, rtol=0.03, atol=1e-6)


def test_without_noise_each_row_is_still_of_a_random_elite():
  model = _constant_members(log_variance=0.0, noise_scale=0.0)
  zeros = np.zeros((30, _O), np.float32)
  sample = model.sample_next(zeros, zeros[:, :_A]).numpy()
  assert {round(row) for row in sample[:, 0]} == {0, 1, 2}


def test_no_rows():
  model = _constant_members()
  empty = np.zeros((0, _O), np.float32)
  assert model.sample_next(empty, empty[:, :_A]).shape == (0, _O)


def test_predict_is_the_ensemble_on_normalised_inputs():
  model = dynamics_model.DynamicsModel(_O, _A, 0)
  rng = np.random.default_rng(0)
  observation = rng.normal(5, 2, (6, _O)).astype(np.float32)
  action = rng.normal(size=(6, _A)).astype(np.float32)
  inputs = np.concatenate([observation, action], -1)
  model.normalizer.fit(inputs)
  scaled = (inputs - inputs.mean(0)) / inputs.std(0)
  delta, expected = model.ensemble(
    np.repeat(scaled[None], 5, 0).astype(np.float32)
  )
  mean, log_variance = model.predict(observation, action)
  np.testing.assert_allclose(mean, observation + delta, atol=1e-5)
  np.testing.assert_allclose(log_variance, expected, atol=1e-5)


@pytest.mark.parametrize('num_elites', [0, 6])
def test_more_elites_than_members(num_elites):
  with pytest.raises(
    ValueError, match='num_elites is .*(num_members = 5|at least 1)'
  ):
    dynamics_model.DynamicsModel(_O, _A, 0, num_elites=num_elites)


def test_the_reward_is_the_last_output_as_it_is():
  """Member i predicts s' - s = i and r = 10 i."""
  model = dynamics_model.DynamicsModel(_O, _A, 0, True, num_elites=3)
  for variable in model.ensemble.member_variables:
    variable.assign(tf.zeros_like(variable))
  head = np.full((5, 1, 2 * (_O + 1)), -100.0, np.float32)
  head[:, 0, :_O] = np.arange(5.0)[:, None]
  head[:, 0, _O] = 10 * np.arange(5.0)
  model.ensemble.member_variables[-1].assign(head)
  model.ensemble.min_log_variance.assign([-60.0] * 3)
  model.ensemble.max_log_variance.assign([60.0] * 3)
  observation = np.full((6, _O), 100.0, np.float32)
  action = np.zeros((6, _A), np.float32)
  mean, log_variance = model.predict(observation, action, [1, 4])
  np.testing.assert_allclose(mean[:, 0], [[101, 101, 10], [104, 104, 40]])
  assert log_variance.shape == (2, 6, _O + 1)
  model.elites.assign([4, 4, 4])
  sample = model.sample(observation, action)
  np.testing.assert_allclose(sample, [[104, 104, 40]] * 6, atol=1e-4)
  sample = model.sample_next(observation, action)
  np.testing.assert_allclose(sample, [[104, 104]] * 6, atol=1e-4)
