"""Encodings against numbers worked by hand, and their formula in float64."""

import numpy as np
import pytest

from tfirl.networks import encoding

# Means 2, 1, 7, 20, -2; deviations 2, 0, 2, 10, 1. All but the third number
# are positions; the second never changes.
DEMOS = np.float32([[0, 1, 5, 10, -1], [4, 1, 9, 30, -3]])
OBSERVATION = np.float32([4, 1.5, 5, 20 + 10 / 3, -2.5])
STANDARDIZED = [1, 0.5, -1, 1 / 3, -0.5]
# Of angles pi z / 2 and pi z: 90 and 180 degrees, 45 and 90, 30 and 60, -45
# and -90.
SINES = [1, 0, 0.5**0.5, 1, 0.5, 0.75**0.5, -(0.5**0.5), -1]
COSINES = [0, -1, 0.5**0.5, 0, 0.75**0.5, 0.5, 0.5**0.5, 0]


def formula(demos, observation, num_frequencies):
  """Standardised, then waves of k = 1 ... K, position by position."""
  z = (observation - demos.mean(0, dtype=float)) / demos.std(0, dtype=float)
  k = np.arange(1, num_frequencies + 1)
  angles = [np.pi / 2 * k * z[..., i, np.newaxis] for i in (0, 1, -2, -1)]
  angles = np.concatenate(angles, -1)
  return np.concatenate([np.clip(z, -5, 5), np.sin(angles), np.cos(angles)], -1)


@pytest.mark.parametrize(
  ('settings', 'expected'),
  [
    ({'standardize': True}, STANDARDIZED),
    ({'num_frequencies': 2}, [*OBSERVATION, *SINES, *COSINES]),
    (
      {'standardize': True, 'num_frequencies': 2},
      [*STANDARDIZED, *SINES, *COSINES],
    ),
  ],
)
def test_by_hand_in_numpy_and_tensorflow(settings, expected):
  made = encoding.make_encoding(DEMOS, **settings)
  for found in (
    made(OBSERVATION),
    encoding.encode(OBSERVATION[np.newaxis], made)[0].numpy(),
    encoding.EncodingLayer(made)(OBSERVATION[np.newaxis])[0].numpy(),
  ):
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_demonstrations_are_standardized():
  rng = np.random.default_rng(0)
  demos = rng.normal([30, -5, 0, 1], [9, 0.02, 1, 4], (500, 4)).astype('f')
  found = encoding.make_encoding(demos, standardize=True)(demos)
  np.testing.assert_allclose(found.mean(0), 0.0, atol=1e-3)
  np.testing.assert_allclose(found.std(0), 1.0, rtol=1e-4)


@pytest.mark.parametrize('noise', [0.0, 1e-8])
def test_a_number_that_never_changes_is_only_shifted(noise):
  demos = np.random.default_rng(0).normal(size=(10, 4))
  demos[:, 1] = 0.1 + noise * demos[:, 0]
  made = encoding.make_encoding(demos.astype('f'), True, num_frequencies=1)
  found = made(np.float32([0, 0.6, 0, 0]))
  # z = 0.5: an angle of 45 degrees.
  np.testing.assert_allclose(found[[1, 5, 9]], [0.5, *2 * [0.5**0.5]], 1e-6)


def test_far_from_the_demonstrations_numbers_are_clipped():
  """And one that hardly changes is divided by the floor."""
  demos = np.float32([[0, 10, 1e-4], [4, 30, -1e-4]])
  made = encoding.make_encoding(demos, True, std_floor=0.1, clip=3.0)
  for observation, expected in (
    ([2, 20, 0.01], [0, 0, 0.1]),
    ([1e6, -1e6, 0.2], [3, -3, 2]),
  ):
    observation = np.float32([observation])
    for found in (made(observation), encoding.encode(observation, made)):
      np.testing.assert_allclose(found[0], expected, atol=1e-5)


def test_without_waves_the_first_numbers_are_left():
  made = encoding.make_encoding(DEMOS, True, num_frequencies=2)
  found = made.without_waves()(OBSERVATION)
  np.testing.assert_allclose(found, STANDARDIZED, atol=1e-6)


@pytest.mark.parametrize('shape', [(7,), (3, 2)])
def test_batches_as_the_formula_has_it_far_from_the_origin(shape):
  """Where rounding would show first: a large maze, and many waves."""
  rng = np.random.default_rng(0)
  demos = rng.normal([20, -15, 1, 0, 12, 9], 6, (90, 6)).astype('f')
  observation = rng.normal(10, 12, (*shape, 6)).astype('f')
  made = encoding.make_encoding(demos, True, num_frequencies=8)
  expected = formula(demos, observation, 8)
  assert expected.shape == (*shape, 6 + 8 * 8)
  np.testing.assert_allclose(made(observation), expected, atol=1e-4)
  found = encoding.encode(observation, made)
  np.testing.assert_allclose(found, expected, atol=1e-4)
  np.testing.assert_allclose(found, made(observation), atol=2e-5)


def test_a_layer_copied_by_its_configuration_encodes_alike():
  """As TF-Agents copies those that it is given."""
  made = encoding.make_encoding(DEMOS, True, num_frequencies=2)
  layer = encoding.EncodingLayer(made, name='seen')
  copied = encoding.EncodingLayer.from_config(layer.get_config())
  assert copied.name == 'seen'
  found = copied(OBSERVATION[np.newaxis])[0]
  np.testing.assert_allclose(
    found, [*STANDARDIZED, *SINES, *COSINES], atol=1e-6
  )


@pytest.mark.parametrize('observations', [None, DEMOS])
def test_none_where_nothing_is_asked_for(observations):
  assert encoding.make_encoding(observations) is None
  assert encoding.encode(OBSERVATION, None) is OBSERVATION


@pytest.mark.parametrize('observations', [None, DEMOS])
def test_a_negative_number_of_waves_is_refused(observations):
  with pytest.raises(
    ValueError,
    match='make_encoding.num_frequencies is -1; expected int, at least 0',
  ):
    encoding.make_encoding(observations, num_frequencies=-1)


@pytest.mark.parametrize(
  'settings', [{'standardize': True}, {'num_frequencies': 1}]
)
def test_without_demonstrations_it_says_what_to_turn_off(settings):
  with pytest.raises(ValueError, match='no demonstrations.*standardize = Fals'):
    encoding.make_encoding(None, **settings)


@pytest.mark.parametrize(('name', 'value'), [('std_floor', 0.0), ('clip', -1)])
def test_a_bound_that_is_not_positive_is_refused(name, value):
  with pytest.raises(
    ValueError,
    match=f'make_encoding.{name} is {value}; expected float, more than 0',
  ):
    encoding.make_encoding(DEMOS, True, **{name: value})


def test_observations_of_one_number():
  """Are standardised as any; they have no positions, and so no waves."""
  column = np.float32([[1.0], [3.0]])
  encoded = encoding.make_encoding(column, standardize=True)
  np.testing.assert_allclose(encoded(column), [[-1.0], [1.0]])
  with pytest.raises(ValueError, match='num_frequencies is 2; expected 0 for'):
    encoding.make_encoding(column, standardize=True, num_frequencies=2)
