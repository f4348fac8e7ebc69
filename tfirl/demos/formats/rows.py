"""Rows and episodes of other layouts, as the columns that the border takes."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from tfirl.demos.checking import check, check_real, to_flags
from tfirl.demos.raw import RawDemonstrations

_ENDS = ('terminals', 'timeouts', 'dones', 'episode_starts', 'episodes')
_KEPT = ('rewards', 'qpos', 'qvel', 'goal', 'seed')


def returns_of(
  rewards: np.ndarray, ends: np.ndarray, kept: np.ndarray
) -> np.ndarray:
  """Returns [K] of the episodes with a row in `kept`, all rows counted.

  Args:
    rewards: [N].
    ends: [N] bool, the last row of each episode.
    kept: [N] bool.
  """
  episode = np.concatenate([[0], np.cumsum(ends)[:-1]])
  returns = np.bincount(episode, weights=rewards.astype(np.float64))
  return returns[np.unique(episode[kept])]


def from_rows(
  source: str, arrays: Mapping[str, np.ndarray]
) -> RawDemonstrations:
  """Rows of episodes one after the other, as far as they are there.

  Without `next_observations` a row leads to the next one's observation, and the
  last row of each episode goes, for where it led is not known; this is said.

  Args:
    source: for messages.
    arrays: observations and actions, [N, .] or [N]; others of `_ENDS` and
      `_KEPT`, [N] or [N, 1].

  Raises:
    DemonstrationError: names the key, what was found and what is expected.
  """
  arrays = {key: _as_rows(key, values) for key, values in arrays.items()}
  if 'seed' in arrays:
    arrays['seed'] = _as_integers(arrays['seed'])
  num_rows = arrays['observations'].shape[:1]
  ok = num_rows not in ((), (0,))
  check(ok, source, 'observations', 'no rows', 'one or more')
  for key, values in arrays.items():
    ok = values.shape[:1] == num_rows
    check(ok, source, key, f'shape {values.shape}', f'{num_rows[0]} rows')
  terminals = _flags(source, arrays, 'terminals')
  ends = _ends(source, arrays)
  columns = {
    'observations': arrays['observations'],
    'actions': arrays['actions'],
    'terminals': terminals,
    'timeouts': ends & ~terminals,
    **{key: arrays[key] for key in _KEPT if key in arrays},
  }
  if 'next_observations' in arrays:
    columns['next_observations'] = arrays['next_observations']
    return RawDemonstrations(source, columns)
  return _paired(source, columns, ends)


def _paired(
  source: str, columns: dict[str, np.ndarray], ends: np.ndarray
) -> RawDemonstrations:
  """Each row with the next one's observation, without the ends [N]."""
  is_known = any(ends[:-1]) or len(ends) > 1
  check(is_known, source, 'observations', 'one row', 'two of an episode')
  kept = ~ends
  check(kept.any(), source, 'episodes', 'none of two rows', 'some')
  returns = None
  if 'rewards' in columns:
    rewards = columns['rewards']
    ok = rewards.ndim == 1 and rewards.dtype.kind in 'iufb'
    check(ok, source, 'rewards', f'shape {rewards.shape}', 'numbers, one a row')
    returns = returns_of(rewards, ends, kept)
  say_left_out(source, int(ends.sum()), int(columns['terminals'].sum()))
  observations = columns['observations']
  columns['next_observations'] = np.roll(observations, -1, axis=0)
  columns['timeouts'] = np.append(ends[1:], False) & kept
  columns['terminals'] = columns['terminals'] & kept
  columns = {key: values[kept] for key, values in columns.items()}
  return RawDemonstrations(source, columns, episode_returns=returns)


def say_left_out(source: str, num_rows: int, num_terminals: int) -> None:
  """That the last rows of episodes went, `num_terminals` of them terminal."""
  logging.warning(
    '%s: where the last action of an episode led is not recorded: %d rows are '
    'left out, %d of them terminal',
    source,
    num_rows,
    num_terminals,
  )


