"""A row's content decides, alike for ever and evenly; no more than allowed."""

import numpy as np
import pytest

from tfirl import types
from tfirl.dynamics import holdout


def _is_held_out(rows, share):
  keys = holdout.keys_of(rows)
  return keys < holdout.bound_of(share, keys, None)


def _rows(observation, action):
  observation, action = np.float32(observation), np.float32(action)
  return types.Transition(
    observation, action, np.ones(len(observation)), observation
  )


@pytest.mark.parametrize('share', [0.05, 0.2, 0.5])
@pytest.mark.parametrize('scale', [1.0, 1e-3])
def test_share(share, scale):
  """Of random rows, and of rows that hardly differ: four deviations."""
  rng = np.random.default_rng(0)
  number = 50_000
  rows = _rows(
    1.25 + scale * rng.normal(size=(number, 11)), rng.normal(size=(number, 3))
  )
  found = _is_held_out(rows, share).mean()
  assert abs(found - share) < 4.0 * np.sqrt(share * (1 - share) / number)


def test_share_of_rows_in_small_steps():
  """One column that counts up, and all else the same."""
  observation = np.zeros((20_000, 4))
  observation[:, 2] = np.arange(20_000)
  found = _is_held_out(_rows(observation, np.zeros((20_000, 2))), 0.2)
  assert abs(found.mean() - 0.2) < 0.012
  # Neighbours decide apart: of two, both are held out 4 % of the time.
  assert abs((found[1:] & found[:-1]).mean() - 0.04) < 0.01


def test_decides_alike_in_any_order_and_company():
  rng = np.random.default_rng(1)
  rows = _rows(rng.normal(size=(1000, 5)), rng.normal(size=(1000, 2)))
  first = _is_held_out(rows, 0.3)
  order = rng.permutation(1000)[:400]
  again = _is_held_out(types.Transition(*(field[order] for field in rows)), 0.3)
  np.testing.assert_array_equal(again, first[order])
  # A copy of a row is on the same side: no row is ever on both.
  twice = types.Transition(*(np.concatenate([f, f]) for f in rows))
  np.testing.assert_array_equal(
    _is_held_out(twice, 0.3), np.concatenate([first, first])
  )


def test_is_the_same_on_every_machine():
  """A checkpoint's rows must fall on the same sides when it is restored."""
  values = np.arange(40, dtype=np.float32).reshape(20, 2)
  found = _is_held_out(_rows(values, values), 0.5)
  assert np.flatnonzero(found).tolist() == _HELD_OUT


_HELD_OUT = [0, 2, 5, 8, 9, 11, 12, 13, 18, 19]


def test_bound_by_hand():
  keys = np.array([7, 1, 5, 3, 3], np.uint64)
  half = 4 / holdout.NUM_KEYS
  assert holdout.bound_of(half, keys, None) == 4
  assert holdout.bound_of(half, keys, 3) == 4  # 1, 3 and 3 are below
  assert holdout.bound_of(half, keys, 2) == 3  # copies go together
  assert holdout.bound_of(half, keys, 1) == 3
  assert holdout.bound_of(half, keys, 9) == 4
  assert holdout.bound_of(half, keys[:0], 2) == 4
