"""Pictures over a maze, and reports with runs that have no policy."""

import csv

import numpy as np
import pytest
from matplotlib import image

from tfirl.report import __main__ as main_module
from tfirl.report.drawing import regions
from tfirl.report.reading import runs


@pytest.fixture
def pretrained(tmp_path):
  """The folder of a pretrain_dynamics run."""
  folder = tmp_path / 'runs/pointmaze/pretrain_dynamics/0'
  folder.mkdir(parents=True)
  with open(folder / 'metrics.csv', 'w', newline='') as file:
    writer = csv.writer(file)
    names = 'env_steps updates wall_s eval_return_mean eval_episodes'.split()
    writer.writerow([*names, 'dynamics_mse'])
    writer.writerows([[0, 0, 1, '', 0, ''], [0, 300, 9, '', 0, 0.1]])
  errors = np.full((4, 4), np.nan)
  errors[0, 0], errors[3, 1] = 1.0, 100.0
  np.savez(
    folder / 'regions.npz',
    errors=errors,
    fitted_rows=np.where(np.isnan(errors), 0, 7),
    extent=np.array([-2.0, 2.0, -2.0, 2.0]),
    is_wall=np.array([[True, False], [False, False]]),
  )
  return folder


def test_a_picture_shows_walls_and_regions(pretrained, tmp_path):
  path = tmp_path / 'regions.png'
  regions.plot_regions(str(pretrained / 'regions.npz'), str(path), 'a title')
  pixels = image.imread(path)[..., :3]

  def share(color):
    return np.isclose(pixels, color, atol=0.02).all(axis=-1).mean()

  # A quarter of each panel is wall; a sixteenth each region.
  assert share([0xBD / 255] * 3) > 0.04
  worst, least = [0.988, 0.998, 0.645], [0.001, 0.0, 0.014]  # inferno's ends
  assert share(worst) > 0.005 and share(least) > 0.005


def test_without_any_error_there_still_is_a_picture(tmp_path):
  source = tmp_path / 'regions.npz'
  np.savez(
    source,
    errors=np.full((2, 2), np.nan),
    fitted_rows=np.zeros((2, 2)),
    extent=np.array([0.0, 1.0, 0.0, 1.0]),
    is_wall=np.zeros((1, 1), bool),
  )
  regions.plot_regions(str(source), str(tmp_path / 'x.png'), '')
  assert (tmp_path / 'x.png').stat().st_size > 1000


def test_a_run_without_a_policy_is_no_curve_but_has_its_picture(
  pretrained, write_run, tmp_path, capsys
):
  assert not runs.read_run(str(pretrained)).has_policy
  write_run('pointmaze', 'bc', 0, [0, 0], [0.0, 1.0], updates=[0, 9])
  out = tmp_path / 'out'
  assert main_module.main([str(tmp_path / 'runs'), '--out', str(out)]) == 0
  table = capsys.readouterr().out
  assert '| pointmaze | bc |' in table and 'pretrain' not in table
  name = 'pointmaze_pretrain_dynamics_0_regions.png'
  assert (out / name).exists()
  assert not (out / 'pointmaze_pretrain_dynamics_0_dynamics.png').exists()


def test_it_is_a_report_of_its_own(pretrained, tmp_path):
  out = tmp_path / 'out'
  assert main_module.main([str(pretrained), '--out', str(out)]) == 0
  assert 'data:image/png' in (out / 'index.html').read_text()


def test_a_blank_return_with_episodes_is_still_an_error(pretrained):
  path = pretrained / 'metrics.csv'
  path.write_text(path.read_text().replace('300,9,,0', '300,9,,5'))
  with pytest.raises(ValueError, match="line 3: eval_return_mean is ''"):
    runs.read_run(str(pretrained))
