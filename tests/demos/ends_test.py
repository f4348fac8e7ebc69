"""Flags that contradict each other, or the states."""

import numpy as np
import pytest

from tfirl.demos import ends, jumps
from tfirl.demos.checking import DemonstrationError
from tfirl.demos.raw import RawDemonstrations

_LIMIT, _EPISODES = 10, 3
_ROWS = _LIMIT * _EPISODES
_IS_LAST = np.arange(_ROWS) % _LIMIT == _LIMIT - 1


def _raw(**changes):
  rng = np.random.default_rng(0)
  paths = np.cumsum(rng.normal(size=(_EPISODES, _LIMIT + 1, 2)), axis=1)
  columns = {
    'observations': paths[:, :-1].reshape(_ROWS, 2),
    'actions': np.zeros((_ROWS, 1)),
    'next_observations': paths[:, 1:].reshape(_ROWS, 2),
    'terminals': np.zeros(_ROWS, bool),
    'timeouts': _IS_LAST,
    'rewards': np.ones(_ROWS),
    **changes,
  }
  return RawDemonstrations('d.npz', columns)


def _mend(accept=False, limit=_LIMIT, **changes):
  raw = ends.mend(_raw(**changes), limit, accept)
  return [
    np.flatnonzero(raw.columns[key]).tolist()
    for key in ('terminals', 'timeouts')
  ]


_LAST = [9, 19, 29]


def test_what_agrees_stays_as_it_is(caplog):
  assert _mend() == [[], _LAST]
  assert not caplog.records


def test_episodes_that_run_into_each_other_are_cut_where_states_jump(caplog):
  assert _mend(timeouts=np.zeros(_ROWS, bool)) == [[], [9, 19]]
  assert 'another than the next row observes in 2 of 29 rows' in caplog.text


def test_time_outs_marked_terminal_are_time_outs(caplog):
  nothing = np.zeros(_ROWS, bool)
  assert _mend(terminals=_IS_LAST, timeouts=nothing) == [[], _LAST]
  assert 'all 3 episodes of the full 10 steps end in a terminal' in caplog.text
  assert _mend(terminals=_IS_LAST, limit=None) == [_LAST, []]
  # One of them is a time-out: whoever wrote them knew the difference.
  second = np.arange(_ROWS) == 19
  assert _mend(terminals=second) == [[19], [9, 29]]


def test_a_fall_before_the_limit_stays_a_fall():
  fall = np.arange(_ROWS) == 4
  assert _mend(terminals=_IS_LAST | fall, timeouts=_IS_LAST & False) == [
    [4, 9],
    [19, 29],
  ]


def test_both_flags_are_a_terminal_before_the_limit(caplog):
  both = np.arange(_ROWS) == 4
  assert _mend(terminals=both, timeouts=_IS_LAST | both) == [[4], _LAST]
  assert 'both set in 1 rows: taken as terminal' in caplog.text


@pytest.mark.parametrize(
  ('changes', 'message'),
  [
    (
      {'next_observations': np.roll(_raw().columns['observations'], 7, 0)},
      'another than the next row observes in 2[0-9] of 27 rows',
    ),
    (
      {'next_observations': _raw().columns['observations']},
      'those of `observations` in 30 of 30 rows',
    ),
  ],
)
def test_successors_of_other_rows_are_refused(changes, message, caplog):
  with pytest.raises(DemonstrationError, match=f'd.npz: next_.*{message}'):
    _mend(**changes)
  assert _mend(accept=True, **changes)
  assert 'accepted' in caplog.text


def test_an_episode_beyond_the_limit_is_a_warning(caplog):
  _mend(limit=5)
  assert "longest has 10 steps, the task's time limit is 5" in caplog.text


def test_returns_of_cut_episodes_are_summed_anew():
  raw = _raw(timeouts=np.zeros(_ROWS, bool))
  raw.episode_returns = np.array([30.0])
  assert ends.mend(raw, None, False).episode_returns is None


def test_leaps_are_the_resets_not_the_impacts():
  """A point that bounces: velocities turn at the ground, positions don't."""
  steps = np.arange(400)
  height = np.abs(np.sin(2 * np.pi * steps / 40))
  columns = [height, np.gradient(height), 0.02 * steps, np.cos(steps / 9)]
  states = np.stack(columns, axis=1)
  two = np.concatenate([states, states[50:250]])
  assert np.flatnonzero(jumps.leaps(two)).tolist() == [399]


@pytest.mark.parametrize('key', ['terminals', 'timeouts'])
@pytest.mark.parametrize('flags', [np.ones(_ROWS, bool), ~_IS_LAST])
def test_ends_after_which_the_episode_goes_on_are_refused(key, flags, caplog):
  """All rows, or an inverted mask: of 29, 27 have their successor."""
  number = int(flags[:-1].sum())
  found = f'an end in {number} of 29 rows, after which .* led in 27'
  changes = {'timeouts': np.zeros(_ROWS, bool), key: flags}
  with pytest.raises(DemonstrationError, match=found):
    _mend(**changes)
  _mend(accept=True, **changes)
  assert 'accepted' in caplog.text


def test_a_robot_that_no_one_carries_back_is_said(caplog):
  """Ten episodes of three steps, each beginning where the last one ended."""
  path = np.cumsum(np.ones((_ROWS + 1, 2)), axis=0)
  last = np.arange(_ROWS) % 3 == 2
  found = _mend(
    observations=path[:-1], next_observations=path[1:], timeouts=last
  )
  assert found == [[], np.flatnonzero(last).tolist()]
  assert 'an end in 9 of 29 rows' in caplog.text


@pytest.mark.parametrize('limit', [1, 10, None])
@pytest.mark.parametrize('kind', ['to a goal', 'drawn'])
def test_episodes_of_one_step_are_taken(limit, kind):
  rng = np.random.default_rng(1)
  starts, ends_at = {
    'to a goal': (np.zeros((_ROWS, 2)), np.ones((_ROWS, 2))),
    'drawn': (rng.normal(size=(_ROWS, 2)), rng.normal(size=(_ROWS, 2))),
  }[kind]
  every = np.ones(_ROWS, bool)
  found = _mend(
    limit=limit,
    observations=starts,
    next_observations=ends_at,
    terminals=every,
    timeouts=~every,
  )
  rows = list(range(_ROWS))
  assert found == ([[], rows] if limit == 1 else [rows, []])
