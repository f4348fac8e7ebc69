"""Files that a run left, and that something has happened to."""

import numpy as np
import pytest

from tfirl.report.drawing import dynamics, regions, run_pictures


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
  with pytest.raises(ValueError, match=f'{name}: found no whole .npz'):
    plot(str(source), *rest)
