"""The Reverb tables and the in-process server that owns them."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Collection, Sequence

import gin
import numpy as np
import reverb
import tensorflow as tf

from tfirl import checks
from tfirl.machine import closing, stderr_filter
from tfirl.replay import interface, reading, saving
from tfirl.replay.rows import RowLayout
from tfirl.replay.sampling import BlockSampler
from tfirl.replay.writers import BlockWriter
from tfirl.types import Transition

_BLOCKS_PER_MOVE = 32


@dataclasses.dataclass(frozen=True)
class TableConfig:
  """What a table holds and how it is paced; see `table` for the fields."""

  name: str
  capacity: int
  rows_per_item: int
  samples_per_insert: float | None
  min_size: int
  error_buffer: int
  timeout_ms: int

  def __post_init__(self):
    def check(field, ok, expected):
      if not ok:
        raise ValueError(
          f'table {self.name!r}: found {field} = {getattr(self, field)}; '
          f'expected {expected}'
        )

    rows = self.rows_per_item
    ratio = self.samples_per_insert
    check('rows_per_item', rows >= 1, 'at least 1')
    check('timeout_ms', self.timeout_ms >= 1, 'at least 1')
    check('capacity', self.capacity >= rows, f'at least a block, {rows} rows')
    check(
      'min_size',
      1 <= self.min_size <= self.capacity // rows * rows,
      f'at least 1 and at most the whole blocks of capacity = {self.capacity}',
    )
    check('samples_per_insert', ratio is None or ratio > 0, 'None or positive')
    if ratio is not None:
      # A block inserted late and a block sampled early must both fit.
      least = rows * (1 + max(1.0, 1.0 / ratio))
      check('error_buffer', self.error_buffer >= least, f'at least {least:g}')

  def make(self, layout: RowLayout) -> reverb.Table:
    """Makes the empty Reverb table, whose items are blocks of rows."""
    rows = self.rows_per_item
    # Rounded down: rows of a partial block could never make up the rest.
    min_blocks = max(1, self.min_size // rows)
    if self.samples_per_insert is None:
      limiter = reverb.rate_limiters.MinSize(min_blocks)
    else:
      # Blocks sampled per block inserted equals rows per row; the error is
      # counted in blocks sampled.
      limiter = reverb.rate_limiters.SampleToInsertRatio(
        samples_per_insert=float(self.samples_per_insert),
        min_size_to_sample=min_blocks,
        error_buffer=float(self.samples_per_insert * self.error_buffer / rows),
      )
    return reverb.Table(
      name=self.name,
      sampler=reverb.selectors.Uniform(),
      remover=reverb.selectors.Fifo(),
      max_size=self.capacity // rows,
      rate_limiter=limiter,
      signature=tf.TensorSpec([rows, layout.width], tf.float32),
    )


@gin.configurable(denylist=['name'])
@checks.checked
def table(
  name: str,
  capacity: checks.Count = 1_000_000,
  rows_per_item: checks.Count = 16,
  samples_per_insert: checks.Positive | None = None,
  min_size: checks.Count = 1000,
  error_buffer: checks.Count = 256,
  timeout_ms: checks.Count = 20_000,
) -> TableConfig:
  """Configures one table; bind it per table in a gin scope of its name.

  `with gin.config_scope('policy'): table('policy')` takes the bindings of
  `policy/table`.

  Args:
    name: of the table, such as expert or policy.
    capacity: most rows held; the oldest block goes first.
    rows_per_item: rows of a block. 1 samples every row independently; more
      is faster by far (docs/decisions.md). Policy rows come in the order of
      the episode, so keep it small there; shuffled rows may use 256.
    samples_per_insert: rows sampled per row inserted, held by Reverb's
      SampleToInsertRatio once `min_size` rows are in; None for MinSize.
    min_size: rows inserted before anything can be sampled, in whole blocks:
      rounded down, but at least one block.
    error_buffer: by how many inserted rows the ratio may be off, either way.
      A single process needs two rounds' worth and two blocks more, or its
      only thread waits for itself.
    timeout_ms: how long a sampler or writer waits for the limiter before it
      raises.

  Returns:
    The configuration, for `Replay`.

  Raises:
    ValueError: a value is out of range or contradicts another.
  """
  return TableConfig(
    name=name,
    capacity=capacity,
    rows_per_item=rows_per_item,
    samples_per_insert=samples_per_insert,
    min_size=min_size,
    error_buffer=error_buffer,
    timeout_ms=timeout_ms,
  )


class Replay:
  """Owns a Reverb server in this process, its tables and their writers.

  Reverb's server listens on every interface, for anyone, until it is held to
  loopback (see `interface`), a moment later and before it has any rows.

  Args:
    tables: one `TableConfig` per table.
    transition_spec: `Transition` of one row's specs, without a batch axis.
    restore_from: folder written by `save`, whose rows, counts and partial
      blocks come back.
    refilled: names of tables that the caller will clear and fill anew; they may
      have been saved with another capacity and min_size.
    seed: of the order of sampled rows; Reverb's own draws have no seed.

  Raises:
    ValueError: `restore_from` was saved with other tables.
    FileNotFoundError: `restore_from` holds no saved tables.
    OSError: the server can't be kept from other machines.
  """

  def __init__(
    self,
    tables: Sequence[TableConfig],
    transition_spec: Transition,
    restore_from: str | pathlib.Path | None = None,
    seed: int = 0,
    refilled: Collection[str] = (),
  ):
    self._configs = {config.name: config for config in tables}
    self._layout = RowLayout(transition_spec)
    folder = None if restore_from is None else pathlib.Path(restore_from)
    saved = folder and saving.check_tables(folder, self._fixed_values(refilled))
    self._checkpoint_target = saving.CheckpointTarget(folder)
    with (
      stderr_filter.without_notes(),
      closing.on_error(self._checkpoint_target),
    ):
      self._server = reverb.Server(
        [config.make(self._layout) for config in tables],
        checkpointer=self._checkpoint_target.checkpointer,
      )
      self._client = self._server.localhost_client()
    self._writers = {}
    with closing.on_error(self):
      interface.restrict(self._server.port)
      for name in self._configs:
        self._writers[name] = self._make_writer(name)
      if saved:
        self._take_back(folder, saved)
      # What goes on draws a new stream, not that of the beginning again.
      names = self._configs if saved else ()
      written = [self.counts(name)[0] for name in names]
    self._rngs = np.random.default_rng([seed, *written])

  @property
  def names(self) -> list[str]:
    """Of the tables."""
    return list(self._configs)

  def writer(self, name: str) -> BlockWriter:
    """The table's one writer, which holds its partial block."""
    self._config(name)
    return self._writers[name]

  def sampler(self, name: str, num_rows: int) -> BlockSampler:
    """A new sampler of `num_rows` rows per call."""
    config = self._config(name)
    return BlockSampler(
      server_address=self._client.server_address,
      table=name,
      layout=self._layout,
      rows_per_item=config.rows_per_item,
      num_rows=num_rows,
      timeout_ms=config.timeout_ms,
      describe=lambda: self.describe(name),
      rng=self._rngs.spawn(1)[0],
    )

  def read(self, name: str) -> Transition:
    """Every row of the table once, those of its partial block too.

    Reverb can only draw: blocks are drawn until all of them have been seen,
    about ln(n) times each, so give a table that is read blocks of 256 rows.

    Returns:
      `Transition` of NumPy arrays [N, ...], the oldest first.

    Raises:
      StarvedTableError: the limiter let too few blocks through.
    """
    return self._layout.unpack_arrays(np.concatenate(self._read_blocks(name)))

  def move(self, source: str, target: str) -> None:
    """All rows of one table to another, oldest first; the one is empty then.

    Raises:
      StarvedTableError: the limiter of `source` let too few blocks through.
      BlockedWriterError: that of `target` let too few in.
    """
    blocks, writer = self._read_blocks(source), self.writer(target)
    self.clear(source)
    while blocks:  # bit by bit: they may fill half of the memory
      writer.append_packed(np.concatenate(blocks[:_BLOCKS_PER_MOVE]))
      del blocks[:_BLOCKS_PER_MOVE]

  def clear(self, name: str) -> None:
    """Forgets every row of the table, and its partial block."""
    self._config(name)
    self._client.reset(name)
    self._writers[name].clear()

  def size(self, name: str) -> int:
    """Rows that can be sampled: whole blocks, not the partial one."""
    config = self._config(name)
    return self._info(name).current_size * config.rows_per_item

  def least_rows(self, name: str) -> int:
    """Rows, in whole blocks, without which none can be sampled; a restored
    table waits for as many as it was saved with.
    """
    limiter = self._info(name).rate_limiter_info
    return limiter.min_size_to_sample * self._config(name).rows_per_item

  def counts(self, name: str) -> tuple[int, int]:
    """Blocks that the limiter has let in, and out, since the table began."""
    limiter = self._info(name).rate_limiter_info
    return limiter.insert_stats.completed, limiter.sample_stats.completed

  def describe(self, name: str) -> str:
    """The table's name, size and limiter, as errors print them."""
    config = self._config(name)
    inserted, sampled = self.counts(name)
    partial = len(self._writers[name].partial_rows)
    kind = (
      f'MinSize(min_size={config.min_size} rows)'
      if config.samples_per_insert is None
      else f'SampleToInsertRatio(samples_per_insert='
      f'{config.samples_per_insert:g}, min_size={config.min_size} rows, '
      f'error_buffer={config.error_buffer} rows)'
    )
    return (
      f'table {name!r} ({self.size(name)} rows and {partial} of a partial '
      f'block; {inserted} blocks inserted, '
      f'{sampled} sampled; limiter {kind})'
    )

  def save(self, folder: str | pathlib.Path) -> None:
    """Saves all rows, limiter counts and partial blocks into `folder`.

    Rows that a sampler holds over for its next call are copies, and are not
    saved.

    Args:
      folder: gets `reverb/`, `tables.json` and `partial_TABLE.npz`; made if
        it does not exist. Save once per folder.

    Raises:
      OSError: a file could not be written.
    """
    folder = pathlib.Path(folder)
    self._checkpoint_target.write(self._client, folder)
    tables = {
      name: {**values, 'size': self.size(name)}
      for name, values in self._fixed_values().items()
    }
    partial_rows = {n: w.partial_rows for n, w in self._writers.items()}
    saving.write_tables(folder, tables, partial_rows)

  def close(self) -> None:
    """Stops the server; the rows are gone."""
    with contextlib.ExitStack() as stack:  # whatever one of them raises
      stack.callback(self._checkpoint_target.close)
      stack.callback(self._stop_server)
      for writer in self._writers.values():
        stack.callback(writer.close)

  def _stop_server(self) -> None:
    with stderr_filter.without_notes():
      self._server.stop()

  def _read_blocks(self, name: str) -> list[np.ndarray]:
    """Its rows, packed, [n, W] each, the partial block last."""
    config = self._config(name)
    blocks = reading.read_blocks(
      self._client.server_address,
      name,
      (config.rows_per_item, self._layout.width),
      self._info(name).current_size,
      config.timeout_ms,
      lambda: self.describe(name),
    )
    return [*blocks, self._writers[name].partial_rows]

  def _make_writer(self, name: str) -> BlockWriter:
    config = self._configs[name]
    return BlockWriter(
      client=self._client,
      table=name,
      layout=self._layout,
      rows_per_item=config.rows_per_item,
      timeout_ms=config.timeout_ms,
      describe=lambda: self.describe(name),
    )

  def _fixed_values(self, refilled: Collection[str] = ()) -> dict:
    """For each table the values that Reverb's checkpoint brings back, but for
    those that depend on how many rows one that is `refilled` had.
    """
    values = {}
    for name, config in self._configs.items():
      values[name] = {**dataclasses.asdict(config), 'width': self._layout.width}
      del values[name]['timeout_ms']  # of our calls, not of the table
    for name in refilled:
      del values[name]['capacity'], values[name]['min_size']
    return values

  def _take_back(self, folder: pathlib.Path, saved: dict) -> None:
    for name, values in saved.items():
      if self.size(name) != values['size']:
        raise ValueError(
          f'{folder}: table {name!r}: found {self.size(name)} rows in '
          f'reverb/; expected {values["size"]}: the checkpoint is damaged'
        )
      writer = self._writers[name]
      writer.num_blocks, _ = self.counts(name)
      writer.partial_rows = saving.read_partial_rows(
        folder, name, self._layout.width
      )

  def _config(self, name: str) -> TableConfig:
    if name not in self._configs:
      raise KeyError(
        f'no table {name!r}; expected one of {sorted(self._configs)}'
      )
    return self._configs[name]

  def _info(self, name: str):
    return self._client.server_info(timeout=60)[name]
