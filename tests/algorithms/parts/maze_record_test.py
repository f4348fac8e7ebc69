"""Visits in the right bins, the walls where they are, and what is kept."""

import gymnasium
import numpy as np
import pytest

from tfirl import tasks, types
from tfirl.algorithms.parts import maze_record
from tfirl.envs.mazes import goal_maze, maze_map
from tfirl.storage import checkpoints

# Two rows of three cells; the only wall is at the bottom right.
_GRID = maze_map.MazeMap([[0, 0, 0], [0, 0, 1]], cell_size=2.0)


@pytest.mark.parametrize(
  'xy, expected',
  [
    # x from -3 to 3 in 15 bins of .4, y from -2 to 2 in 10.
    ((-2.9, -1.9), (0, 0)),
    ((2.9, -1.9), (0, 14)),
    ((-2.9, 1.9), (9, 0)),
    ((0.1, 0.5), (6, 7)),  # 3.1 / .4 = 7.75; 2.5 / .4 = 6.25
    ((2.3, -0.7), (3, 13)),  # 5.3 / .4 = 13.25; 1.3 / .4 = 3.25
    ((50.0, -50.0), (0, 14)),  # off the map
  ],
)
def test_bins_by_hand(xy, expected):
  counts = maze_record.count(_GRID, np.array([xy, xy, xy], np.float32))
  assert counts.shape == (10, 15)
  assert counts[expected] == counts.sum() == 3


def test_a_cell_is_whole_bins():
  centers = _GRID.center(np.array([[1, 2]]))  # the wall
  side = np.linspace(-0.99, 0.99, 100)
  inside = centers + np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
  hit = np.argwhere(maze_record.count(_GRID, inside))
  assert hit.min(0).tolist() == [0, 10] and hit.max(0).tolist() == [4, 14]


def test_nothing_is_no_visit():
  assert not maze_record.count(_GRID, np.empty((0, 2))).any()


@pytest.fixture
def maze():
  """Starts in the top left corner, goals in the top right one."""
  goal_maze.register('PointMaze_Large-v3')
  env = gymnasium.make('PointMaze_Large-v3', continuing_task=False)
  yield goal_maze.GoalMaze(env, start_cells=[(1, 1)], goal_cells=[(1, 10)])
  env.close()


def _demos(xy):
  observations = np.concatenate([xy, np.ones((len(xy), 4))], 1)
  observations = observations.astype(np.float32)
  nothing = np.zeros(len(xy), bool)
  actions = np.zeros((len(xy), 2), np.float32)
  return types.Demonstrations(
    observations, actions, observations, nothing, nothing
  )


def test_writes_the_maze_and_both_counts(maze, tmp_path):
  start = maze.map.center((1, 1))
  record = maze_record.MazeRecord(maze, _demos(np.tile(start, (7, 1))))
  other = maze.map.center((7, 10))
  record.add(np.array([[*other, 0, 0, 9, 9], [*other, 0, 0, 9, 9]]))
  record.add(np.array([[*start, 0, 0, 9, 9]]))
  record.save(tmp_path, {'rollouts': np.ones((2, 4, 2))})
  with np.load(tmp_path / 'maze.npz', allow_pickle=False) as file:
    found = dict(file)
  # 12 x 9 cells of a metre around the origin, y up.
  assert found['extent'].tolist() == [-6, 6, -4.5, 4.5]
  assert found['cell_size'] == 1
  walls = {tuple(center) for center in found['walls'].tolist()}
  assert len(walls) == maze.map.is_wall.sum() == len(found['walls'])
  # (1, 5) is a wall in the topmost corridor, (7, 5) none in the lowest.
  assert (-0.5, 3.0) in walls and (-0.5, -3.0) not in walls
  assert found['starts'].tolist() == [[-4.5, 3.0]]
  assert found['goals'].tolist() == [[4.5, 3.0]]
  # From x = -6, y = -4.5 in steps of .2: the middles of these cells.
  assert found['demo_visits'].shape == found['visits'].shape == (45, 60)
  assert found['demo_visits'][37, 7] == found['demo_visits'].sum() == 7
  assert found['visits'][37, 7] == 1 and found['visits'][7, 52] == 2
  assert found['visits'].sum() == 3
  assert found['rollouts'].shape == (2, 4, 2)
  assert [path.name for path in tmp_path.iterdir()] == ['maze.npz']


def test_goes_on_counting_after_a_resumption(maze, tmp_path):
  first = maze_record.MazeRecord(maze)
  first.add(np.zeros((5, 6)))
  state = checkpoints.PythonState(first.get_state, None)
  second = maze_record.MazeRecord(maze)
  back = checkpoints.PythonState(None, second.set_state)
  back.deserialize(state.serialize())
  back.take_back()
  first.add(np.zeros((4, 6)))  # not in what was taken before
  second.add(np.zeros((1, 6)))
  second.save(tmp_path, {})
  with np.load(tmp_path / 'maze.npz') as file:
    assert file['visits'].max() == file['visits'].sum() == 6
    assert not file['demo_visits'].any()


def test_a_failed_write_leaves_the_old_file(maze, tmp_path, monkeypatch):
  record = maze_record.MazeRecord(maze)
  record.save(tmp_path, {})

  def full_disk(unused_fd):
    raise OSError(28, 'No space left on device')

  monkeypatch.setattr('os.fsync', full_disk)
  record.add(np.zeros((1, 6)))
  with pytest.raises(OSError, match='No space left'):
    record.save(tmp_path, {})
  with np.load(tmp_path / 'maze.npz') as file:
    assert not file['visits'].any()
  assert len(list(tmp_path.iterdir())) == 1


def test_a_task_without_a_maze_has_none():
  with tasks.make_env('Hopper-v5') as env:
    assert maze_record.of(env) is None
