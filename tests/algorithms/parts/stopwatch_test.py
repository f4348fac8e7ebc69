"""Seconds under names, adding up."""

import time

import pytest

from tfirl.algorithms.parts import stopwatch


def test_adds_up_what_blocks_take(monkeypatch):
  now = iter([0.0, 2.0, 10.0, 13.0, 20.0, 20.5])
  monkeypatch.setattr(time, 'monotonic', lambda: next(now))
  watch = stopwatch.Stopwatch({'fit': 1.0})
  for name in ('fit', 'act', 'fit'):
    with watch.time(name):
      pass
  assert watch.seconds == {'fit': 3.5, 'act': 3.0}
  assert watch.columns() == {'time_fit_s': 3.5, 'time_act_s': 3.0}


def test_counts_a_block_that_raises():
  watch = stopwatch.Stopwatch()
  with pytest.raises(KeyError), watch.time('act'):
    raise KeyError
  assert watch.seconds['act'] >= 0.0
