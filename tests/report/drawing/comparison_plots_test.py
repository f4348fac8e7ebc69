import numpy as np

from tfirl.report.drawing import comparison_plots
from tfirl.report.reading import runs
from tfirl.report.statistics import aggregate

_ENDS = {'expert_return': 100.0, 'random_return': 0.0}


def _curves(write_run, tmp_path, scores, **ends):
  for name, values in scores.items():
    for seed, value in enumerate(values):
      write_run('hopper', name, seed, [0, 9], [0.0, value], **ends)
  found, _ = runs.read_runs([str(tmp_path)])
  return aggregate.aggregate(found, last=1, reps=20)[0]


def test_profiles_fall_at_the_scores(write_run, tmp_path, drawn):
  scores = {'mm': [40.0, 60.0], 'hype': [90.0, 100.0]}
  curves = _curves(write_run, tmp_path, scores, **_ENDS)
  files = comparison_plots.plot_all(curves, str(tmp_path), 50)
  assert files == ['performance_profiles.svg', 'probability_of_improvement.svg']
  hype, mm = drawn[0].axes[0].lines
  np.testing.assert_allclose(mm.get_ydata()[[0, 50, -1]], [1, 0.5, 0])
  np.testing.assert_allclose(hype.get_ydata()[[50, 95]], [1, 0.5])
  names = [text.get_text() for text in drawn[0].legends[0].get_texts()]
  assert names == ['hype (2 runs, 1 task)', 'mm (2 runs, 1 task)']


def test_improvements_are_named_and_the_surest_on_top(
  write_run, tmp_path, drawn
):
  scores = {'mm': [1.0, 3.0], 'hype': [2.0, 4.0], 'filter': [9.0, 9.0]}
  curves = _curves(write_run, tmp_path, scores)
  files = comparison_plots.plot_all(curves, str(tmp_path), 50)
  assert files == ['probability_of_improvement.svg']
  axes = drawn[0].axes[0]
  assert [text.get_text() for text in axes.texts] == [
    'filter > hype: 100%',
    'filter > mm: 100%',
    'hype > mm: 75%',
  ]
  marked = [line for line in axes.lines if line.get_marker() != 'None']
  assert [line.get_xdata()[0] for line in marked] == [1.0, 1.0, 0.75]


def test_a_single_method_is_compared_with_nothing(write_run, tmp_path):
  curves = _curves(write_run, tmp_path, {'mm': [1.0, 2.0]}, **_ENDS)
  assert comparison_plots.plot_all(curves, str(tmp_path), 50) == []
