"""Numbers that change with a step count."""

import itertools
from collections.abc import Sequence

import gin
import numpy as np


@gin.configurable(denylist=['step'])
def piecewise_linear(step, segments: Sequence[tuple[float, float, float]]):
  """Linear from `start` to `end` in each (start, end, until step) segment.

  A segment begins at the step where the previous one ended; after the last
  one its `end` is kept.

  Args:
    step: a number, or an array of them.
    segments: (start, end, until) with `until` increasing.

  Returns:
    float64, the shape of `step`.

  Raises:
    ValueError: no segment, or `until` does not increase.
  """
  _check_segments(segments)
  step = np.asarray(step, np.float64)
  value = np.full(step.shape, segments[-1][1], np.float64)
  begin = 0.0
  for start, end, until in segments:
    inside = (step >= begin) & (step < until)
    ramp = start + (end - start) * (step - begin) / (until - begin)
    value = np.where(inside, ramp, value)
    begin = until
  return value


def _check_segments(segments) -> None:
  untils = [0, *(until for _, _, until in segments)]
  rises = all(a < b for a, b in itertools.pairwise(untils))
  if not rises or not segments:
    raise ValueError(
      f'piecewise_linear.segments is {segments}; expected at least one, and '
      'steps that are above 0 and rise, third in each'
    )


@gin.configurable(denylist=['step'])
def constant(step) -> float:
  """1 at every step."""
  del step
  return 1.0


@gin.configurable(denylist=['step'])
def harmonic(step) -> float:
  """1, 1, 1/2, 1/3, ... at steps 0, 1, 2, 3, ..."""
  return 1.0 / max(1, step)


@gin.configurable(denylist=['epoch'])
def truncated_linear(
  epoch, first: float, last: float, minimum: float, maximum: float
) -> float:
  """`minimum` until epoch `first`, `maximum` from `last` on, a line between.

  Janner et al. 2019 lengthen the imagined rollouts of MBPO this way.

  Args:
    epoch: a number.
    first: epoch where the line begins.
    last: epoch where it ends.
    minimum: value before it.
    maximum: value after it.

  Raises:
    ValueError: `last` does not come after `first`.
  """
  if last <= first:
    raise ValueError(
      f'truncated_linear.last is {last}; expected more than first = {first}'
    )
  ramp = (epoch - first) / (last - first)
  return float(minimum + min(max(ramp, 0.0), 1.0) * (maximum - minimum))
