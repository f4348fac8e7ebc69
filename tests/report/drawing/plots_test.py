import numpy as np
import pytest
from matplotlib import image

from tfirl.report.drawing import plots
from tfirl.report.reading import marks, runs
from tfirl.report.statistics import aggregate


@pytest.fixture
def curves(write_run, tmp_path):
  for seed in range(3):
    write_run('hopper', 'hype', seed, [0, 100], [0.0, 1000.0 + 100 * seed])
    write_run('hopper', 'bc', seed, [0, 0], [9.0, 500.0], updates=[0, 1])
  write_run('hopper', 'mm', 0, [0, 100], [0.0, 300.0], expert_return=2000)
  return aggregate.aggregate(runs.read_runs([str(tmp_path)])[0], reps=50)[0]


def test_lines_levels_bands_and_legend(curves, drawn, tmp_path):
  plots.plot(curves, 'real_steps', str(tmp_path / 'x.png'))
  (axes,) = drawn[0].axes
  # From the top, as they end.
  expert, hype, level, mm = axes.lines
  np.testing.assert_allclose(expert.get_ydata(), [2000.0, 2000.0])
  np.testing.assert_allclose(hype.get_ydata(), [0.0, 1100.0])
  np.testing.assert_allclose(level.get_ydata(), [254.5, 254.5])
  np.testing.assert_allclose(mm.get_xdata(), [0.0, 120.0])
  assert axes.get_xlabel().startswith('real steps')
  assert len({line.get_color() for line in axes.lines}) == 4
  # Bands: bc's and hype's, for mm has one seed.
  assert len(axes.patches) + len(axes.collections) == 2
  (legend,) = drawn[0].legends
  assert [text.get_text() for text in legend.get_texts()] == [
    'expert: 2,000',
    'hype (3 seeds)',
    'bc, the clone (3 seeds)',
    'mm (1 seed)',
  ]


def test_published_points_are_at_their_share_of_the_expert(
  curves, drawn, tmp_path
):
  """One beyond the axis is at its end, and its name says so."""
  points = [
    marks.Mark('hopper', 'HyPE', 60, 0.5),
    marks.Mark('hopper', 'IQ-Learn', 5e5, 1.0),
    marks.Mark('ant', 'HyPE', 60, 0.5),
  ]
  plots.plot_all(curves, str(tmp_path), marks=points)
  over_steps, over_time = drawn
  *_, inside, beyond = over_steps.axes[0].lines
  assert inside.get_xydata().tolist() == [[60.0, 1000.0]]
  assert beyond.get_xydata().tolist() == [[120.0, 2000.0]]
  names = [t.get_text() for t in over_steps.legends[0].get_texts()]
  assert names[-2:] == ['HyPE: 50% at 60', 'IQ-Learn: 100% at 500k →']
  assert len(over_time.axes[0].lines) == 4


def test_a_flat_curve_is_seen_to_be_flat(write_run, tmp_path, drawn):
  write_run('hopper', 'hype', 0, [0, 9], [3000.0, 3010.0])
  found, _ = runs.read_runs([str(tmp_path)])
  plots.plot(
    aggregate.aggregate(found)[0], 'real_steps', str(tmp_path / 'x.png')
  )
  assert drawn[0].axes[0].get_ylim()[0] == 0.0


def test_the_legend_stands_below_the_axes_within_the_figure(
  write_run, tmp_path, drawn
):
  for name in ('hype', 'x' * 200, 'y' * 40, '[gamma = 0.9] mm'):
    write_run('hopper', name, 0, [0, 100], [0.0, 300.0])
  found, _ = runs.read_runs([str(tmp_path)])
  plots.plot_all(aggregate.aggregate(found)[0], str(tmp_path))
  for figure in drawn:
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    label = figure.axes[0].xaxis.label.get_window_extent()
    assert box.y1 <= label.y0 + 1 and box.y0 >= 0
    assert box.x0 >= 0 and box.x1 <= figure.bbox.x1


def test_the_steps_of_training_alone_are_an_option(curves, drawn, tmp_path):
  plots.plot(curves, 'env_steps', str(tmp_path / 'x.png'))
  axes = drawn[0].axes[0]
  np.testing.assert_allclose(axes.lines[1].get_xdata(), [0.0, 100.0])
  assert 'training alone' in axes.get_xlabel()


def test_wall_time_is_in_minutes(curves, drawn, tmp_path):
  plots.plot(curves, 'wall_s', str(tmp_path / 'x.png'))
  axes = drawn[0].axes[0]
  np.testing.assert_allclose(axes.lines[1].get_xdata(), [0.0, 1.0])
  assert 'minutes' in axes.get_xlabel()


def test_writes_each_figure_in_three_formats(curves, tmp_path):
  files = plots.plot_all(curves, str(tmp_path))
  assert files == {'hopper': ['hopper_real_steps.svg', 'hopper_wall_s.svg']}
  for name in files['hopper']:
    path = tmp_path / name
    assert path.read_text().startswith('<?xml')
    assert path.with_suffix('.pdf').read_bytes().startswith(b'%PDF')
    pixels = image.imread(path.with_suffix('.png'))
    assert pixels.shape[1] > 700 and np.ptp(pixels[..., :3]) > 0.9


def test_a_figure_is_the_same_file_whenever_it_is_drawn(curves, tmp_path):
  files = []
  for _ in range(2):
    plots.plot_all(curves, str(tmp_path), ['wall_s'])
    files.append(
      [(tmp_path / f'hopper_wall_s.{s}').read_bytes() for s in ('svg', 'pdf')]
    )
  assert files[0] == files[1]


def test_only_levels_still_make_a_picture(write_run, tmp_path, drawn):
  write_run('ant', 'bc', 0, [0, 0], [9.0, 500.0], updates=[0, 1])
  found, _ = runs.read_runs([str(tmp_path)])
  curves, _ = aggregate.aggregate(found)
  plots.plot(curves, 'real_steps', str(tmp_path / 'x.png'))
  assert len(drawn[0].axes[0].get_xticks()) == 0
