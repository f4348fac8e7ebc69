"""Writes rows into a Reverb table, block by block."""

import math
from collections.abc import Callable

import numpy as np
import reverb

from tfirl.replay.errors import BlockedWriterError
from tfirl.replay.rows import RowLayout
from tfirl.types import Transition

# Reverb warns of, and buffers in memory, more than 50 unconfirmed items.
_BLOCKS_PER_FLUSH = 32


class BlockWriter:
  """Groups rows into blocks of `rows_per_item`, each one Reverb item.

  Rows that do not fill a block wait in `partial_rows` for the next append;
  `Replay.save` keeps them. A block's priority is its number, `num_blocks` when
  it was written, by which `Replay.read` has them in order; samplers don't look
  at it. Get one from `Replay.writer`.

  Args:
    client: of the server that owns the table.
    table: the table's name.
    layout: packs the rows.
    rows_per_item: rows of a block.
    timeout_ms: how long an append may wait for the table's limiter.
    describe: returns the table's size and limiter, for an error's text.
  """

  def __init__(
    self,
    client: reverb.Client,
    table: str,
    layout: RowLayout,
    rows_per_item: int,
    timeout_ms: int,
    describe: Callable[[], str],
  ):
    self.rows_per_item = rows_per_item
    self._table = table
    self._layout = layout
    self._timeout_ms = timeout_ms
    self._describe = describe
    self._writer = client.trajectory_writer(num_keep_alive_refs=1)
    self.clear()

  def clear(self) -> None:
    """Begins anew, as its table does."""
    self.num_blocks = 0
    self.partial_rows = np.zeros((0, self._layout.width), np.float32)

  def append(self, rows: Transition) -> None:
    """Appends NumPy rows [n, ...]; full blocks are in the table on return.

    Raises:
      ValueError: a shape differs from the table's.
      BlockedWriterError: the limiter held the block back for `timeout_ms`.
    """
    self.append_packed(self._layout.pack(rows))

  def append_packed(self, rows: np.ndarray) -> None:
    """As `append`; rows [n, W] as `RowLayout` packs them."""
    rows = np.concatenate([self.partial_rows, rows])
    num_blocks = len(rows) // self.rows_per_item
    end = num_blocks * self.rows_per_item
    self.partial_rows = rows[end:].copy()
    blocks = rows[:end].reshape(num_blocks, self.rows_per_item, rows.shape[1])
    for i, block in enumerate(blocks):
      self._writer.append(block)
      self._writer.create_item(
        self._table, float(self.num_blocks), self._writer.history[-1]
      )
      self.num_blocks += 1
      if (i + 1) % _BLOCKS_PER_FLUSH == 0 or i + 1 == num_blocks:
        self._flush()

  def close(self) -> None:
    """Ends the stream to the server; every full block is already there."""
    self._writer.close()

  def _flush(self) -> None:
    try:
      self._writer.flush(timeout_ms=self._timeout_ms)
    except reverb.errors.DeadlineExceededError as error:
      raise BlockedWriterError(
        f'{self._describe()} took no block for {self._timeout_ms} ms: its '
        'limiter waits for rows to be sampled. Sample at the rate of '
        'samples_per_insert, or raise error_buffer.'
      ) from error


def write_shuffled(
  writer: BlockWriter,
  rows: Transition,
  rng: np.random.Generator,
  least: int = 0,
) -> int:
  """Writes all `rows` in random order, leaving none in a partial block.

  Blocks of shuffled rows are as good as single rows. If `rows_per_item` does
  not divide the number of rows, whole passes are repeated, each in a new
  order, until the rows that fill up the last block (a random subset of
  another pass) are at most 1 % of what is written: no row is left out, and
  none is sampled much more often than another.

  Args:
    writer: of a table that holds no partial rows.
    rows: `Transition` of NumPy arrays [N, ...].
    rng: draws the orders.
    least: so many rows are written at least, by further passes.

  Returns:
    How many rows were written: N if `rows_per_item` divides N, and N is at
    least `least`.

  Raises:
    ValueError: there are no rows, or the writer holds partial rows.
  """
  num_rows, per_item = len(rows[0]), writer.rows_per_item
  if not num_rows or len(writer.partial_rows):
    raise ValueError(
      f'write_shuffled: found {num_rows} rows and '
      f'{len(writer.partial_rows)} partial rows; expected some and none'
    )
  exact_passes = per_item // math.gcd(num_rows, per_item)
  passes = min(exact_passes, math.ceil(100 * per_item / num_rows))
  passes = max(passes, math.ceil(least / num_rows))
  fill = -passes * num_rows % per_item
  order = [rng.permutation(num_rows) for _ in range(passes)]
  while fill > 0:
    order.append(rng.permutation(num_rows)[:fill])
    fill -= len(order[-1])
  order = np.concatenate(order)
  writer.append(type(rows)(*(np.asarray(field)[order] for field in rows)))
  return len(order)
