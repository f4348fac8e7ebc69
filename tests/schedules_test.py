"""Schedules against numbers worked by hand."""

import gin
import numpy as np
import pytest

from tfirl import schedules

# 1 -> 0.5 over steps 0..100, held at 0.5 until 200, then 0.25 -> 0 until 300.
SEGMENTS = [(1.0, 0.5, 100), (0.5, 0.5, 200), (0.25, 0.0, 300)]


def test_harmonic_starts_twice_at_one():
  assert [schedules.harmonic(k) for k in range(4)] == [1.0, 1.0, 0.5, 1 / 3]


@pytest.mark.parametrize(
  ('step', 'expected'),
  [
    (0, 1.0),
    (50, 0.75),
    (99, 0.505),
    (100, 0.5),
    (199, 0.5),
    (200, 0.25),  # a jump: the new segment's start
    (260, 0.1),
    (300, 0.0),
    (10**9, 0.0),  # the last end is kept
  ],
)
def test_piecewise_linear_by_hand(step, expected):
  value = schedules.piecewise_linear(step, SEGMENTS)
  assert float(value) == pytest.approx(expected, abs=1e-12)


def test_piecewise_linear_of_an_array_has_its_shape():
  value = schedules.piecewise_linear(np.array([[0, 50], [260, 400]]), SEGMENTS)
  assert value.dtype == np.float64
  np.testing.assert_allclose(value, [[1.0, 0.75], [0.1, 0.0]], atol=1e-12)


def test_piecewise_linear_in_two_gin_scopes():
  gin.parse_config("""
    one/piecewise_linear.segments = [(0.0, 1.0, 10)]
    two/piecewise_linear.segments = [(1.0, 0.0, 10)]
  """)
  values = []
  for scope in ('one', 'two'):
    with gin.config_scope(scope):
      values.append(float(schedules.piecewise_linear(2)))
  assert values == pytest.approx([0.2, 0.8])


@pytest.mark.parametrize(
  ('segments', 'message'),
  [
    ([], r'segments is \[\]; expected at least one'),
    ([(0.0, 1.0, 0)], r'0\)\]; expected at least one, and steps that'),
    ([(0.0, 1.0, 5), (1.0, 0.0, 5)], r'5\)\]; expected at least one'),
    ([(0.0, 1.0, 5), (1.0, 0.0, 4)], r'4\)\]; expected at least one'),
    ([(0.0, 1.0, float('nan'))], r'nan\)\]; expected at least one'),
  ],
)
def test_piecewise_linear_refuses_segments_without_length(segments, message):
  with pytest.raises(ValueError, match=message):
    schedules.piecewise_linear(0, segments)


@pytest.mark.parametrize(
  ('epoch', 'expected'),
  [(0, 1.0), (20, 1.0), (60, 8.0), (80, 11.5), (100, 15.0), (500, 15.0)],
)
def test_truncated_linear_by_hand(epoch, expected):
  value = schedules.truncated_linear(
    epoch, first=20, last=100, minimum=1, maximum=15
  )
  assert value == pytest.approx(expected)


def test_truncated_linear_may_fall():
  assert schedules.truncated_linear(3, 0, 4, 10.0, 2.0) == pytest.approx(4.0)


def test_truncated_linear_refuses_an_empty_ramp():
  with pytest.raises(ValueError, match='last is 5; expected more than first'):
    schedules.truncated_linear(0, 5, 5, 0.0, 1.0)
