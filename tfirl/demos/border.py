"""The border that every demonstration crosses once: checked, scaled, cut.

Readers hand over what a file holds, as it stands there; past this module
everything is trusted.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from absl import logging

from tfirl.demos.checking import check, require_keys, to_flags
from tfirl.demos.scaling import scale_actions
from tfirl.demos.selection import take
from tfirl.types import Demonstrations

_VERSION = re.compile(r'-v\d+$')
_REQUIRED = ('observations', 'actions', 'next_observations')
_FLAGS = ('terminals', 'timeouts')
_OPTIONAL = ('qpos', 'qvel', 'goal', 'rewards')


@dataclasses.dataclass
class RawDemonstrations:
  """What a reader found, unchecked and in the environment's action scale.

  Attributes:
    source: the file or data set, for messages.
    columns: arrays of one row a transition: observations, actions,
      next_observations, terminals, timeouts; qpos, qvel, goal, rewards, seed
      (of the row's episode) if recorded; success, of a maze, if the step
      that reached the goal is missing after a row.
    env_id: '' if the source doesn't say.
    env_kwargs: what the environment was made with; None if it doesn't say.
    episode_returns: [K] as recorded, or None: summed from `rewards`.
    num_attempts: episodes played to record those here; None if unknown.
  """

  source: str
  columns: dict[str, np.ndarray]
  env_id: str = ''
  env_kwargs: Mapping[str, Any] | None = None
  versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
  episode_returns: np.ndarray | None = None
  num_attempts: int | None = None

  @property
  def episode_ends(self) -> np.ndarray:
    """Exclusive end row of each episode, [K], as in `Demonstrations`."""
    columns = self.columns
    ends = (columns['terminals'] != 0) | (columns['timeouts'] != 0)
    ends[-1:] = True
    return np.flatnonzero(ends) + 1


def check_env_id(source: str, found: str, expected: str) -> None:
  """ValueError if the tasks differ; a warning if only their versions do."""
  if not found or found == expected:
    return
  check(
    _VERSION.sub('', found) == _VERSION.sub('', expected),
    source,
    'env_id',
    f'demonstrations of {found!r}',
    f'of {expected!r}',
  )
  logging.warning(
    '%s: recorded in %s, used with %s: their dynamics and rewards may differ.',
    source,
    found,
    expected,
  )


def check_env_kwargs(
  source: str,
  found: Mapping[str, Any] | None,
  expected: Mapping[str, Any] | None,
) -> None:
  """A warning if both are known and differ."""
  if found is None or expected is None:
    return
  # As JSON has them: files know lists only, gin files tuples too.
  found, expected = (
    json.loads(json.dumps(dict(kwargs), default=str))
    for kwargs in (found, expected)
  )
  if found != expected:
    logging.warning(
      '%s: env_kwargs: found %s, expected %s, those of the task: its dynamics '
      'and rewards may differ.',
      source,
      found,
      expected,
    )


def _check_shapes(
  raw: RawDemonstrations, observation_size: int, action_size: int
) -> None:
  """Every column must be of N rows and of its width."""
  require_keys(raw.source, list(raw.columns), _REQUIRED + _FLAGS)
  num_rows = len(raw.columns['observations'])
  check(num_rows > 0, raw.source, 'observations', 'no rows', 'one or more')
  widths = {
    'observations': observation_size,
    'actions': action_size,
    'next_observations': observation_size,
    'goal': 2,
  }
  for key, values in raw.columns.items():
    shape = np.shape(values)
    if key in widths:
      expected = (num_rows, widths[key])
      ok = shape == expected
    elif key in ('qpos', 'qvel'):
      expected = f'({num_rows}, any)'
      ok = len(shape) == 2 and shape[0] == num_rows
    else:
      expected = (num_rows,)
      ok = shape == expected
    check(ok, raw.source, key, f'shape {shape}', f'shape {expected}')


def _check_finite(raw: RawDemonstrations) -> None:
  """Every number of every column must be a finite float or integer."""
  for key in _REQUIRED + _OPTIONAL:
    if key not in raw.columns:
      continue
    values = raw.columns[key]
    numeric = np.issubdtype(values.dtype, np.number)
    check(numeric, raw.source, key, f'dtype {values.dtype}', 'real numbers')
    finite = np.isfinite(values)
    if not finite.all():
      row = int(np.argwhere(~finite)[0][0])
      found = f'{int((~finite).sum())} NaN or inf, the first in row {row}'
      check(False, raw.source, key, found, 'finite numbers')


def _episode_returns(raw: RawDemonstrations, ends: np.ndarray) -> np.ndarray:
  """Undiscounted return of each episode [K], nan where not recorded."""
  if raw.episode_returns is not None:
    returns = np.asarray(raw.episode_returns, np.float64)
    ok = returns.shape == ends.shape
    check(ok, raw.source, 'episode_returns', returns.shape, ends.shape)
    return returns
  if 'rewards' not in raw.columns:
    return np.full(len(ends), np.nan)
  starts = np.concatenate([[0], ends[:-1]])
  return np.add.reduceat(raw.columns['rewards'].astype(np.float64), starts)


def _episode_seeds(raw: RawDemonstrations, ends: np.ndarray) -> np.ndarray:
  """Seed of each episode [K] int64, -1 where not recorded."""
  if 'seed' not in raw.columns:
    return np.full(len(ends), -1, np.int64)
  seed = raw.columns['seed']
  integer = np.issubdtype(seed.dtype, np.integer)
  check(integer, raw.source, 'seed', f'dtype {seed.dtype}', 'integers')
  return seed[np.concatenate([[0], ends[:-1]])].astype(np.int64)


def _convert(
  raw: RawDemonstrations, action_low: np.ndarray, action_high: np.ndarray
) -> Demonstrations:
  """Checked columns as `Demonstrations`, actions scaled."""
  columns = raw.columns

  def optional(key):
    return columns[key].astype(np.float64) if key in columns else None

  demos = Demonstrations(
    observations=columns['observations'].astype(np.float32),
    actions=scale_actions(
      raw.source, columns['actions'], action_low, action_high
    ),
    next_observations=columns['next_observations'].astype(np.float32),
    terminals=columns['terminals'],
    timeouts=columns['timeouts'],
    qpos=optional('qpos'),
    qvel=optional('qvel'),
    goal=optional('goal'),
    env_id=raw.env_id,
    env_kwargs=dict(raw.env_kwargs or {}),
    versions=dict(raw.versions),
    source=raw.source,
  )
  return dataclasses.replace(
    demos,
    episode_seeds=_episode_seeds(raw, demos.episode_ends),
    episode_returns=_episode_returns(raw, demos.episode_ends),
  )


def to_demonstrations(
  raw: RawDemonstrations,
  *,
  env_id: str,
  observation_size: int,
  action_low: np.ndarray,
  action_high: np.ndarray,
  num_episodes: int | None = None,
  episode_seed: int | None = None,
  max_transitions: int | None = None,
  env_kwargs: Mapping[str, Any] | None = None,
  select: Callable[[RawDemonstrations], RawDemonstrations] | None = None,
) -> Demonstrations:
  """Checks `raw` against the task and brings its actions into [-1, 1].

  Args:
    raw: columns of N rows.
    env_id: the task's Gymnasium id; '' accepts demonstrations of any.
    observation_size: O.
    action_low: [A], the environment's scale.
    action_high: [A].
    num_episodes: keep so many episodes; None keeps all.
    episode_seed: draws them, without replacement; None keeps the first.
    max_transitions: of those, keep the first so many rows; None keeps all. A
      warning if that cuts what `num_episodes` asks for.
      Returns of episodes stay those recorded.
    env_kwargs: what the task's environment is made with; demonstrations that
      state others are warned of. None: not compared.
    select: takes the checked demonstrations, returns the rows to use, before
      episodes and rows are counted. None: all.

  Raises:
    ValueError: naming the file, the key, what was found and what expected.
  """
  source = raw.source
  check_env_id(source, raw.env_id, env_id or raw.env_id)
  check_env_kwargs(source, raw.env_kwargs, env_kwargs)
  columns = dict(raw.columns)
  for key in _FLAGS:
    if key in columns:
      columns[key] = to_flags(source, key, columns[key])
  raw = dataclasses.replace(raw, columns=columns)
  _check_shapes(raw, observation_size, len(action_low))
  _check_finite(raw)
  if select is not None:
    raw = select(raw)
  demos = _convert(raw, action_low, action_high)
  return take(demos, num_episodes, episode_seed, max_transitions)
