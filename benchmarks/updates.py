"""Updates a second of an agent against SB3's and SBX's, for the benchmarks.

All draw their batches from their own replay: 64 updates of 256 rows a round.
"""

import time
from collections.abc import Callable, Mapping, Sequence

import pairing
from absl import flags

_BATCH = flags.DEFINE_integer('batch', 256, 'Rows of an update.', 1)
_HIDDEN = flags.DEFINE_integer('hidden', 256, 'Width of both hidden layers.', 1)
_ROUNDS = flags.DEFINE_integer('rounds', 30, 'Timed rounds of a turn.', 1)

UPDATES_PER_ROUND = 64
SIZES = 11, 3  # of Hopper's observations and actions
_ROWS_PER_ITEM = {'policy': 16, 'expert': 256}  # as in training


def _make_round(agent):
  """A round on rewards that cost nothing: `run(rows)`, `run(rows, expert)`."""
  import tensorflow as tf

  from tfirl.agents import relabeling
  from tfirl.algorithms.parts import rounds

  relabeled = relabeling.RewardRelabelingAgent(
    agent, lambda _, action: -tf.reduce_sum(action**2, -1)
  )

  def step(batch, expert=None):
    experience = relabeling.as_experience(batch)
    return {'loss': relabeled.train(experience, expert=expert).loss}

  return rounds.Rounds(step, UPDATES_PER_ROUND, jit_compile=False)


def _make_replay(names: Sequence[str]):
  """Tables of random rows."""
  import numpy as np

  from tfirl import types
  from tfirl.algorithms.parts import tables as algorithm_tables
  from tfirl.replay import tables

  spec = algorithm_tables.transition_spec(*SIZES)
  replay = tables.Replay(
    [tables.table(n, rows_per_item=_ROWS_PER_ITEM[n]) for n in names], spec
  )
  rng = np.random.default_rng(0)
  for name in names:
    rows = (rng.uniform(-1, 1, [16_384, *field.shape]) for field in spec)
    replay.writer(name).append(
      types.Transition(*(field.astype(np.float32) for field in rows))
    )
  return replay


def _measure_tfirl(make_agent, tables) -> dict[str, float]:
  from tfirl.machine import threads

  threads.take()
  replay = _make_replay(tables)
  num_rows = UPDATES_PER_ROUND * _BATCH.value
  samplers = [replay.sampler(name, num_rows) for name in tables]
  hidden = _HIDDEN.value, _HIDDEN.value
  compiled = _make_round(make_agent(*SIZES, hidden=hidden))

  def run():
    compiled.run(*(sampler.sample() for sampler in samplers))['loss'].numpy()

  figures = rate(run)
  assert compiled.num_traces == 1, compiled.num_traces
  replay.close()
  return figures


def rate(run_round: Callable[[], None]) -> dict[str, float]:
  """Updates a second of a function that makes `UPDATES_PER_ROUND` of them."""
  for _ in range(2):  # the first one traces
    run_round()
  start = time.perf_counter()
  for _ in range(_ROUNDS.value):
    run_round()
  seconds = time.perf_counter() - start
  return {'updates_per_s': _ROUNDS.value * UPDATES_PER_ROUND / seconds}


def run(
  make_agent: Callable,
  name: str,
  tables: Sequence[str],
  own_flags: Sequence[str] = (),
  bounds: Mapping[str, Sequence[str]] | None = None,
) -> None:
  """Measures, or compares, as the flags have it.

  Args:
    make_agent: `make_agent(observation_size, action_size, hidden=...)`.
    name: what sb3_sac.py knows its peers by.
    tables: 'policy', and 'expert' if its rows are trained on as well.
    own_flags: names of flags that only tfirl's turn has.
    bounds: commands that measure what can't be beaten, by name.
  """

  def make_peers():
    sizes = pairing.same_flags('batch', 'hidden', 'rounds')
    return {
      'tfirl': pairing.own_command(*pairing.same_flags(*own_flags), *sizes),
      **(bounds or {}),
      **pairing.sb3_peers('--measure=updates', f'--agent={name}', *sizes),
    }

  pairing.run(
    lambda: _measure_tfirl(make_agent, tables), make_peers, 'updates_per_s'
  )
