"""Pictures of mazes: everything where its x and y say."""

import io

import numpy as np
import pytest
from matplotlib import image

from tfirl.report.drawing import mazes
from tfirl.report.reading import runs

_WALL, _FAINT = [0xBD / 255] * 3, [0xE4 / 255] * 3
_WHITE, _MOST, _ONE = [1, 1, 1], [0.993, 0.906, 0.144], [0.267, 0.005, 0.329]


def _arrays(**more):
  """Two rows of three cells of 2 m; a wall at the bottom right."""
  demo_visits, visits = np.zeros((2, 10, 15), int)
  demo_visits[9, 14] = 100  # top right: x from 2.6, y from 1.6
  demo_visits[9, 0] = 1  # top left
  visits[0, 0] = 5  # bottom left
  return {
    'walls': np.array([[2.0, -1.0]]),
    'cell_size': 2.0,
    'extent': np.array([-3.0, 3.0, -2.0, 2.0]),
    'starts': np.array([[-2.0, 1.0]]),
    'goals': np.array([[0.0, -1.0]]),
    'demo_visits': demo_visits,
    'visits': visits,
    **more,
  }


_IMAGINED = {
  'start_states': np.array([[1.0, 0.5], [1.1, 0.5]]),
  'rollouts': np.array([[[-1.0, -0.5], [1.0, -0.5], [np.nan, np.nan]]]),
  'start_window': np.array([0.8, 0.85]),
}


@pytest.fixture
def draw(tmp_path, drawn):
  """draw(arrays) -> figure, and its pixel at x, y of a panel."""

  def draw(arrays):
    source, path = str(tmp_path / 'maze.npz'), str(tmp_path / 'x.png')
    np.savez(source, **arrays)
    mazes.plot_maze(source, path, 'a title')
    pixels = image.imread(path)[..., :3]
    figure = drawn[-1]

    def at(panel, x, y):
      column, row = figure.axes[panel].transData.transform((x, y))
      return pixels[len(pixels) - 1 - int(row), int(column)]

    return figure, at

  return draw


def _is(color, expected):
  return np.allclose(color, expected, atol=0.05)


def test_walls_and_visits_are_where_they_were(draw):
  figure, at = draw(_arrays())
  for panel in (0, 1):
    assert _is(at(panel, 2.5, -0.5), _WALL) and _is(at(panel, 1.2, -1.8), _WALL)
    assert _is(at(panel, 0.8, -0.5), _WHITE) and _is(at(panel, 2, 0.5), _WHITE)
  assert _is(at(0, 2.8, 1.8), _MOST)
  assert _is(at(0, 2.5, 1.8), _WHITE) and _is(at(0, 2.8, 1.5), _WHITE)
  assert _is(at(0, -2.5, -1.8), _WHITE)
  assert _is(at(1, -2.8, -1.8), _MOST)
  # Where the learner never was, but the demonstrations.
  assert _is(at(1, 2.8, 1.8), _FAINT)
  titles = [axes.get_title(loc='left') for axes in figure.axes[:2]]
  assert titles == [
    'demonstrations: 101 transitions',
    'learner: 5 steps (light grey: demonstrations)',
  ]


def test_starts_and_goals_are_marked(draw):
  figure, at = draw(_arrays())
  for axes in figure.axes[:2]:
    marks = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_array_equal(marks['starts'], [[-2, 1]])
    np.testing.assert_array_equal(marks['goals'], [[0, -1]])
  assert _is(at(0, 0, -1), [0xD5 / 255, 0x5E / 255, 0])


def test_start_states_and_rollouts(draw):
  figure, at = draw(_arrays(**_IMAGINED))
  panel = figure.axes[2]
  assert "the expert's at 80-85 % of its way" in panel.get_title(loc='left')
  blue = at(2, 0.0, -0.5)
  assert blue[2] > blue[0] + 0.3
  assert not _is(at(2, 1.2, -0.5), blue)  # the rollout's end
  assert _is(at(2, 1.0, 0.5), [0xE6 / 255, 0x9F / 255, 0])
  assert _is(at(2, -2.8, 1.8), _FAINT)


def test_without_a_window_none_is_told(draw):
  arrays = _arrays(**_IMAGINED)
  del arrays['start_window']
  figure, _ = draw(arrays)
  assert '%' not in figure.axes[2].get_title(loc='left')


def test_before_the_first_step_there_is_a_picture(draw):
  arrays = _arrays()
  arrays['visits'][:] = arrays['demo_visits'][:] = 0
  figure, at = draw(arrays)
  assert _is(at(1, -2.8, -1.8), _WHITE)
  assert len(figure.axes) == 2  # and no colour bars


def test_one_per_run_that_left_a_record(write_run, tmp_path):
  folder = write_run('pointmaze', 'hyper', 3, [0, 5], [0.0, 1.0])
  write_run('pointmaze', 'mm', 0, [0, 5], [0.0, 1.0])
  np.savez(folder / 'maze.npz', **_arrays())
  found, _ = runs.read_runs([str(tmp_path / 'runs')])
  name = 'pointmaze_hyper_3_maze.png'
  assert mazes.plot_all(found, str(tmp_path)) == {'pointmaze': [name]}
  assert image.imread(tmp_path / name).shape[1] > 1000


def _first_bytes(whole):
  return whole[:500]


def _other_bytes(whole):
  """Of the first array; zlib trips over them before the checksum does."""
  return whole[:60] + 20 * b'\xff' + whole[80:]


def _bare_array(unused_whole):
  file = io.BytesIO()
  np.save(file, np.zeros(3))
  return file.getvalue()


@pytest.mark.parametrize('damage', [_first_bytes, _other_bytes, _bare_array])
def test_a_damaged_record_is_named(tmp_path, damage):
  source = tmp_path / 'maze.npz'
  np.savez_compressed(source, **_arrays())  # as runs leave it
  source.write_bytes(damage(source.read_bytes()))
  with pytest.raises(ValueError, match=r'maze\.npz: found a file that is tr'):
    mazes.plot_maze(str(source), '', '')


@pytest.mark.parametrize('name', ['walls', 'start_states'])
def test_a_missing_array_is_named(tmp_path, name):
  source = tmp_path / 'maze.npz'
  arrays = _arrays(**_IMAGINED)
  del arrays[name]
  np.savez(source, **arrays)
  with pytest.raises(ValueError, match=rf"maze\.npz: no array '{name}'; found"):
    mazes.plot_maze(str(source), '', '')


def test_counts_of_other_bins_are_named(tmp_path):
  source = tmp_path / 'maze.npz'
  np.savez(source, **_arrays(visits=np.zeros((10, 14))))
  with pytest.raises(ValueError, match=r'\(10, 15\) and \(10, 14\); expected'):
    mazes.plot_maze(str(source), '', '')
