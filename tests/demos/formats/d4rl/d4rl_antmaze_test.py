"""What is put right in D4RL's AntMaze files, by hand.

Whole files, and training on one: d4rl_antmaze_run_test.py.
"""

import numpy as np
import pytest

from tfirl import tasks
from tfirl.demos.experts import waypoints
from tfirl.demos.formats.d4rl import d4rl_antmaze
from tfirl.demos.formats.d4rl.d4rl_files import base_of
from tfirl.envs.mazes import goal_maze

GOAL = [8.0, 4.0]


def made_up(xs, **changes):
  """Arrays of rows at y = 4 and these x, states of the row after."""
  rng = np.random.default_rng(0)
  observations = rng.normal(size=(len(xs), 29)).astype(np.float32)
  observations[:, 0], observations[:, 1] = xs, 4.0
  after = np.roll(observations, -1, axis=0)
  return {
    'observations': observations,
    'rewards': np.zeros(len(xs), np.float32),
    'terminals': np.zeros(len(xs), bool),
    'infos/goal': np.tile(GOAL, (len(xs), 1)),
    'infos/qpos': after[:, :15],
    'infos/qvel': after[:, 15:],
    **changes,
  }


def repaired(arrays, cuts=()):
  is_cut = np.isin(np.arange(len(arrays['observations'])), [*cuts, -1])
  is_cut[-1] = True
  return d4rl_antmaze.repair('f.hdf5', arrays, is_cut)


def test_rewards_and_terminals_are_of_the_rows_own_goal():
  """0.6 m, then 0.5 m, 0.3 m and 1 m off; the file's are of another goal's."""
  arrays = made_up([6.6, 7.4, 7.5, 8.3, 9.0])
  arrays['rewards'][0] = arrays['terminals'][0] = 1
  arrays['infos/goal'][4] = [9.0, 4.0]  # its successor is not there
  found = repaired(arrays)
  assert found['rewards'].tolist() == [0, 1, 1, 0, 0]
  assert found['terminals'].tolist() == [False, True, True, False, False]
  assert arrays['terminals'].tolist() == [True, False, False, False, False]


def test_where_the_successor_is_missing_the_file_is_believed():
  """Row 1 is cut: row 2 is another episode's, which starts near the goal."""
  arrays = made_up([7.0, 7.4, 8.0, 3.0, 3.1])
  assert repaired(arrays, [1])['terminals'].tolist() == [False] * 5
  arrays['terminals'][[1, 4]] = True
  found = repaired(arrays, [1])
  # Row 4 is too far off to arrive: that terminal is of another goal.
  assert found['terminals'].tolist() == [False, True, False, False, False]


def test_with_successors_no_row_is_cut():
  arrays = made_up([7.0, 7.4, 3.0])
  arrays['next_observations'] = arrays['observations'] + np.float32(0.2)
  arrays['terminals'][0] = True
  found = repaired(arrays, [1])
  assert found['rewards'].tolist() == [0, 1, 0]


def test_a_row_far_away_does_not_arrive():
  """Its next row is another episode's, though no cut says so."""
  arrays = made_up([2.0, 8.0])
  arrays['terminals'][0] = True
  assert not repaired(arrays)['terminals'].any()


def test_a_file_that_agrees_with_its_goals_is_left_as_it_is():
  """A narrower radius than D4RL's: 0.48 m is not there yet, 0.4 m is."""
  arrays = made_up([7.0, 7.52, 7.6])
  arrays['terminals'][1] = True
  arrays['rewards'][:] = [0.1, 0.9, 0.0]
  found = repaired(arrays)
  assert found['terminals'].tolist() == [False, True, False]
  assert found['rewards'] is arrays['rewards']


def test_states_of_the_row_after_give_way_to_the_observations():
  arrays = made_up([1.0, 1.2, 1.4])
  found = repaired(arrays)
  observations = arrays['observations']
  np.testing.assert_array_equal(found['infos/qpos'], observations[:, :15])
  np.testing.assert_array_equal(found['infos/qvel'], observations[:, 15:])


def test_states_of_the_row_itself_stay_to_the_bit():
  arrays = made_up([1.0, 1.2, 1.4])
  own = arrays['observations'].astype(np.float64) + 1e-9  # what float32 loses
  arrays['infos/qpos'], arrays['infos/qvel'] = own[:, :15], own[:, 15:]
  found = repaired(arrays)
  assert found['infos/qpos'] is arrays['infos/qpos']
  assert found['infos/qvel'] is arrays['infos/qvel']


