"""Panels show the columns there are, as recorded runs have them."""

import csv
import pathlib

import numpy as np
import pytest

from tfirl.report.drawing import panels
from tfirl.report.reading import runs

_RECORDED = pathlib.Path(__file__).parents[3] / 'docs/results/runs'


@pytest.fixture
def write(tmp_path):
  """write(method, seed, **columns): a run of two evaluations."""

  def write_one(method, seed, **columns):
    folder = tmp_path / 'runs' / 'hopper' / method / str(seed)
    folder.mkdir(parents=True)
    fixed = {'env_steps': (0, 10), 'updates': (0, 10), 'wall_s': (0, 1)}
    columns = {**fixed, 'eval_return_mean': (0, 1), **columns}
    with open(folder / 'metrics.csv', 'w', newline='') as file:
      writer = csv.writer(file)
      writer.writerow(columns)
      writer.writerows(zip(*columns.values(), strict=True))

  return write_one


def _plot(tmp_path):
  found, _ = runs.read_runs([str(tmp_path / 'runs')])
  return panels.plot_all(found, str(tmp_path))


def test_lines_are_medians_of_methods(write, tmp_path, drawn):
  for seed, gap in enumerate((-1.0, -2.0, -6.0)):
    write('hype', seed, cost_gap=('', gap), cost_cost_learner=(0, 1))
  write('mm', 0, cost_gap=(0.0, -5.0))
  files = _plot(tmp_path)
  group = "The cost's gap"
  assert files == {
    'hopper': {group: ['hopper_cost_gap.svg', 'hopper_cost_cost_learner.svg']}
  }
  gap = drawn[0].axes[0]
  hype, mm = gap.lines
  np.testing.assert_array_equal(hype.get_xydata(), [[10, -2]])
  np.testing.assert_array_equal(mm.get_xydata(), [[0, 0], [10, -5]])
  assert gap.get_xlabel() == 'real steps'
  names = [text.get_text() for text in drawn[0].legends[0].get_texts()]
  assert names == ['hype', 'mm']
  for name in files['hopper'][group]:
    assert (tmp_path / name).with_suffix('.pdf').exists()


def test_a_second_column_is_dashed(write, tmp_path, drawn):
  write('mm', 0, cost_cost_learner=(1, 2), cost_cost_expert=(0, -1))
  _plot(tmp_path)
  learner, expert = drawn[0].axes[0].lines
  np.testing.assert_array_equal(learner.get_ydata(), [1, 2])
  np.testing.assert_array_equal(expert.get_ydata(), [0, -1])
  assert learner.get_linestyle() == '-' and expert.get_linestyle() == '--'
  assert learner.get_color() == expert.get_color()


def test_a_clones_loss_is_over_updates(write, tmp_path, drawn):
  write('bc', 0, env_steps=(0, 0), updates=(1, 500), bc_loss=(0.5, 0.25))
  _plot(tmp_path)
  axes = drawn[0].axes[0]
  np.testing.assert_array_equal(axes.lines[0].get_xdata(), [1, 500])
  assert axes.get_xlabel() == 'updates' and axes.get_yscale() == 'log'


def test_a_clones_updates_are_not_called_steps_beside_others(
  write, tmp_path, drawn
):
  write('bc', 0, env_steps=(0, 0), updates=(1, 500), bc_loss=(0.5, 0.25))
  write('hype', 0, bc_loss=(0.5, 0.25))
  _plot(tmp_path)
  label = drawn[0].axes[0].get_xlabel()
  assert label == 'real steps; updates, where none are taken'


def test_without_columns_there_is_no_panel(write, tmp_path, drawn):
  write('expert', 0)
  assert _plot(tmp_path) == {} and drawn == []


def test_each_panel_has_a_column_that_some_recorded_run_has():
  found, _ = runs.read_runs([str(_RECORDED)])
  known = {name for run in found for name in run.columns}
  for group in panels.GROUPS.values():
    for panel in group:
      assert {panel.column, panel.dashed} - {None} <= known
