"""What a fit tells of itself, as columns."""

import numpy as np
import pytest

from tfirl.dynamics import fit_record


def _columns(*r2):
  ones = np.ones(2)
  record = fit_record.FitRecord(
    *(ones, ones, ones, np.array(r2), np.array([0, 1])),
    epochs=2,
    num_rows=9,
    num_holdout=1,
    wall_s=1.0,
    updates=2,
  )
  return record.columns()


def test_an_output_that_never_varies_is_left_out():
  found = _columns(0.5, np.nan, 0.9)
  assert found['dynamics_r2_min'] == 0.5
  assert found['dynamics_r2_median'] == pytest.approx(0.7)


def test_where_none_varies_a_run_goes_on():
  """As of a single row held out: what is nan would stop it."""
  found = _columns(np.nan, np.nan)
  assert np.isfinite(list(found.values())).all()
  assert 'dynamics_r2_min' not in found
