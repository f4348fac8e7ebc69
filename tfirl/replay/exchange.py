"""Where a learner meets its actors: a policy goes out, blocks of steps come in.

A Reverb server of its own, apart from the tables that are trained on: of those
nobody else can take or change a row, and their limiters count what the learner
does. Two tables: `policy` holds one item, the latest; `steps` is a queue, each
of whose items is taken once. Its limiter paces both sides: actors wait while
it is full, the learner while it is empty.

Reverb's own time-outs are the server's. Where that is gone, or stands still,
`Outpost.read` and `write` may wait for ever: whoever calls them also calls
`Outpost.answers` from another thread, which does not.
"""

import functools
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import reverb
import tensorflow as tf

from tfirl.machine import closing, stderr_filter
from tfirl.replay import interface, notes
from tfirl.replay.errors import BlockedWriterError, StarvedTableError

_POLICY, _STEPS = 'policy', 'steps'
_TELL_S = 60


class Orders(NamedTuple):
  """What actors are told.

  Attributes:
    policy: bytes that say it.
    version: the learner's gradient steps, as it was told.
    is_stochastic: sample its actions, or take the mean.
    is_over: there is no more to do.
  """

  policy: np.ndarray  # [N] uint8
  version: np.ndarray  # [] int64
  is_stochastic: np.ndarray  # [] bool
  is_over: np.ndarray  # [] bool


class Block(NamedTuple):
  """Steps of one actor, in order.

  Attributes:
    rows: packed, as of `RowLayout`.
    times: how many steps into its episode each lies.
    actor: its number.
    life: how often that actor was begun before.
    number: of the block in that life, from 0.
    version: of the policy that acted.
  """

  rows: np.ndarray  # [n, width] float32
  times: np.ndarray  # [n] int64
  actor: np.ndarray  # [] int64
  life: np.ndarray  # [] int64
  number: np.ndarray  # [] int64
  version: np.ndarray  # [] int64


def _orders_spec() -> Orders:
  flag = tf.TensorSpec([], tf.bool)
  return Orders(
    tf.TensorSpec([None], tf.uint8), tf.TensorSpec([], tf.int64), flag, flag
  )


def _block_spec(rows_per_block: int, width: int) -> Block:
  count = tf.TensorSpec([], tf.int64)
  return Block(
    tf.TensorSpec([rows_per_block, width], tf.float32),
    tf.TensorSpec([rows_per_block], tf.int64),
    *[count] * 4,
  )


class Exchange:
  """The learner's end, which owns the server.

  Args:
    rows_per_block: steps that actors bring at a time.
    width: of a packed row.
    capacity: how many blocks wait before actors do.

  Raises:
    OSError: the server can't be kept from other machines (see `interface`).
  """

  def __init__(self, rows_per_block: int, width: int, capacity: int):
    spec = _block_spec(rows_per_block, width)
    fifo = reverb.selectors.Fifo
    with stderr_filter.without_notes():
      self._server = reverb.Server(
        [
          reverb.Table(
            name=_POLICY,
            sampler=fifo(),
            remover=fifo(),
            max_size=1,
            rate_limiter=reverb.rate_limiters.MinSize(1),
            signature=_orders_spec(),
          ),
          reverb.Table(
            name=_STEPS,
            sampler=fifo(),
            remover=fifo(),
            max_size=capacity,
            max_times_sampled=1,
            rate_limiter=reverb.rate_limiters.Queue(capacity),
            signature=spec,
          ),
        ]
      )
      self._client = self._server.localhost_client()
    with closing.on_error(self):
      interface.restrict(self.port)
      self._writer = _Writer(self._client, _POLICY)
    self._spec = spec
    self._draws = {}  # by the time-out

  @property
  def port(self) -> int:
    """What the server listens on."""
    return self._server.port

  def tell(self, orders: Orders) -> None:
    """From now on actors read `orders`.

    Raises:
      BlockedWriterError: the server took them not.
    """
    self._writer.write(orders)
    if not self._writer.flush(1000 * _TELL_S):
      raise BlockedWriterError(
        f"the actors' server, of this process, took no policy for {_TELL_S} s; "
        'expected it to at once, for nothing holds it back'
      )

  def take(self, timeout_ms: int) -> Block | None:
    """The next block; None if none came in time. Nobody else gets it."""
    if timeout_ms not in self._draws:
      self._draws[timeout_ms] = _make_draw(
        self._client.server_address, _STEPS, self._spec, timeout_ms
      )
    drawn = _drawn(self._draws[timeout_ms])
    return None if drawn is None else Block(*drawn)

  @property
  def num_waiting(self) -> int:
    """Blocks that can be taken at once."""
    return self._client.server_info(timeout=60)[_STEPS].current_size

  def close(self) -> None:
    """Stops the server; what waits there is gone."""
    with stderr_filter.without_notes():
      self._server.stop()


