"""Draws the rows of a whole round at once, and mixes two sources exactly."""

from collections.abc import Callable

import numpy as np
import reverb
import tensorflow as tf

from tfirl.replay import notes
from tfirl.replay.errors import StarvedTableError
from tfirl.replay.rows import RowLayout
from tfirl.types import Transition


class BlockSampler:
  """Samples `num_rows` rows per call, whole blocks in a random row order.

  Every call asks the server for just the blocks it returns, by an iterator
  of its own: nothing is prefetched, so nothing is stale, the limiter counts
  what was used, and a pause of any length can't time out. What is left of
  the last block, fewer than `rows_per_item` rows, opens the next call, so
  the ratio of samples to inserts is exact whatever `num_rows`.

  Args:
    server_address: of the Reverb server.
    table: the table's name.
    layout: unpacks the rows.
    rows_per_item: rows of a block.
    num_rows: how many rows a call returns.
    timeout_ms: how long a call may wait for the table's limiter.
    describe: returns the table's size and limiter, for an error's text.
    rng: draws the order of the rows (Reverb's own draws have no seed).
  """

  def __init__(
    self,
    server_address: str,
    table: str,
    layout: RowLayout,
    rows_per_item: int,
    num_rows: int,
    timeout_ms: int,
    describe: Callable[[], str],
    rng: np.random.Generator,
  ):
    if num_rows < 1:
      raise ValueError(f'{table}: num_rows is {num_rows}; expected at least 1')
    self.num_rows = num_rows
    self._server_address = server_address
    self._table = table
    self._layout = layout
    self._rows_per_item = rows_per_item
    self._timeout_ms = timeout_ms
    self._describe = describe
    self._rng = rng
    self._draw_fns = {}
    self._leftover = tf.zeros([0, layout.width])
    # TensorFlow takes the functions of all samplers for one that is traced too
    # often, and warns, unless each is traced where it is made.
    self._take = tf.function(
      lambda rows, order: layout.unpack(tf.gather(rows, order)), autograph=False
    ).get_concrete_function(
      tf.TensorSpec([None, layout.width], tf.float32),
      tf.TensorSpec([num_rows], tf.int64),
    )

  def sample(self) -> Transition:
    """Returns a `Transition` of tensors [num_rows, ...].

    Raises:
      StarvedTableError: the limiter let too few blocks through for
        `timeout_ms`.
    """
    missing = self.num_rows - int(self._leftover.shape[0])
    num_blocks = -(-missing // self._rows_per_item)
    rows = self._leftover
    if num_blocks:
      fresh = self._rows_of_blocks(num_blocks)
      # The leftover is permuted along with the fresh rows, and what is left
      # over is a random subset: no row is favoured by its place in a block.
      rows = tf.concat([rows, fresh], 0) if rows.shape[0] else fresh
    order = self._rng.permutation(int(rows.shape[0]))
    self._leftover = tf.gather(rows, order[self.num_rows :])
    return self._take(rows, tf.constant(order[: self.num_rows]))

  def _rows_of_blocks(self, num_blocks: int) -> tf.Tensor:
    try:
      rows = self._draw(num_blocks)
    except tf.errors.InvalidArgumentError as error:
      if 'empty' not in error.message:
        raise
      rows = self._leftover[:0]
    found = int(rows.shape[0]) // self._rows_per_item
    if found < num_blocks:
      raise StarvedTableError(
        f'{self._describe()} gave {found} of {num_blocks} blocks of '
        f'{self._rows_per_item} rows within {self._timeout_ms} ms: its '
        'limiter waits for rows to be inserted. Insert min_size rows before '
        'the first sample and keep to samples_per_insert afterwards.'
      )
    return rows

  def _draw(self, num_blocks: int) -> tf.Tensor:
    if num_blocks not in self._draw_fns:  # at most two are ever made
      self._draw_fns[num_blocks] = self._make_draw_fn(num_blocks)
    with notes.without_note_of_draw():
      return self._draw_fns[num_blocks]()

  def _make_draw_fn(self, num_blocks: int) -> Callable[[], tf.Tensor]:
    """Makes a graph that draws [num_blocks * rows_per_item, width]."""
    options = tf.data.Options()
    # The optimisers of tf.data take longer than the sampling itself.
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = False
    dataset = reverb.TrajectoryDataset(
      server_address=self._server_address,
      table=self._table,
      dtypes=tf.float32,
      shapes=tf.TensorShape([self._rows_per_item, self._layout.width]),
      max_in_flight_samples_per_worker=num_blocks,
      num_workers_per_iterator=1,
      rate_limiter_timeout_ms=self._timeout_ms,
      max_samples=num_blocks,
    )
    dataset = dataset.batch(num_blocks).with_options(options)

    # In a graph: an eager iterator costs 3 ms more.
    @tf.function(autograph=False)
    def draw():
      blocks = dataset.get_single_element().data
      return tf.reshape(blocks, [-1, self._layout.width])

    return draw.get_concrete_function()  # as `_take`


def mix(
  learner: Transition, expert: Transition, fraction: tf.Tensor
) -> Transition:
  """Takes the first round(fraction * B) rows from `expert`, the rest from
  `learner`.

  Shapes are static and every result has exactly B rows, whatever the
  fraction (Ren et al. 2024, section 4). Ties round to even, as tf.round.

  Args:
    learner: rows [B, ...] of the policy.
    expert: rows [B, ...] of the demonstrations.
    fraction: scalar in [0, 1].

  Returns:
    `Transition` [B, ...].
  """
  num_rows = learner.observation.shape[0]
  num_expert = tf.cast(
    tf.round(tf.cast(fraction, tf.float32) * num_rows), tf.int32
  )
  from_expert = tf.range(num_rows) < num_expert
  return tf.nest.map_structure(
    lambda ours, theirs: tf.where(
      tf.reshape(from_expert, [-1] + [1] * (ours.shape.rank - 1)), theirs, ours
    ),
    learner,
    expert,
  )
