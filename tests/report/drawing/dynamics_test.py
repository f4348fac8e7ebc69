"""Pictures of learned dynamics show the numbers of the run."""

import csv

import numpy as np
import pytest
from matplotlib import image

from tfirl.report.drawing import dynamics
from tfirl.report.reading import runs

_ROWS = [
  # Before the first fit these columns are blank.
  {'env_steps': 0, 'rows_policy': 0},
  {
    'env_steps': 1000,
    'rows_policy': 992,
    'rows_learner': 5000,
    'rollout_steps': 500,
    'dynamics_mse': 0.5,
    'dynamics_r2_median': 0.7,
    'dynamics_r2_min': 0.2,
    'imagined_terminal': 0.02,
    'time_fit_s': 30,
    'time_update_s': 60,
  },
  {
    'env_steps': 2000,
    'rows_policy': 1984,
    'rows_learner': 5000,
    'rollout_steps': 1000,
    'dynamics_mse': 0.25,
    'dynamics_r2_median': 0.9,
    'dynamics_r2_min': 0.4,
    'imagined_terminal': 0.01,
    'real_terminal': 0.03,
    'open_loop_1_q10': 0.1,
    'open_loop_1_median': 0.2,
    'open_loop_1_q90': 0.3,
    'open_loop_1_still': 0.8,
    'open_loop_10_q10': 0.4,
    'open_loop_10_median': 0.5,
    'open_loop_10_q90': 0.6,
    'open_loop_10_still': 2.0,
    'time_fit_s': 120,
    'time_update_s': 240,
  },
]


@pytest.fixture
def folder(tmp_path):
  """A run folder."""
  path = tmp_path / 'runs/hopper/hyper/0'
  path.mkdir(parents=True)
  fixed = {'rollout_steps': 0, 'updates': 1, 'wall_s': 1, 'eval_return_mean': 2}
  names = {name: None for row in _ROWS for name in {**fixed, **row}}
  with open(path / 'metrics.csv', 'w', newline='') as file:
    writer = csv.DictWriter(file, list(names))
    writer.writeheader()
    writer.writerows({**fixed, **row} for row in _ROWS)
  return path


def _read(folder):
  (run,), _ = runs.read_runs([str(folder)])
  return run


def _lines(axes):
  return {line.get_label(): line.get_xydata().tolist() for line in axes.lines}


def test_the_panels_show_the_columns(folder, drawn, tmp_path):
  dynamics.plot_dynamics([_read(folder)], str(tmp_path / 'x.png'))
  holdout, open_loop, terminations, r2, tables, times = drawn[0].axes
  assert _lines(holdout) == {'elites': [[1500, 0.5], [3000, 0.25]]}
  assert _lines(open_loop) == {
    'model': [[1, 0.2], [10, 0.5]],
    'nothing moves': [[1, 0.8], [10, 2.0]],
  }
  assert _lines(terminations) == {
    'imagined': [[1500, 0.02], [3000, 0.01]],
    'real': [[3000, 0.03]],
  }
  assert _lines(r2)['worst output'] == [[1500, 0.2], [3000, 0.4]]
  assert _lines(tables) == {
    'policy': [[0, 0], [1500, 992], [3000, 1984]],
    'learner': [[1500, 5000], [3000, 5000]],
  }
  # Stacked: 2 minutes of fits, then 4 of updates.
  bars = [(bar.get_x(), bar.get_width()) for bar in times.patches]
  assert (0.0, 2.0) in bars and (2.0, 4.0) in bars
  assert sum(width for _, width in bars) == 6.0


def test_in_a_maze_the_walk_of_the_start_states_is_shown(
  folder, drawn, tmp_path
):
  path = folder / 'metrics.csv'
  names, *rows = path.read_text().splitlines()
  windows = [(0.95, 1.0), (0.9, 0.95), (0.5, 0.55)]
  rows = [f'{r},{a},{b}' for r, (a, b) in zip(rows, windows, strict=True)]
  names += ',start_window_from,start_window_to'
  path.write_text('\n'.join([names, *rows]) + '\n')
  dynamics.plot_dynamics([_read(folder)], str(tmp_path / 'x.png'))
  assert _lines(drawn[0].axes[2]) == {
    'from': [[0, 0.95], [1500, 0.9], [3000, 0.5]],
    'to': [[0, 1.0], [1500, 0.95], [3000, 0.55]],
  }


def test_rollouts_are_drawn_by_trajectory_and_dimension(drawn, tmp_path):
  real = np.arange(2 * 5 * 3, dtype=np.float32).reshape(2, 5, 3)
  imagined = np.stack([real + 1, real + 2], 1)
  source = tmp_path / 'rollouts.npz'
  np.savez(source, real=real, imagined=imagined)
  dynamics.plot_rollouts(str(source), str(tmp_path / 'x.png'), 'a title')
  assert len(drawn[0].axes) == 6
  lines = drawn[0].axes[4].lines  # the second trajectory's second dimension
  expected = [imagined[1, 0, :, 1], imagined[1, 1, :, 1], real[1, :, 1]]
  for line, values in zip(lines, expected, strict=True):
    np.testing.assert_array_equal(line.get_ydata(), values)


def test_pictures_of_runs_that_fitted_a_model(folder, write_run, tmp_path):
  write_run('hopper', 'mm', 0, [0, 100], [0.0, 300.0])
  arrays = np.zeros((1, 4, 2)), np.zeros((1, 3, 4, 2))
  np.savez(folder / 'rollouts.npz', real=arrays[0], imagined=arrays[1])
  found, _ = runs.read_runs([str(tmp_path / 'runs')])
  files = dynamics.plot_all(found, str(tmp_path))
  assert files == {
    'hopper': ['hopper_hyper_dynamics.svg', 'hopper_hyper_0_rollouts.png']
  }
  picture = image.imread(tmp_path / 'hopper_hyper_0_rollouts.png')
  assert np.ptp(picture[..., :3]) > 0.5
  assert (tmp_path / 'hopper_hyper_dynamics.pdf').stat().st_size > 1000
