"""The tables that algorithms write and read, and their pace."""

from collections.abc import Sequence

import gin
import numpy as np
import tensorflow as tf

from tfirl import types
from tfirl.machine import closing
from tfirl.replay import tables, writers


def transition_spec(
  observation_size: int, action_size: int, has_reward: bool = False
) -> types.Transition | types.RewardedTransition:
  """Of one row, without a batch axis."""
  observation = tf.TensorSpec([observation_size], tf.float32)
  scalar = tf.TensorSpec([], tf.float32)
  spec = types.Transition(
    observation=observation,
    action=tf.TensorSpec([action_size], tf.float32),
    discount=scalar,
    next_observation=observation,
  )
  return types.RewardedTransition(*spec, scalar) if has_reward else spec


def online_table(
  name: str, samples_per_step: float, steps_per_round: int, initial_steps: int
) -> tables.TableConfig:
  """A table written by every env step, and read by as many rows for each."""
  if not samples_per_step:
    return read_table(name)
  with gin.config_scope(name):
    return tables.table(
      name,
      samples_per_insert=float(samples_per_step),
      min_size=initial_steps,
      # One thread writes a round, then reads a round: it is ahead by one
      # round either way, and the limiter must let it.
      error_buffer=4 * max(steps_per_round, initial_steps),
    )


def read_table(name: str) -> tables.TableConfig:
  """A table without a fixed ratio: `hybrid`, which each fit reads in full."""
  with gin.config_scope(name):
    return tables.table(name, min_size=1)


def expert_table(num_transitions: int) -> tables.TableConfig:
  """Written once; every row is there before the first is read."""
  with gin.config_scope('expert'):
    return tables.table(
      'expert',
      # Room for the rows that `write_shuffled` repeats to fill a block.
      capacity=num_transitions + 1_000_000,
      min_size=num_transitions,
    )


def open_with_demos(
  configs: Sequence[tables.TableConfig],
  demos: types.Demonstrations,
  restore_from: str | None,
  seed: int,
  has_reward: bool = False,
  mixed: Sequence[str] = (),
) -> tables.Replay:
  """Opens `configs` and the `expert` table, which holds `demos`.

  Args:
    configs: the other tables.
    demos: written in random order. Where a checkpoint has others, these take
      their place.
    restore_from: a checkpoint's folder, or None.
    seed: of the order of rows, written and sampled.
    has_reward: rows of all tables are `RewardedTransition`s.
    mixed: names of those of `configs` that have demonstrated rows, too.

  Raises:
    ValueError: they are too many to take the place of a checkpoint's.
  """
  replay = tables.Replay(
    [*configs, expert_table(len(demos))],
    transition_spec(*demos.sizes, has_reward),
    restore_from=restore_from,
    seed=seed,
    refilled=['expert'],
  )
  with closing.on_error(replay):
    rows, rng = rows_of(demos, has_reward), np.random.default_rng(seed)
    if restore_from is not None:
      if mixed:
        _replace(replay, mixed, replay.read('expert'), rows, rng)
      replay.clear('expert')
    num_rows = writers.write_shuffled(
      replay.writer('expert'), rows, rng, replay.least_rows('expert')
    )
    room = replay.size('expert')
    if num_rows > room:  # the oldest are gone
      raise ValueError(
        f'{demos.source}: found {len(demos):,} transitions; expected at most '
        f'{room:,}, to go on from {restore_from}'
      )
  return replay


def _replace(
  replay: tables.Replay,
  names: Sequence[str],
  old: types.Transition,
  new: types.Transition,
  rng: np.random.Generator,
) -> None:
  """Each row of `old` [N, ...] in these tables gives way to one of `new`."""
  keys = set(_keys(old))
  if keys == set(_keys(new)):
    return
  for name in names:
    rows = replay.read(name)
    old_rows = np.flatnonzero([key in keys for key in _keys(rows)])
    # As evenly as their numbers allow.
    order = np.resize(rng.permutation(len(new.discount)), len(old_rows))
    for field, values in zip(rows, new, strict=True):
      field[old_rows] = values[order]
    replay.clear(name)
    replay.writer(name).append(rows)


def _keys(rows: types.Transition) -> list[bytes]:
  """What each of the rows [N, ...] is told from others by."""
  columns = [field.reshape(len(field), -1) for field in rows]
  packed = np.concatenate(columns, 1).astype(np.float32)
  return [row.tobytes() for row in packed]


def rows_of(demos: types.Demonstrations, has_reward: bool) -> types.Transition:
  """All rows of `demos`, [N, ...]; `RewardedTransition`s if they have one."""
  return demos.rewarded_transitions if has_reward else demos.transitions


def shuffled(rows: types.Transition, seed: int) -> types.Transition:
  """All rows in random order, each once.

  The last ones may wait for a block to fill up. `write_shuffled` would repeat
  all of them instead, up to a hundred times where they are few: fine for a
  table of their own, but in `hybrid` they would outweigh the real rows.
  """
  order = np.random.default_rng(seed).permutation(len(rows.discount))
  return type(rows)(*(field[order] for field in rows))
