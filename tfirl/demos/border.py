"""The border that every demonstration crosses once: checked, scaled, cut.

Readers hand over what a file holds, as it stands there; past this module
everything is trusted.
"""

import dataclasses
import json
import logging
import re
import typing
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tfirl.demos import ends, outliers, recorder
from tfirl.demos.checking import check, check_real, require_keys, to_flags
from tfirl.demos.raw import RawDemonstrations
from tfirl.demos.scaling import scale_actions
from tfirl.types import Demonstrations

if typing.TYPE_CHECKING:  # readers do without its TensorFlow
  from tfirl.envs.gymnasium_env import GymnasiumEnvironment

_VERSION = re.compile(r'-v\d+$')
_REQUIRED = ('observations', 'actions', 'next_observations')
_FLAGS = ('terminals', 'timeouts')
_OPTIONAL = ('qpos', 'qvel', 'goal', 'rewards')


def check_env_id(source: str, found: str, expected: str) -> None:
  """ValueError if the tasks differ; a warning if only their versions do."""
  found = found.rpartition(':')[2]  # `module:` is imported to register it
  expected = expected.rpartition(':')[2]
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


def _check_env_kwargs(
  source: str, found: Mapping[str, Any] | None, expected: Mapping[str, Any]
) -> None:
  """A warning if the source states any, and they differ."""
  if found is None:
    return
  # As JSON has them: files know lists only, gin files tuples too.
  found, expected = (
    json.loads(recorder.kwargs_text(kwargs)) for kwargs in (found, expected)
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
  num_rows = len(np.atleast_1d(raw.columns['observations']))
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
  """Every number of every column must be real, and finite as float32."""
  for key in _REQUIRED + _OPTIONAL:
    if key in raw.columns:
      check_real(raw.source, key, raw.columns[key])


def _episode_returns(raw: RawDemonstrations, stops: np.ndarray) -> np.ndarray:
  """Undiscounted return of each episode [K], nan where not recorded."""
  if raw.episode_returns is not None:
    returns = np.asarray(raw.episode_returns)
    check_real(raw.source, 'episode_returns', returns)
    ok = returns.shape == stops.shape
    check(ok, raw.source, 'episode_returns', returns.shape, stops.shape)
    return returns.astype(np.float64)
  if 'rewards' not in raw.columns:
    return np.full(len(stops), np.nan)
  starts = np.concatenate([[0], stops[:-1]])
  return np.add.reduceat(raw.columns['rewards'].astype(np.float64), starts)


def _episode_seeds(raw: RawDemonstrations, stops: np.ndarray) -> np.ndarray:
  """Seed of each episode [K] int64, -1 where not recorded."""
  if 'seed' not in raw.columns:
    return np.full(len(stops), -1, np.int64)
  seed = raw.columns['seed']
  integer = seed.dtype.kind in 'iu'
  check(integer, raw.source, 'seed', f'dtype {seed.dtype}', 'integers')
  largest = int(seed.max())
  ok = largest < 2**63
  check(ok, raw.source, 'seed', largest, 'less than 2 ** 63')
  return seed[np.concatenate([[0], stops[:-1]])].astype(np.int64)


def _convert(raw: RawDemonstrations, actions: np.ndarray) -> Demonstrations:
  """Checked columns as `Demonstrations`, of scaled actions."""
  columns = raw.columns

  def optional(key):
    return columns[key].astype(np.float64) if key in columns else None

  demos = Demonstrations(
    observations=columns['observations'].astype(np.float32),
    actions=actions,
    next_observations=columns['next_observations'].astype(np.float32),
    terminals=columns['terminals'],
    timeouts=columns['timeouts'],
    qpos=optional('qpos'),
    qvel=optional('qvel'),
    goal=optional('goal'),
    rewards=optional('rewards'),
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
  env: 'GymnasiumEnvironment | None',
  *,
  select: Callable[[RawDemonstrations], RawDemonstrations] | None = None,
  clip_actions: bool = False,
  accept_demos: bool = False,
) -> Demonstrations:
  """Checks `raw` against the task and brings its actions into [-1, 1].

  Args:
    raw: columns of N rows.
    env: the task's. None if there is no task: sizes are then the data's own,
      and so is the range of actions.
    select: takes the checked demonstrations, returns the rows to use. None:
      all, cut as `ends.mend` says.
    clip_actions: to the environment's range, if some lie beyond it.
    accept_demos: go on where they contradict themselves, with a warning.

  Raises:
    DemonstrationError: naming the file, the key, what was found and what
      expected.
  """
  source = raw.source
  if env is None:
    size, low, high = _own_space(raw)
  else:
    # One without an id takes demonstrations of any.
    check_env_id(source, raw.env_id, env.env_id or raw.env_id)
    _check_env_kwargs(source, raw.env_kwargs, env.env_kwargs)
    (size,) = env.observation_spec().shape
    low, high = env.action_low, env.action_high
  columns = dict(raw.columns)
  for key in _FLAGS:
    if key in columns:
      columns[key] = to_flags(source, key, columns[key])
  raw = dataclasses.replace(raw, columns=columns)
  _check_shapes(raw, size, len(low))
  _check_finite(raw)
  for key in ('observations', 'next_observations'):
    outliers.warn(source, key, raw.columns[key])
  if select is not None:
    raw = select(raw)
  else:
    raw = ends.mend(raw, env and env.max_episode_steps, accept_demos)
  actions = raw.columns['actions']
  return _convert(raw, scale_actions(source, actions, low, high, clip_actions))


def _own_space(raw: RawDemonstrations) -> tuple[int, np.ndarray, np.ndarray]:
  """O, and bounds [A] that hold all actions."""
  require_keys(raw.source, list(raw.columns), ('observations', 'actions'))
  observations = _matrix(raw, 'observations')
  actions = _matrix(raw, 'actions')
  limit = np.abs(actions.astype(np.float64)).max(initial=1.0)
  bound = np.full(actions.shape[1], float(limit))
  return observations.shape[1], -bound, bound


def _matrix(raw: RawDemonstrations, key: str) -> np.ndarray:
  """The column, which must be of real numbers and two axes, none empty."""
  values = np.asarray(raw.columns[key])
  check_real(raw.source, key, values)
  ok = values.ndim == 2 and values.shape[1] > 0
  expected = '(rows, 1 or more)'
  check(ok, raw.source, key, f'shape {values.shape}', expected)
  return values
