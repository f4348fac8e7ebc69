"""Some episodes of a source: which, in what order, and of what is left."""

import numpy as np
import pytest
from spec_env import load

from tfirl import tasks
from tfirl.demos.border import RawDemonstrations
from tfirl.demos.formats import npz

# Episodes of 3, 1, 4, 2 and 2 rows; the last one has no flag at its end.
_LENGTHS = (3, 1, 4, 2, 2)
_EPISODE = np.repeat(np.arange(5), _LENGTHS)


@pytest.fixture
def path(tmp_path):
  """A file of the episodes, whose rows begin with their episode's number."""
  num_rows = len(_EPISODE)
  observations = np.random.default_rng(0).normal(size=(num_rows, 11))
  successors = np.roll(observations, -1, axis=0)
  observations[:, 0] = successors[:, 0] = _EPISODE
  is_end = np.append(np.diff(_EPISODE) > 0, False)
  columns = {
    'observations': observations.astype(np.float32),
    'actions': np.zeros((num_rows, 3), np.float32),
    'next_observations': successors.astype(np.float32),
    'terminals': is_end & (_EPISODE == 1),
    'timeouts': is_end & (_EPISODE != 1),
    'rewards': np.ones(num_rows, np.float32),
    'seed': 10 + _EPISODE,
    'qpos': np.arange(6.0 * num_rows).reshape(num_rows, 6),
  }
  found = str(tmp_path / 'five.npz')
  npz.save_npz(RawDemonstrations(found, columns, 'Hopper-v5'), found)
  return found


def _check_is(demos, episodes):
  """All that `demos` has is of those episodes, in that order."""
  lengths = [_LENGTHS[i] for i in episodes]
  np.testing.assert_array_equal(
    demos.observations[:, 0], np.repeat(episodes, lengths)
  )
  np.testing.assert_array_equal(
    demos.next_observations[:, 0], demos.observations[:, 0]
  )
  np.testing.assert_array_equal(demos.episode_ends, np.cumsum(lengths))
  np.testing.assert_array_equal(demos.episode_returns, lengths)
  np.testing.assert_array_equal(demos.episode_seeds, 10 + np.array(episodes))
  rows = np.flatnonzero(np.isin(_EPISODE, episodes))
  np.testing.assert_array_equal(demos.qpos[:, 0], 6 * rows)
  assert len(demos.actions) == len(demos.terminals) == len(rows)


@pytest.mark.parametrize('number', [1, 2, 5])
def test_the_first_ones(path, number):
  _check_is(load(path, num_episodes=number), list(range(number)))


def test_none_is_all_whatever_the_seed(path):
  _check_is(load(path), list(range(5)))
  _check_is(load(path, episode_seed=3), list(range(5)))


def test_a_seed_draws_them_in_their_order(path):
  drawn = []
  for seed in range(30):
    demos = load(path, num_episodes=3, episode_seed=seed)
    episodes = (demos.episode_seeds - 10).tolist()
    assert len(episodes) == 3 and episodes == sorted(set(episodes))
    _check_is(demos, episodes)
    again = load(path, num_episodes=3, episode_seed=seed)
    np.testing.assert_array_equal(again.episode_seeds, demos.episode_seeds)
    drawn.append(tuple(episodes))
  # 10 subsets; 30 draws miss one of them with a chance of .04.
  assert len(set(drawn)) >= 8
  _check_is(load(path, num_episodes=5, episode_seed=1), list(range(5)))


def test_rows_are_counted_after_episodes(path):
  demos = load(path, num_episodes=3, episode_seed=7, max_transitions=2)
  whole = load(path, num_episodes=3, episode_seed=7)
  np.testing.assert_array_equal(demos.qpos, whole.qpos[:2])
  assert len(load(path, num_episodes=1, max_transitions=9)) == 3


def test_episodes_that_are_asked_for_and_cut_are_a_warning(path, caplog):
  load(path, num_episodes=3, max_transitions=9)
  load(path, max_transitions=2)
  assert 'max_transitions' not in caplog.text
  load(path, num_episodes=3, max_transitions=sum(_LENGTHS[:2]))
  assert '(--num_demos) = 3, max_transitions = ' in caplog.text
  assert 'keeps the first: 2 episodes' in caplog.text


@pytest.mark.parametrize('number', [0, -2, 1.0, '2', True])
def test_what_is_no_number_of_episodes(path, number):
  with pytest.raises(
    ValueError,
    match=f'load_demonstrations.num_episodes is {number!r}; expected int, at',
  ):
    load(path, num_episodes=number)


@pytest.mark.parametrize('seed', [-1, 0.5, False])
def test_what_is_no_seed(path, seed):
  with pytest.raises(
    ValueError, match=f'episode_seed is {seed!r}; expected int, at least 0'
  ):
    load(path, num_episodes=1, episode_seed=seed)


def test_more_than_there_are(path):
  with pytest.raises(
    ValueError,
    match=r'five.npz: episodes: found 5; expected .*--num_demos\) = 6 or more',
  ):
    load(path, num_episodes=6)


def _maze_file(folder):
  """Of three walks the second and third reach their goal."""
  starts, steps = [-4.5, -3.5, -3.5], [3, 2, 2]
  x = np.concatenate(
    [s + np.arange(n) for s, n in zip(starts, steps, strict=True)]
  )
  goal = np.repeat([4.5, -1.5, -1.5], steps)
  num_rows = len(x)

  def observations(x):
    zero = np.zeros(num_rows)
    columns = [x, zero + 3, zero, zero, goal, zero + 3]
    return np.stack(columns, axis=1).astype(np.float32)

  columns = {
    'observations': observations(x),
    'actions': np.zeros((num_rows, 2), np.float32),
    'next_observations': observations(x + 1),
    'terminals': np.isin(np.arange(num_rows), [4, 6]),
    'timeouts': np.arange(num_rows) == 2,
    'goal': np.stack([goal, np.full(num_rows, 3.0)], axis=1),
  }
  path = str(folder / 'walks.npz')
  npz.save_npz(RawDemonstrations(path, columns, 'PointMaze_Large-v3'), path)
  return path


def test_a_mazes_misses_are_dropped_first(tmp_path):
  path = _maze_file(tmp_path)
  with tasks.make_env('PointMaze_Large-v3', {'continuing_task': False}) as env:
    demos = load(path, env, num_episodes=1)
    assert demos.observations[:, 0].tolist() == [-3.5, -2.5]
    assert demos.terminals.tolist() == [False, True]
    assert len(load(path, env, num_episodes=3, successful_only=False)) == 7
    with pytest.raises(ValueError, match='episodes: found 2; expected .* = 3'):
      load(path, env, num_episodes=3)
