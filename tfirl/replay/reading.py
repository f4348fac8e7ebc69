"""Reads a whole table, which Reverb offers no call for."""

import math
from collections.abc import Callable

import numpy as np
import reverb
import tensorflow as tf

from tfirl.replay import notes
from tfirl.replay.errors import StarvedTableError

# Each block is drawn about ten times: all of it at once would be ten tables.
_MOST_PER_BATCH = 1000


def read_blocks(
  server_address: str,
  table: str,
  shape: tuple[int, int],
  num_blocks: int,
  timeout_ms: int,
  describe: Callable[[], str],
) -> list[np.ndarray]:
  """Draws blocks, and keeps one of each key, until it has all of them.

  Args:
    server_address: of the Reverb server.
    table: the table's name; its sampler is uniform, and nothing is written
      meanwhile.
    shape: of a block.
    num_blocks: how many the table holds.
    timeout_ms: how long a draw may wait for the table's limiter.
    describe: returns the table's size and limiter, for an error's text.

  Returns:
    `num_blocks` arrays, the lowest priority first: as they were written.

  Raises:
    StarvedTableError: the limiter let too few blocks through, or after 100
      times the draws that are expected to suffice there were still too few.
  """
  found, is_starved = {}, False
  # The coupon collector's expectation is about num_blocks * (ln + 0.6).
  per_draw = int(num_blocks * (math.log(max(num_blocks, 1)) + 1)) + 1
  for _ in range(100):
    if len(found) >= num_blocks or is_starved:
      break
    dataset = reverb.TrajectoryDataset(
      server_address=server_address,
      table=table,
      dtypes=tf.float32,
      shapes=tf.TensorShape(shape),
      max_in_flight_samples_per_worker=min(per_draw, 1000),
      num_workers_per_iterator=1,
      rate_limiter_timeout_ms=timeout_ms,
      max_samples=per_draw,
    )
    num_drawn = 0
    samples = dataset.batch(min(per_draw, _MOST_PER_BATCH))
    with notes.without_note_of_draw():
      for sample in samples.as_numpy_iterator():
        info = sample.info
        num_drawn += len(info.key)
        for key, block, written in zip(
          info.key, sample.data, info.priority, strict=True
        ):
          if key not in found:  # a copy: a view would keep the whole batch
            found[key] = written, block.copy()
    is_starved = num_drawn < per_draw  # the limiter ended the draw
  if len(found) < num_blocks:
    raise StarvedTableError(
      f'{describe()} gave {len(found)} of its {num_blocks} blocks within '
      f'{timeout_ms} ms a draw; expected all of them'
    )
  return [block for _, block in sorted(found.values(), key=lambda v: v[0])]
