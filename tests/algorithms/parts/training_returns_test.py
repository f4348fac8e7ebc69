"""Returns of training's own episodes, by hand."""

import numpy as np

from tfirl.algorithms.parts import training_returns


def _add(returns, *steps):
  rewards, times = zip(*steps, strict=True)
  returns.add(np.float32(rewards), np.array(times))


def test_episodes_over_rounds():
  returns = training_returns.TrainingReturns()
  assert returns.take() is None
  _add(returns, (1.0, 0), (2.0, 1), (4.0, 2), (8.0, 0))
  assert returns.take() == 7.0
  _add(returns, (16.0, 1), (32.0, 0), (64.0, 0))
  assert returns.take() == (8 + 16 + 32) / 2
  assert returns.take() is None  # the last one is under way


def test_what_began_in_the_middle_has_no_return():
  """As after a resumption, or FILTER's reset."""
  returns = training_returns.TrainingReturns()
  _add(returns, (1.0, 7), (1.0, 8), (2.0, 0), (2.0, 1), (1.0, 5), (1.0, 6))
  _add(returns, (3.0, 0))
  assert returns.take() == 4.0
