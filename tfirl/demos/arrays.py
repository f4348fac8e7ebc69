"""Demonstrations from arrays that a program holds."""

import hashlib
from collections.abc import Sequence

import numpy as np
from absl import logging

from tfirl import tasks
from tfirl.demos import agreement
from tfirl.demos.border import RawDemonstrations, to_demonstrations
from tfirl.demos.checking import check
from tfirl.demos.formats import rows
from tfirl.types import Demonstrations, hash_arrays

Episode = tuple[np.ndarray, np.ndarray]


def from_episodes(
  episodes: Sequence[Episode],
  task: tasks.Task,
  *,
  terminals: Sequence[bool] | None = None,
  returns: Sequence[float] | None = None,
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

  Raises:
    ValueError: names the episode, what was found and what is expected.
  """
  check(len(episodes) > 0, 'from_episodes', 'episodes', 0, 'one or more')
  ended = [False] * len(episodes) if terminals is None else list(terminals)
  _check_number('terminals', ended, episodes)
  parts = [
    rows.episode_columns(f'from_episodes, episode {i}', *arrays, bool(is_end))
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
  columns = rows.join('from_episodes', parts)
  if returns is not None:
    _check_number('returns', returns, episodes)
    returns = np.asarray(returns, np.float64)
  raw = RawDemonstrations(_name_of(columns), columns, episode_returns=returns)
  with task.make_env() as env:
    _warn_of_cuts(parts, ended, env.max_episode_steps)
    demos = to_demonstrations(
      raw,
      env_id=env.env_id,
      observation_size=env.observation_spec().shape[0],
      action_low=env.action_low,
      action_high=env.action_high,
      max_episode_steps=env.max_episode_steps,
    )
    agreement.check(demos, env, accept=True)
    return demos


def _check_number(name, values, episodes) -> None:
  ok = len(values) == len(episodes)
  expected = f'{len(episodes)}, one an episode'
  check(ok, 'from_episodes', name, len(values), expected)


def _name_of(columns: dict[str, np.ndarray]) -> str:
  """Tells arrays from others, on resume."""
  digest = hashlib.sha256()
  hash_arrays(digest, (columns[key] for key in sorted(columns)))
  return f'arrays:{digest.hexdigest()[:16]}'


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