def test_what_is_not_there_stays_away():
  arrays = made_up([7.0, 7.8])
  arrays['rewards'][0] = 0.25
  del arrays['infos/goal'], arrays['infos/qvel']
  found = repaired(arrays)
  assert found.keys() == arrays.keys()
  assert found['rewards'].tolist() == [0.25, 0]


def test_goals_of_more_than_x_and_y_are_named():
  arrays = made_up([1.0, 1.2])
  arrays['infos/goal'] = np.zeros((2, 3))
  with pytest.raises(
    ValueError,
    match=r'f.hdf5: infos/goal: found shape \(2, 3\); expected shape \(2, 2\)',
  ):
    repaired(arrays)


def test_another_robots_states_are_left_to_the_resets_check():
  arrays = made_up([1.0, 1.2])
  arrays['infos/qpos'] = np.zeros((2, 7))
  assert repaired(arrays)['infos/qpos'].shape == (2, 7)


@pytest.mark.parametrize(
  'env_id, expected',
  [
    ('AntMaze_Large_Diverse_GR-v5', 'tasks/antmaze_large_diverse_d4rl.gin'),
    ('AntMaze_Large-v5', 'tasks/antmaze_large_play_d4rl.gin'),
    (goal_maze.D4RL_ID, r'leave out --gin_file=tasks/..._d4rl.gin'),
  ],
)
def test_advice(env_id, expected):
  assert d4rl_antmaze.advice(env_id).endswith(expected)


def test_no_advice_where_there_is_no_such_environment():
  assert d4rl_antmaze.advice('PointMaze_Large-v3') == ''
  assert d4rl_antmaze.advice('AntMaze_UMaze-v5') == ''


def test_names_and_their_environment():
  for name in ('antmaze-large-diverse-v2', 'antmaze-large-play-v2'):
    d4rl_antmaze.check_name(name, goal_maze.D4RL_ID)
    task = name.removesuffix('-v2').replace('-', '_')
    with pytest.raises(
      ValueError, match=f'd4rl:{name}: .*--gin_file=tasks/{task}_d4rl.gin; or'
    ):
      d4rl_antmaze.check_name(name, 'AntMaze_Large-v5')


@pytest.mark.parametrize(
  'env_id, found, end',
  [
    (goal_maze.D4RL_ID, "another of D4RL's mazes", 'is for$'),
    ('AntMaze_Medium-v5', "D4RL's own AntMaze", 'AntMaze_Medium-v5 itself: .*'),
  ],
)
def test_names_that_no_environment_is_for(env_id, found, end):
  """D4RL's environment is not sent to Minari's: those are not its own."""
  expected = f'antmaze-large-.*all that {goal_maze.D4RL_ID} .*{end}'
  with pytest.raises(ValueError, match=f'found {found}.*expected {expected}'):
    d4rl_antmaze.check_name('antmaze-medium-play-v2', env_id)


@pytest.mark.parametrize(
  'env_id, base',
  [
    ('Hopper-v5', 'Hopper'),
    ('AntMaze_Large-v5', 'AntMaze'),
    (goal_maze.D4RL_ID, 'AntMaze'),
    ('', ''),
  ],
)
def test_base_of(env_id, base):
  assert base_of(env_id) == base


def test_the_planner_leads_through_d4rls_maze():
  """In every frame the same way over the cells."""
  ours, theirs = (
    tasks.make_env(env_id).maze.map
    for env_id in (goal_maze.D4RL_ID, 'AntMaze_Large-v5')
  )
  path = waypoints.Planner(ours).path((1, 1), (7, 9))
  assert path == waypoints.Planner(theirs).path((1, 1), (7, 9))
  # 8 columns and 6 rows, and around walls.
  assert len(path) - 1 >= 14
  xy, goal = np.zeros(2), np.array([32.7, 24.9])
  for cell in path[1:-1]:
    xy = waypoints.Planner(ours).waypoint(xy, goal)
    assert ours.cell(xy).tolist() == list(cell)
    assert np.abs(xy - 4 * np.array(cell)[::-1] + 4).max() == 0
  np.testing.assert_array_equal(
    waypoints.Planner(ours).waypoint(goal - 0.5, goal), goal
  )
