"""What demonstrations say of the ends of episodes, held against their states.

A time-out that is taken as a terminal teaches that standing is as bad as
falling; two episodes that are taken as one teach a step that no robot takes.
"""

import dataclasses
import logging

import numpy as np

from tfirl.demos import jumps
from tfirl.demos.checking import check, option
from tfirl.demos.raw import RawDemonstrations

# Of the rows whose successor should be the next row's observation.
_MOST_BREAKS = 0.5
_MOST_STILL = 0.9
# Of the ends: an environment may begin where it ended, a robot that no one
# carries back say; and of all rows, where that is no more to be believed.
_MOST_CONTINUED, _MOST_ENDS = 0.9, 0.4
# So few say nothing of the rest.
_FEWEST = 8


def mend(
  raw: RawDemonstrations, max_episode_steps: int | None, accept: bool
) -> RawDemonstrations:
  """Demonstrations whose flags agree with each other and with the states.

  Args:
    raw: with checked columns, its flags bool.
    max_episode_steps: of the task; None if it is not known.
    accept: go on, with a warning, where it would refuse.

  Returns:
    `raw`, or one with other flags, which is said: an episode is cut where the
    next row's observation is not its successor; a row that is terminal and
    timed out is terminal alone; if all episodes of full length end in a
    terminal, they are time-outs.

  Raises:
    DemonstrationError: successors are the observations themselves, or belong
      to other rows, or go on after nearly every row that is said to be an end.
  """
  terminals = raw.columns['terminals'].copy()
  timeouts = raw.columns['timeouts'].copy()
  _check_motion(raw, accept)
  if max_episode_steps != 1:
    _check_ends(raw, terminals | timeouts, accept)
  is_cut = _cuts(raw, terminals | timeouts, accept)
  timeouts |= is_cut
  _take_full_length_as_timeouts(
    raw.source, terminals, timeouts, max_episode_steps
  )
  both = terminals & timeouts
  if both.any():
    _say(
      raw.source,
      'terminals, timeouts',
      'both set in %d rows: taken as terminal',
      both.sum(),
    )
    timeouts &= ~terminals
  _warn_of_length(raw.source, terminals | timeouts, max_episode_steps)
  columns = {**raw.columns, 'terminals': terminals, 'timeouts': timeouts}
  returns = None if is_cut.any() else raw.episode_returns
  return dataclasses.replace(raw, columns=columns, episode_returns=returns)


def refuse(accept: bool, source: str, key: str, found: str, expected) -> None:
  """Raises DemonstrationError, or warns if they are accepted."""
  if accept:
    logging.warning('%s: %s: found %s; accepted', source, key, found)
    return
  way = option(source, 'accept_demos', has_flag=True)
  check(False, source, key, found, f'{expected}; {way} goes on all the same')


def _say(source: str, key: str, what: str, *values) -> None:
  logging.warning(f'%s: %s: {what}', source, key, *values)


def _check_motion(raw: RawDemonstrations, accept: bool) -> None:
  """Successors must not be the observations themselves."""
  columns = raw.columns
  still = (columns['observations'] == columns['next_observations']).all(axis=1)
  if len(still) < _FEWEST or still.mean() < _MOST_STILL:
    return
  found = f'those of `observations` in {still.sum()} of {len(still)} rows'
  refuse(accept, raw.source, 'next_observations', found, 'where steps led')


def _check_ends(raw: RawDemonstrations, ends: np.ndarray, accept: bool) -> None:
  """Episodes should not all begin where the one before ended; ends are [N].

  Rows that lead nowhere tell nothing: where every episode begins at the same
  place, and its step does not move, the next one begins there too.
  """
  before, after = (
    raw.columns[key] for key in ('observations', 'next_observations')
  )
  moved = (before != after).any(axis=1)[:-1]
  ends = ends[:-1] & moved
  continued = int((ends & ~jumps.breaks(before, after)).sum())
  if continued < _FEWEST or continued < _MOST_CONTINUED * ends.sum():
    return
  found = (
    f'an end in {ends.sum()} of {len(moved)} rows, after which the next row '
    f'goes on from where the step led in {continued}'
  )
  if continued > _MOST_ENDS * moved.sum():
    expected = '1 where an episode ended (are they inverted?)'
    refuse(accept, raw.source, 'terminals, timeouts', found, expected)
  else:
    _say(raw.source, 'terminals, timeouts', 'found %s', found)


def _cuts(raw: RawDemonstrations, ends: np.ndarray, accept: bool) -> np.ndarray:
  """Rows that end an episode and don't say so, [N] bool; these are said."""
  columns = raw.columns
  broken = np.append(
    jumps.breaks(columns['observations'], columns['next_observations']), False
  )
  is_cut = broken & ~ends
  inside = int((~ends[:-1]).sum())
  if not is_cut.any():
    return is_cut
  found = f'another than the next row observes in {is_cut.sum()} of {inside}'
  if inside >= _FEWEST and is_cut.sum() > _MOST_BREAKS * inside:
    expected = 'episodes in their order, each row with its own successor'
    refuse(accept, raw.source, 'next_observations', f'{found} rows', expected)
  _say(
    raw.source,
    'next_observations',
    f'found {found} rows that end no episode: cut there, as by time-outs',
  )
  return is_cut


def _take_full_length_as_timeouts(
  source: str,
  terminals: np.ndarray,
  timeouts: np.ndarray,
  max_episode_steps: int | None,
) -> None:
  """Changes the flags [N] in place."""
  ends = np.flatnonzero(terminals | timeouts)
  full = ends[np.diff(ends, prepend=-1) == max_episode_steps]
  if not len(full) or not terminals[full].all():
    return
  _say(
    source,
    'terminals',
    'all %d episodes of the full %d steps end in a terminal: taken as '
    'time-outs',
    len(full),
    max_episode_steps,
  )
  terminals[full], timeouts[full] = False, True


def _warn_of_length(
  source: str, ends: np.ndarray, max_episode_steps: int | None
) -> None:
  last = np.append(np.flatnonzero(ends[:-1]), len(ends) - 1)
  longest = int(np.diff(last, prepend=-1).max())
  if max_episode_steps is not None and longest > max_episode_steps:
    _say(
      source,
      'episodes',
      "the longest has %d steps, the task's time limit is %d: are ends "
      'missing?',
      longest,
      max_episode_steps,
    )