def _as_rows(key: str, values: np.ndarray) -> np.ndarray:
  """[N] of what is [N, 1], but for vectors: those the other way round."""
  is_vector = key in (
    'observations',
    'actions',
    'next_observations',
    'qpos',
    'qvel',
  )
  if is_vector:
    return values[:, np.newaxis] if values.ndim == 1 else values
  return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _as_integers(values: np.ndarray) -> np.ndarray:
  """Whole numbers of a table, which are floats there; others as they are."""
  is_whole = values.dtype.kind == 'f' and bool((values % 1 == 0).all())
  is_exact = is_whole and bool((np.abs(values) < 2**53).all())
  return values.astype(np.int64) if is_exact else values


def _flags(source: str, arrays: Mapping[str, np.ndarray], key: str):
  """[N] bool, all False without the key."""
  if key not in arrays:
    return np.zeros(len(arrays['observations']), bool)
  return to_flags(source, key, arrays[key])


def _ends(source: str, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
  """The last row of each episode, [N] bool, by all that says so."""
  ok = any(key in arrays for key in (*_ENDS, 'next_observations'))
  expected = f'one of {", ".join(_ENDS)}'
  check(ok, source, 'keys', 'nothing that says where episodes end', expected)
  ends = np.zeros(len(arrays['observations']), bool)
  for key in ('terminals', 'timeouts', 'dones'):
    ends |= _flags(source, arrays, key)
  ends[:-1] |= _flags(source, arrays, 'episode_starts')[1:]
  if 'episodes' in arrays:
    numbers = arrays['episodes']
    _check_numbers(source, numbers)
    ends[:-1] |= numbers[1:] != numbers[:-1]
  ends[-1] = True
  return ends


def _check_numbers(source: str, numbers: np.ndarray) -> None:
  """Of episodes: names will do, too."""
  key, found = 'episodes', f'shape {numbers.shape}'
  check(numbers.ndim == 1, source, key, found, 'one a row')
  ok = numbers.dtype.kind in 'biufSU'
  check(ok, source, key, f'dtype {numbers.dtype}', 'numbers, or names')
  if numbers.dtype.kind == 'f':
    check_real(source, key, numbers)


def episode_columns(
  source: str,
  observations: np.ndarray,
  actions: np.ndarray,
  is_terminal: bool,
  next_observations: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
  """The columns of one episode, T rows.

  Args:
    source: for messages.
    observations: [T + 1, O]; or [T, O], of as many actions or one more.
    actions: [T, A]; [T + 1, A] loses the last one, unless:
    next_observations: [T, O], where given: `observations` is [T, O] then.
    is_terminal: whether the last step ended it.

  Raises:
    DemonstrationError: the lengths or ranks don't fit.
  """
  observations, actions = np.asarray(observations), np.asarray(actions)
  ranks = observations.ndim, actions.ndim
  check(ranks == (2, 2), source, 'ranks', ranks, '2: [T + 1, O] and [T, A]')
  if next_observations is None:
    next_observations, observations = observations[1:], observations[:-1]
    if len(actions) == len(observations) + 1:
      actions = actions[:-1]
  steps = len(actions)
  lengths = len(observations), len(next_observations)
  found = f'{lengths[0] + 1} observations and {steps} actions'
  expected = 'one observation more than actions, and an action at least'
  ok = steps > 0 and lengths == (steps, steps)
  check(ok, source, 'lengths', found, expected)
  is_last = np.arange(steps) == steps - 1
  return {
    'observations': observations,
    'actions': actions,
    'next_observations': next_observations,
    'terminals': is_last & is_terminal,
    'timeouts': is_last & (not is_terminal),
  }


def join(
  source: str, episodes: Sequence[Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
  """Columns of all episodes; those that every episode has.

  Raises:
    DemonstrationError: they differ in shape.
  """
  check(len(episodes) > 0, source, 'episodes', 'none', 'one or more')
  keys = set.intersection(*(set(columns) for columns in episodes))
  others = set.union(*(set(columns) for columns in episodes)) - keys
  if others:
    logging.warning(
      '%s: %s: found in some episodes only: left out',
      source,
      ', '.join(sorted(others)),
    )
  joined = {}
  for key in sorted(keys):
    parts = [columns[key] for columns in episodes]
    shapes = sorted({part.shape[1:] for part in parts})
    check(len(shapes) == 1, source, key, f'rows of shapes {shapes}', 'one')
    joined[key] = np.concatenate(parts)
  return joined