class Outpost:
  """An actor's end.

  Args:
    address: HOST:PORT of the exchange.
    timeout_s: how long `read` and `write` wait for a learner that answers.
  """

  def __init__(self, address: str, timeout_s: float):
    self._address = address
    self._timeout_s = timeout_s
    self._client = reverb.Client(address)

  @functools.cached_property
  def _writer(self) -> '_Writer':
    return _Writer(self._client, _STEPS)  # waits for the server

  @functools.cached_property
  def _draw(self) -> Callable[[], Any]:
    timeout_ms = int(1000 * self._timeout_s)
    return _make_draw(self._address, _POLICY, _orders_spec(), timeout_ms)

  def answers(self, timeout_s: float) -> bool:
    """Whether the learner's server is there; knows it in `timeout_s`."""
    try:
      self._client.server_info(timeout=max(1, round(timeout_s)))
    except (reverb.errors.ReverbError, RuntimeError):
      return False
    return True

  def read(self) -> Orders:
    """The latest orders.

    Raises:
      StarvedTableError: there were none within the time-out.
    """
    drawn = _drawn(self._draw)
    if drawn is None:
      raise StarvedTableError(
        f'the learner at {self._address} gave no policy within '
        f'{self._timeout_s:g} s; expected one before the first round'
      )
    return Orders(*drawn)

  def write(self, block: Block, stop: Callable[[], bool]) -> bool:
    """Sends a block, once there is room for it.

    Args:
      block: steps.
      stop: asked each second; true gives up.

    Returns:
      Whether it was sent.

    Raises:
      BlockedWriterError: there was no room within the time-out.
    """
    self._writer.write(block)
    deadline = time.monotonic() + self._timeout_s
    while not self._writer.flush(1000):
      if stop():
        return False
      if time.monotonic() > deadline:
        raise BlockedWriterError(
          f'the learner at {self._address} took no block for '
          f'{self._timeout_s:g} s: its queue is full. An evaluation or a fit '
          'that takes longer needs a larger run.actor_timeout_s'
        )
    return True


class _Writer:
  """Writes items of one step."""

  def __init__(self, client: reverb.Client, table: str):
    self._writer = client.trajectory_writer(num_keep_alive_refs=1)
    self._table = table

  def write(self, item: NamedTuple) -> None:
    self._writer.append(item)
    last = tf.nest.map_structure(
      lambda column: column[-1], self._writer.history
    )
    self._writer.create_item(self._table, 1.0, last)

  def flush(self, timeout_ms: int) -> bool:
    """Whether all that was written is in the table."""
    try:
      self._writer.flush(timeout_ms=timeout_ms)
    except reverb.errors.DeadlineExceededError:
      return False
    return True


def _make_draw(
  address: str, table: str, spec: NamedTuple, timeout_ms: int
) -> Callable[[], Any]:
  """Makes a graph that draws one item, by an iterator of its own: nothing is
  fetched before it is asked for.
  """
  dataset = reverb.TrajectoryDataset(
    server_address=address,
    table=table,
    dtypes=tf.nest.map_structure(lambda leaf: leaf.dtype, spec),
    shapes=tf.nest.map_structure(lambda leaf: leaf.shape, spec),
    max_in_flight_samples_per_worker=1,
    num_workers_per_iterator=1,
    rate_limiter_timeout_ms=timeout_ms,
    max_samples=1,
  )
  options = tf.data.Options()
  # The optimisers of tf.data take longer than the sampling itself.
  options.experimental_optimization.apply_default_optimizations = False
  options.autotune.enabled = False
  dataset = dataset.with_options(options)
  draw = tf.function(lambda: dataset.get_single_element().data, autograph=False)
  return draw.get_concrete_function()


def _drawn(draw: Callable[[], Any]) -> list[np.ndarray] | None:
  """The item's columns; None of a draw that the time-out ended."""
  try:
    with notes.without_note_of_draw():
      item = draw()
  except tf.errors.InvalidArgumentError as error:
    if 'empty' not in error.message:
      raise
    return None
  return [column.numpy() for column in item]
