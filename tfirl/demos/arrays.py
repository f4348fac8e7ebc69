"""Demonstrations from arrays that a program holds."""

import hashlib
import logging
from collections.abc import Iterable, Sequence

import numpy as np

from tfirl import tasks
from tfirl.demos import agreement
from tfirl.demos.border import RawDemonstrations, to_demonstrations
from tfirl.demos.checking import ARRAYS, check, check_real, to_flags
from tfirl.demos.formats import rows
from tfirl.types import Demonstrations, hash_arrays

_NAME = 'from_episodes'
Episode = tuple[np.ndarray, np.ndarray]


def from_episodes(
  episodes: Iterable[Episode],
  task: tasks.Task,
  *,
  terminals: Sequence[bool] | None = None,
  returns: Sequence[float] | None = None,
  clip_actions: bool = False,
  accept_demos: bool = False,
) -> Demonstrations:
  """Whole episodes, each (observations [T + 1, O], actions [T, A]).

  Args:
    episodes: in the environment's own units. With as many observations as
      actions, the last action goes, for where it led is not known; this is
      said.
    task: whose environment they are checked against; ranges that have nothing
      to do with it are a warning.
    terminals: for each episode, whether its last step ended it (a fall, a goal
      that was reached) rather than the clock or whoever recorded it; None if
      none did.
    returns: for each episode, its undiscounted return, if known.
    clip_actions: to the environment's range, if some lie beyond it; by how much
      is said.
    accept_demos: go on, with a warning, where they contradict themselves.

  Raises:
    ValueError: names the episode, what was found and what is expected.
  """
  episodes = _pairs(episodes)
  ended = np.zeros(len(episodes), bool)
  if terminals is not None:
    ended = _one_each('terminals', terminals, episodes)
    ended = to_flags(_NAME, 'terminals', ended)
  parts = _parts(episodes, ended)
  columns = rows.join(_NAME, parts)
  if returns is not None:
    returns = _one_each('returns', returns, episodes)
    check_real(_NAME, 'returns', returns)
  raw = RawDemonstrations(_name_of(columns), columns, episode_returns=returns)
  with task.make_env() as env:
    _warn_of_cuts(parts, ended, env.max_episode_steps)
    demos = to_demonstrations(
      raw, env, clip_actions=clip_actions, accept_demos=accept_demos
    )
    agreement.check(demos, env, accept=True)
    return demos


def _parts(episodes: Sequence[Episode], ended: np.ndarray) -> list[dict]:
  """The columns of each episode; says of how many the last action goes."""
  parts = [
    rows.episode_columns(f'{_NAME}, episode {i}', *arrays, bool(is_end))
    for i, (arrays, is_end) in enumerate(zip(episodes, ended, strict=True))
  ]
  num_cut = sum(
    len(part['actions']) < len(actions)
    for part, (_, actions) in zip(parts, episodes, strict=True)
  )
  if num_cut:
    logging.warning(
      'from_episodes: %d of %d episodes have as many actions as observations: '
      'the last action of each is left out',
      num_cut,
      len(episodes),
    )
  return parts


def _pairs(episodes) -> list[Episode]:
  """The episodes as pairs of arrays; raises DemonstrationError for others."""
  expected = 'a list of (observations, actions)'
  found = type(episodes).__name__
  check(isinstance(episodes, Iterable), _NAME, 'episodes', found, expected)
  episodes = list(episodes)
  check(len(episodes) > 0, _NAME, 'episodes', 0, 'one or more')
  for i, pair in enumerate(episodes):
    is_pair = isinstance(pair, (tuple, list))
    found = f'{len(pair)} parts' if is_pair else _describe(pair)
    ok = is_pair and len(pair) == 2
    expected = '(observations, actions), one such pair an episode'
    check(ok, _NAME, f'episode {i}', found, expected)
  return [
    tuple(_array(f'episode {i}', part) for part in pair)
    for i, pair in enumerate(episodes)
  ]


def _describe(value) -> str:
  if isinstance(value, np.ndarray):
    return f'an array of shape {value.shape}'
  return type(value).__name__


def _array(key: str, values) -> np.ndarray:
  # As netCDF has them; NumPy would take what lies under the mask.
  is_known = not np.ma.is_masked(values)
  check(is_known, _NAME, key, 'masked values', 'numbers')
  try:
    return np.asarray(values)
  except ValueError as error:  # rows of several lengths
    check(False, _NAME, key, f'no array ({error})', 'rows of one length')


def _one_each(name: str, values, episodes: Sequence[Episode]) -> np.ndarray:
  """`values` as an array [K] of the K episodes."""
  is_many = isinstance(values, Iterable) and not isinstance(values, str)
  expected = f'{len(episodes)}, one an episode'
  check(is_many, _NAME, name, repr(values), expected)
  found = _array(name, values if hasattr(values, '__len__') else list(values))
  number = len(np.atleast_1d(found))
  check(number == len(episodes), _NAME, name, number, expected)
  ok = found.size == number
  check(ok, _NAME, name, f'shape {found.shape}', expected)
  return found.reshape(number)


def _name_of(columns: dict[str, np.ndarray]) -> str:
  """Tells arrays from others, on resume."""
  digest = hashlib.sha256()
  hash_arrays(digest, (columns[key] for key in sorted(columns)))
  return f'{ARRAYS}{digest.hexdigest()[:16]}'


def _warn_of_cuts(parts, ended, max_episode_steps: int) -> None:
  short = [
    len(part['actions']) < max_episode_steps and not is_terminal
    for part, is_terminal in zip(parts, ended, strict=True)
  ]
  if any(short):
    logging.warning(
      'from_episodes: %d of %d episodes are shorter than the %d steps of the '
      'time limit and not said to have ended there: taken as cut off. '
      'terminals=[...] says which ended by a fall or at a goal',
      sum(short),
      len(parts),
      max_episode_steps,
    )
