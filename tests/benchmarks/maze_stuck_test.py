"""How an episode in a maze is judged, by hand."""

import types

import numpy as np
import pytest


@pytest.fixture(scope='module')
def maze_stuck(load_script):
  return load_script('benchmarks/maze_stuck.py')


@pytest.mark.parametrize(
  ('steps', 'still', 'expected'),
  [(300, 200, True), (300, 150, False), (100, 100, False)],
)
def test_stuck_is_to_stand_for_two_hundred_steps(
  maze_stuck, steps, still, expected
):
  """In cells of 4 m, of which it may still move 2."""
  x = np.zeros(steps)
  x[: steps - still] = np.linspace(-30, -3, steps - still)
  x[-1] = 1.9
  seen = np.stack([x, 0 * x], axis=1)
  assert maze_stuck.is_stuck(seen, 4.0) == expected


@pytest.mark.parametrize(
  ('quaternion', 'expected'),
  [
    ((1, 0, 0, 0), False),
    ((0, 1, 0, 0), True),  # rolled over, about x
    ((0.75**0.5, 0.5, 0, 0), False),  # leans over by 60 degrees
    ((0, 0, 0, 1), False),  # turned about z
  ],
)
def test_an_ant_on_its_back(maze_stuck, quaternion, expected):
  seen = np.zeros(31)
  seen[3:7] = quaternion
  assert maze_stuck.is_laid_over(seen) == expected
  assert not maze_stuck.is_laid_over(seen[:8])  # a point has no back


def test_episodes_by_their_ends(maze_stuck, capsys):
  """One each: there, stuck in a cell, and on its way."""
  grid = types.SimpleNamespace(
    cell_size=4.0, cell=lambda xy: np.floor(xy / 4.0).astype(int)
  )
  seen = np.zeros((300, 31))
  seen[:, 3] = 1.0
  far, moving = seen.copy(), seen.copy()
  far[:, 0], moving[:, 0] = 9.0, np.linspace(0.0, 90.0, 300)
  groups, cells, ends = maze_stuck.sort_out(
    [(seen, True), (far, False), (moving, False)], grid
  )
  assert cells == {(2, 0): 1}
  assert ends == {'there': 1, 'stuck': 1, 'under way at the end': 1}
  assert [len(rows) for (rows,) in groups.values()] == [300, 200, 300]
  demos = types.SimpleNamespace(
    observations=seen, actions=seen[:, :8], next_observations=seen
  )
  judge = types.SimpleNamespace(say=lambda *parts: [str(len(parts[0]))])
  is_there = np.arange(300) < 7
  maze_stuck.print_rows(judge, lambda s: s[:, :8], demos, is_there, groups)
  lines = capsys.readouterr().out.splitlines()
  assert '| the expert, where others are stuck | 7 |' in lines
  assert '| stuck | 199 |' in lines
