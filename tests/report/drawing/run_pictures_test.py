"""Files that a run left, and that something has happened to."""

import numpy as np
import pytest

from tfirl.report.drawing import dynamics, regions, run_pictures
from tfirl.report.reading import runs


def test_reads_all_arrays(tmp_path):
  path = tmp_path / 'x.npz'
  np.savez(path, a=np.arange(3), b=np.ones(2))
  arrays = run_pictures.read_arrays(str(path), ['a'])
  assert sorted(arrays) == ['a', 'b']
  np.testing.assert_array_equal(arrays['a'], [0, 1, 2])


@pytest.mark.parametrize(
  ('plot', 'name', 'rest'),
  [
    (dynamics.plot_rollouts, 'rollouts.npz', ['x.png', 'a title']),
    (regions.plot_regions, 'regions.npz', ['x.png', 'a title']),
  ],
)
def test_what_is_damaged_or_missing_is_named(tmp_path, plot, name, rest):
  source = tmp_path / name
  np.savez_compressed(source, other=np.ones(2))
  with pytest.raises(ValueError, match=rf"{name}: no array '\w+'; found \['o"):
    plot(str(source), *rest)
  source.write_bytes(source.read_bytes()[:50])
  with pytest.raises(ValueError, match=f'{name}: found a file that is tr'):
    plot(str(source), *rest)


def test_of_many_runs_each_method_shows_its_first(write_run, tmp_path):
  """Whichever of SVG and PNG is smaller."""

  def plot(source, path, title):
    stem = path.removesuffix('.png')
    for suffix, size in (('png', 10), ('svg', 9 if 'mm' in stem else 11)):
      with open(f'{stem}.{suffix}', 'w') as file:
        file.write('x' * size)

  def plot_all(count):
    for seed in range(count - 3, count):
      for method in ('mm', 'hype'):
        folder = write_run('hopper', method, seed, [0, 9], [0.0, 1.0])
        np.savez(folder / 'x.npz', a=1)
    found, _ = runs.read_runs([str(tmp_path / 'runs')])
    return run_pictures.plot_all(found, str(tmp_path), 'x.npz', 'x', plot)

  assert plot_all(3) == {
    'hopper': [
      *(f'hopper_hype_{seed}_x.png' for seed in range(3)),
      *(f'hopper_mm_{seed}_x.svg' for seed in range(3)),
    ]
  }
  assert plot_all(6) == {'hopper': ['hopper_hype_0_x.png', 'hopper_mm_0_x.svg']}
