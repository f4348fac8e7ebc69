"""What `info` says of a goal."""

import numpy as np
import pytest

from tfirl.envs import goals


@pytest.mark.parametrize(
  ('info', 'expected'),
  [
    ({}, None),
    ({'success': True}, True),
    ({'success': np.float64(0.0)}, False),
    ({'is_success': np.array([False, True])}, True),
    ({'success': False, 'is_success': True}, True),
    ({'success': None, 'is_success': False}, False),
    ({'success': None}, None),
    ({'success': np.nan}, None),
    ({'success': 'no'}, None),
    ({'success': []}, None),
  ],
)
def test_is_reached(info, expected):
  assert goals.is_reached(info) is expected
