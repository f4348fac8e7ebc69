"""Whether demonstrations' actions have to do with their states."""

from collections.abc import Mapping

import numpy as np

from tfirl import types

_MOST_ROWS = 1000  # drawn: all pairs of them are compared
_NEIGHBOURS = 3
_RIDGE = 1e-3  # of columns of deviation 1, a row


def facts(demos: types.Demonstrations) -> Mapping[str, float]:
  """What tells demonstrations whose actions are others' from sound ones.

  Returns:
    `action_r2`: how much of the actions' variance their neighbours in
    observation explain, the mean of 3 others'; 1 for a policy that is smooth
    and sure, 0 or less for actions that have nothing to do with the state.
    `step_r2`: how much of what the observation leaves open of a step s' - s
    the action explains, both linearly, on rows held out; a sound recording of
    a policy that is all noise has that at least. Blank, that is absent, of
    fewer than 20 rows, or where nothing varies.
  """
  rng = np.random.default_rng(0)
  rows = rng.permutation(len(demos))[:_MOST_ROWS]
  if len(rows) < 20:
    return {}
  state = _standard(demos.observations[rows])
  action = _standard(demos.actions[rows])
  step = _standard(demos.next_observations[rows] - demos.observations[rows])
  found = {
    'action_r2': _r2(action, _of_neighbours(state, action)),
    'step_r2': _partial_r2(state, action, step),
  }
  return {name: value for name, value in found.items() if np.isfinite(value)}


def _standard(values: np.ndarray) -> np.ndarray:
  """[N, D] float64 of mean 0 and deviation 1, without still columns."""
  values = np.asarray(values, np.float64)
  std = values.std(axis=0)
  moves = std > 1e-6
  return (values[:, moves] - values[:, moves].mean(axis=0)) / std[moves]


def _of_neighbours(state: np.ndarray, action: np.ndarray) -> np.ndarray:
  """Mean action of the nearest other states, [N, A]."""
  square = np.sum(state**2, axis=1)
  distance = square[:, None] + square - 2.0 * state @ state.T
  np.fill_diagonal(distance, np.inf)
  count = _NEIGHBOURS
  nearest = np.argpartition(distance, count, axis=1)[:, :count]
  return action[nearest].mean(axis=1)


def _partial_r2(state, action, step) -> float:
  """1 - error of (s, a) / error of s, of rows held out."""
  half = len(state) // 2
  both = np.concatenate([state, action], axis=1)
  without, by_both = (
    np.mean((step[half:] - _regression(x[:half], step[:half], x[half:])) ** 2)
    for x in (state, both)
  )
  return float(1.0 - by_both / without) if without else np.nan


def _regression(inputs, outputs, at) -> np.ndarray:
  """Ridge regression's predictions for `at`, whose columns are standard."""
  penalty = _RIDGE * len(inputs) * np.eye(inputs.shape[1])
  weights = np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ outputs)
  return at @ weights


def _r2(values: np.ndarray, predicted: np.ndarray) -> float:
  """Of standard columns, whose variance is 1; nan of none."""
  if not values.shape[1]:
    return np.nan
  return float(1.0 - np.mean((values - predicted) ** 2))
