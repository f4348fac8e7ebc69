"""SAC updates a second: tfirl against Stable-Baselines3. The bar is 2.0.

  python benchmarks/sac_updates.py --sb3_python=SB3/bin/python

Both draw their batches from their own replay: 64 updates of 256 rows a round.
tfirl uses OptimisticAdam, as HyPE does; Stable-Baselines3 uses Adam.
"""

import json
import sys
import time

import pairing
from absl import app, flags

_BATCH = flags.DEFINE_integer('batch', 256, 'Rows of an update.')
_HIDDEN = flags.DEFINE_integer('hidden', 256, 'Width of both hidden layers.')
_ROUNDS = flags.DEFINE_integer('rounds', 30, 'Timed rounds of a turn.')
_MEASURE = flags.DEFINE_bool(
  'measure', False, "Measure tfirl in this process: what tfirl's turn runs."
)

_UPDATES_PER_ROUND = 64
_OBSERVATION_SIZE, _ACTION_SIZE = 11, 3  # of Hopper


def _make_round():
  """A round of SAC on rewards that cost nothing: `run(batches)`."""
  import tensorflow as tf

  from tfirl.agents import relabeling, sac
  from tfirl.algorithms import rounds
  from tfirl.optimizers import optimistic_adam

  agent = sac.SacAgent(
    _OBSERVATION_SIZE,
    _ACTION_SIZE,
    make_optimizer=optimistic_adam.OptimisticAdam,
    learning_rate=7.3e-4,
    hidden=(_HIDDEN.value, _HIDDEN.value),
    gamma=0.98,
    tau=0.02,
  )
  agent.initialize()
  relabeled = relabeling.RewardRelabelingAgent(
    agent, lambda _, action: -tf.reduce_sum(action**2, -1)
  )

  def step(batch):
    return {'loss': relabeled.train(relabeling.as_experience(batch)).loss}

  return rounds.Rounds(step, _UPDATES_PER_ROUND, jit_compile=False)


def _make_replay():
  """A `policy` table of random rows, in blocks as in training."""
  import numpy as np
  import tensorflow as tf

  from tfirl import types
  from tfirl.replay import tables

  num_rows = 16_384
  shapes = [[_OBSERVATION_SIZE], [_ACTION_SIZE], [], [_OBSERVATION_SIZE]]
  spec = types.Transition(*(tf.TensorSpec(s, tf.float32) for s in shapes))
  replay = tables.Replay([tables.table('policy', rows_per_item=16)], spec)
  rng = np.random.default_rng(0)
  replay.writer('policy').append(
    types.Transition(
      *(rng.uniform(-1, 1, [num_rows, *s]).astype(np.float32) for s in shapes)
    )
  )
  return replay


def _measure_tfirl() -> dict[str, float]:
  replay = _make_replay()
  sampler = replay.sampler('policy', _UPDATES_PER_ROUND * _BATCH.value)
  sac_round = _make_round()

  def run():
    return sac_round.run(sampler.sample())['loss'].numpy()

  for _ in range(2):  # the first one traces
    run()
  start = time.perf_counter()
  for _ in range(_ROUNDS.value):
    run()
  seconds = time.perf_counter() - start
  assert sac_round.num_traces == 1, sac_round.num_traces
  replay.close()
  return {'updates_per_s': _ROUNDS.value * _UPDATES_PER_ROUND / seconds}


def main(_):
  if _MEASURE.value:
    print(json.dumps(_measure_tfirl()))
    return
  sizes = [
    f'--{name}={flags.FLAGS[name].value}'
    for name in ('batch', 'hidden', 'rounds')
  ]
  peers = {
    'tfirl': [sys.executable, __file__, '--measure', *sizes],
    'Stable-Baselines3': pairing.sb3_command('--measure=updates', *sizes),
  }
  pairing.compare(peers, 'updates_per_s')


if __name__ == '__main__':
  app.run(main)
