"""Arrays are held against the task as files are."""

import numpy as np
import pytest

from tfirl import tasks
from tfirl.demos import arrays
from tfirl.demos.checking import DemonstrationError

_PENDULUM = tasks.Task('pendulum', env_id='Pendulum-v1')


def _episode(offset=0.0):
  rng = np.random.default_rng(0)
  angle = np.cumsum(rng.uniform(-0.1, 0.1, 201))
  columns = [np.cos(angle), np.sin(angle), np.gradient(angle)]
  return np.stack(columns, axis=1) + offset, rng.uniform(-2, 2, (200, 1))


def test_ranges_that_are_not_the_environments_are_a_warning(caplog):
  arrays.from_episodes([_episode()], _PENDULUM)
  assert not caplog.records
  arrays.from_episodes([_episode(offset=40.0)], _PENDULUM)
  assert 'where episodes of Pendulum-v1 begin at' in caplog.text


def test_all_that_end_at_the_limit_are_time_outs(caplog):
  demos = arrays.from_episodes([_episode()], _PENDULUM, terminals=[True])
  assert demos.timeouts[-1] and not demos.terminals.any()
  assert 'taken as time-outs' in caplog.text


@pytest.mark.parametrize(
  ('episodes', 'message'),
  [
    (None, 'episodes: found NoneType; expected a list of'),
    ([], 'episodes: found 0'),
    (_episode(), r'episode 0: found an array of shape \(201, 3\); expected'),
    ([(*_episode(), 0)], 'episode 0: found 3 parts'),
    ([_episode(), 5], 'episode 1: found int'),
    ([([[1, 2], [3]], [[0]])], 'episode 0: found no array'),
    (
      [(np.ma.masked_greater(_episode()[0], 0.9), _episode()[1])],
      'episode 0: found masked values; expected numbers',
    ),
  ],
)
def test_what_is_no_list_of_pairs_is_named(episodes, message):
  with pytest.raises(DemonstrationError, match=f'from_episodes: {message}'):
    arrays.from_episodes(episodes, _PENDULUM)


def test_a_generator_is_taken():
  found = arrays.from_episodes((_episode() for _ in range(2)), _PENDULUM)
  assert found.episode_ends.tolist() == [200, 400]


@pytest.mark.parametrize(
  ('options', 'message'),
  [
    ({'terminals': ['False', 'False']}, 'terminals: found dtype <U5'),
    ({'terminals': [np.nan, 2]}, 'terminals: found the value nan'),
    ({'terminals': [None, True]}, 'terminals: found dtype object'),
    ({'terminals': True}, 'terminals: found True; expected 2, one an episode'),
    ({'terminals': [True]}, 'terminals: found 1; expected 2, one an episode'),
    ({'terminals': np.ones((2, 3))}, r'terminals: found shape \(2, 3\)'),
    ({'returns': 3.0}, 'returns: found 3.0; expected 2, one an episode'),
    ({'returns': ['a', 'b']}, 'returns: found dtype <U1; expected real'),
  ],
)
def test_what_is_said_of_episodes_must_be_that(options, message):
  with pytest.raises(DemonstrationError, match=f'from_episodes: {message}'):
    arrays.from_episodes([_episode()] * 2, _PENDULUM, **options)


def test_a_row_that_swamps_all_others_is_said(caplog):
  observations, actions = _episode()
  observations[7, 1] = 3e38
  arrays.from_episodes([(observations, actions)], _PENDULUM)
  assert 'observations: found 3e+38 in row 7, column 1, ' in caplog.text


def test_actions_beyond_the_range_are_clipped_if_asked_for(caplog):
  observations, actions = _episode()
  episodes = [(observations, 3 * actions)]
  with pytest.raises(DemonstrationError, match='or clip_actions=True$'):
    arrays.from_episodes(episodes, _PENDULUM)
  demos = arrays.from_episodes(episodes, _PENDULUM, clip_actions=True)
  assert np.abs(demos.actions).max() > 0.999
  assert 'are beyond the range [-2, 2]: clipped' in caplog.text


def test_rows_that_do_not_move_are_taken_if_asked_for(caplog):
  observations, actions = _episode()
  observations[:] = observations[0]
  episodes = [(observations, actions)]
  advice = 'where steps led; accept_demos=True goes on all the same$'
  with pytest.raises(DemonstrationError, match=advice):
    arrays.from_episodes(episodes, _PENDULUM)
  demos = arrays.from_episodes(episodes, _PENDULUM, accept_demos=True)
  assert len(demos) == 200
  assert 'in 200 of 200 rows; accepted' in caplog.text
