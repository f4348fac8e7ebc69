import numpy as np
import pytest
from matplotlib import image
from matplotlib.figure import Figure

from tfirl.report.drawing import plots
from tfirl.report.reading import runs
from tfirl.report.statistics import aggregate


@pytest.fixture
def curves(write_run, tmp_path):
  for seed in range(3):
    write_run('hopper', 'hype', seed, [0, 100], [0.0, 1000.0 + 100 * seed])
    write_run('hopper', 'bc', seed, [0, 0], [9.0, 500.0], updates=[0, 1])
  write_run('hopper', 'mm', 0, [0, 100], [0.0, 300.0])
  return aggregate.aggregate(runs.read_runs([str(tmp_path)])[0], reps=50)[0]


@pytest.fixture
def drawn(monkeypatch):
  """The axes of the figures that were saved."""
  axes = []
  save = Figure.savefig
  monkeypatch.setattr(
    Figure,
    'savefig',
    lambda self, *args: (axes.append(self.axes[0]), save(self, *args)),
  )
  return axes


def test_lines_levels_bands_and_labels(curves, drawn, tmp_path):
  plots.plot(curves, 'real_steps', str(tmp_path / 'x.png'))
  axes = drawn[0]
  level, hype, mm = axes.lines
  np.testing.assert_allclose(level.get_ydata(), [254.5, 254.5])
  np.testing.assert_allclose(hype.get_ydata(), [0.0, 1100.0])
  np.testing.assert_allclose(mm.get_xdata(), [0.0, 120.0])
  assert axes.get_xlabel().startswith('real steps')
  assert len({line.get_color() for line in axes.lines}) == 3
  # Bands: bc's and hype's, for mm has one seed.
  assert len(axes.patches) + len(axes.collections) == 2
  labels = [text.get_text() for text in axes.texts]
  assert labels == ['bc (3 seeds)', 'hype (3 seeds)', 'mm (1 seed)']


def test_the_steps_of_training_alone_are_an_option(curves, drawn, tmp_path):
  plots.plot(curves, 'env_steps', str(tmp_path / 'x.png'))
  np.testing.assert_allclose(drawn[0].lines[1].get_xdata(), [0.0, 100.0])
  assert 'training alone' in drawn[0].get_xlabel()


def test_wall_time_is_in_minutes(curves, drawn, tmp_path):
  plots.plot(curves, 'wall_s', str(tmp_path / 'x.png'))
  np.testing.assert_allclose(drawn[0].lines[1].get_xdata(), [0.0, 1.0])
  assert 'minutes' in drawn[0].get_xlabel()


def test_writes_a_picture_per_task_and_axis(curves, tmp_path):
  files = plots.plot_all(curves, str(tmp_path))
  assert files == {'hopper': ['hopper_real_steps.png', 'hopper_wall_s.png']}
  for name in files['hopper']:
    pixels = image.imread(tmp_path / name)
    assert pixels.shape[1] > 1000 and np.ptp(pixels[..., :3]) > 0.9


def test_only_levels_still_make_a_picture(write_run, tmp_path):
  write_run('ant', 'bc', 0, [0, 0], [9.0, 500.0], updates=[0, 1])
  found, _ = runs.read_runs([str(tmp_path)])
  curves, _ = aggregate.aggregate(found)
  plots.plot(curves, 'real_steps', str(tmp_path / 'x.png'))
  assert image.imread(tmp_path / 'x.png').shape[1] > 1000


@pytest.mark.parametrize(
  ('heights', 'expected'),
  [
    ([0.5, 0.1], [0.5, 0.1]),
    ([0.5, 0.5, 0.45], [0.55, 0.65, 0.45]),
    ([0.99, 1.0], [0.9, 1.0]),
  ],
)
def test_spread_moves_labels_apart_and_keeps_their_order(heights, expected):
  np.testing.assert_allclose(plots._spread(heights, 0.1), expected)
