"""Mean 0, standard deviation 1, in double precision."""

import numpy as np

from tfirl.dynamics import normalizer


def test_equals_numpy_where_float32_would_not():
  """1,000,000 +- .01: float32 holds steps of .06 there."""
  rng = np.random.default_rng(0)
  rows = np.stack([1e6 + 0.01 * rng.normal(size=500), rng.normal(size=500)], -1)
  fitted = normalizer.Normalizer(2)
  fitted.fit(rows)
  expected = (rows - rows.mean(0)) / rows.std(0)
  result = fitted(rows)
  assert result.dtype.name == 'float32'
  np.testing.assert_allclose(result, expected, atol=1e-5)


def test_a_constant_column_is_only_shifted():
  fitted = normalizer.Normalizer(1)
  fitted.fit(np.full((10, 1), 3.0))
  np.testing.assert_array_equal(fitted(np.array([[5.0]])), [[2.0]])


def test_begins_as_the_identity():
  rows = np.array([[1.0, -2.0]])
  np.testing.assert_array_equal(normalizer.Normalizer(2)(rows), rows)


def test_the_floor_holds_a_column_that_moves_little():
  fitted = normalizer.Normalizer(3, std_floor=0.1)
  fitted.fit(np.array([[1.0, 0.0, 7.0], [3.0, 0.002, 7.0]]))
  np.testing.assert_allclose(fitted.std, [1.0, 0.1, 1.0])
