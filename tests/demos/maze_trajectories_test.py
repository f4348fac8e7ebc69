"""Trajectories of mazes, by hand; files: maze_files_test.py."""

import numpy as np
import pytest

from tfirl import tasks
from tfirl.demos import maze_trajectories
from tfirl.demos.border import RawDemonstrations


@pytest.fixture(scope='module')
def point():
  return tasks.make_env('PointMaze_Large-v3', {'continuing_task': False})


# By hand: along the corridor of row 1, from x = -4.5 to x = -1.5 at y = 3.
Y = 3.0


def made_up(paths, goals, **flags):
  """Walks at rest. Args: x of the N + 1 states of each; x of the goals."""
  start = np.concatenate([path[:-1] for path in paths])
  end = np.concatenate([path[1:] for path in paths])
  goal = np.repeat(goals, [len(path) - 1 for path in paths])
  num_rows = len(start)

  def observations(x):
    zero = np.zeros(num_rows)
    return np.stack([x, zero + Y, zero, zero, goal, zero + Y], axis=1)

  columns = {
    'observations': observations(start),
    'next_observations': observations(end),
    'actions': np.zeros((num_rows, 2)),
    'rewards': np.zeros(num_rows),
    'seed': np.arange(num_rows),  # which row it was
    'goal': np.stack([goal, np.full(num_rows, Y)], axis=1),
    'terminals': np.zeros(num_rows, bool),
    'timeouts': np.zeros(num_rows, bool),
  }
  for key, rows in flags.items():
    columns[key] = np.isin(np.arange(num_rows), rows)
  return RawDemonstrations('walk', columns)


def selected(raw, env, successful_only=True):
  """(rows, terminal rows, time-out rows), by their numbers in `raw`."""
  columns = maze_trajectories.select(raw, env.maze, successful_only).columns
  row = columns['seed']
  return (
    row.tolist(),
    row[columns['terminals']].tolist(),
    row[columns['timeouts']].tolist(),
  )


def test_what_comes_after_the_goal_is_cut(point):
  """Row 2 reaches it; the robot stays there, each row marked terminal."""
  walk = made_up([[-4.5, -3.5, -2.5, -1.6, -1.5, -1.4]], [-1.5])
  walk.columns['terminals'][2:] = True
  assert selected(walk, point) == ([0, 1, 2], [2], [])


@pytest.mark.parametrize('key', ['rewards', 'terminals'])
def test_between_the_two_radii_the_file_decides(point, key):
  """D4RL's success is 0.5 m off, Gymnasium-Robotics' 0.45."""
  walk = made_up([[-4.5, -3.5, -1.98, -1.9]], [-1.5])
  assert selected(walk, point) == ([0, 1, 2], [2], [])
  walk.columns[key][1] = 1
  assert selected(walk, point) == ([0, 1], [1], [])
  walk.columns[key][0] = 1  # 2 m off: a dense reward, or a fall
  assert selected(walk, point, False)[2] == ([] if key == 'rewards' else [0])


def test_a_time_out_and_a_jump_part_trajectories(point):
  """The first never arrives; the second starts elsewhere, unmarked."""
  walks = made_up([[-4.5, -4.4, -4.3], [-2.5, -2.1, -1.5]], [-1.5, -1.5])
  assert selected(walks, point) == ([2, 3], [3], [])
  assert selected(walks, point, False) == ([0, 1, 2, 3], [3], [1])
  # One walk on, but for a time-out in the middle.
  walk = made_up([[-4.5, -4.0, -3.5, -2.5, -1.5]], [-1.5], timeouts=[1])
  assert selected(walk, point) == ([2, 3], [3], [])
  assert selected(walk, point, False) == ([0, 1, 2, 3], [3], [1])


def test_a_new_goal_starts_a_trajectory(point):
  walk = made_up([[-4.5, -3.5, -2.7], [-2.7, -2.0, -1.5, -1.4]], [-2.5, -1.5])
  assert selected(walk, point) == ([0, 1, 2, 3], [1, 3], [])


def test_a_trajectory_that_starts_at_its_goal_is_dropped(point):
  walks = made_up([[-1.4, -1.5, -1.6], [-2.5, -2.1, -1.5]], [-1.5, -1.5])
  assert selected(walks, point) == ([2, 3], [3], [])
  assert selected(walks, point, False) == ([2, 3], [3], [])


def test_a_missing_last_step_counts_as_a_success(point):
  """Its row has no successor: the one before is no terminal row."""
  walks = made_up([[-4.5, -3.5, -2.5], [-4.5, -4.0]], [-1.5, -1.5], success=[1])
  assert selected(walks, point) == ([0, 1], [], [1])


def test_a_terminal_row_off_the_goal_ends_but_is_no_success(point):
  walks = made_up(
    [[-4.5, -3.5, -2.5], [-2.4, -1.5]], [-1.5, -1.5], terminals=[0]
  )
  assert selected(walks, point) == ([2], [2], [])
  assert selected(walks, point, False) == ([0, 2], [2], [0])


def test_none_that_succeeds_is_an_error(point):
  walk = made_up([[-4.5, -4.4, -4.3]], [-1.5])
  with pytest.raises(ValueError, match='walk: goal: found 0 of 1 trajectories'):
    selected(walk, point)
  assert selected(walk, point, False) == ([0, 1], [], [1])


def test_returns_are_those_of_what_is_left(point):
  walks = made_up([[-4.5, -4.4, -4.3], [-2.5, -2.1, -1.5, -1.5]], [-1.5, -1.5])
  walks.episode_returns = np.array([100.0, 200.0])
  found = maze_trajectories.select(walks, point.maze, True)
  assert found.episode_returns is None  # of what is left, to be summed anew
  del walks.columns['rewards']
  assert (
    maze_trajectories.select(walks, point.maze, True).episode_returns is None
  )
  whole = made_up([[-2.5, -2.1, -1.5]], [-1.5])
  del whole.columns['rewards']
  whole.episode_returns = np.array([100.0])
  found = maze_trajectories.select(whole, point.maze, True)
  np.testing.assert_array_equal(found.episode_returns, [100.0])


@pytest.mark.parametrize(
  'key, column, value, message',
  [
    ('observations', 0, 99.0, r'observations: found x-y in walls or off'),
    (
      'observations',
      5,
      2.0,
      'observations: found a last x-y that is up to 1 m',
    ),
    ('goal', 0, -0.5, r'goal: found x-y in walls or off the map in 1 of 3 r'),
  ],
)
def test_frames_that_differ_are_refused(point, key, column, value, message):
  walk = made_up([[-3.5, -2.5, -1.9, -1.5]], [-1.5])
  walk.columns[key][1, column] = value
  with pytest.raises(ValueError, match=f'walk: {message}'):
    selected(walk, point)


def test_a_maze_without_goals_is_refused(point):
  walk = made_up([[-2.5, -1.5]], [-1.5])
  del walk.columns['goal']
  with pytest.raises(
    ValueError, match='walk: goal: found none; expected the g'
  ):
    selected(walk, point)
