"""TD3+BC updates a second: tfirl against Stable-Baselines3's TD3. Bar: 2.0.

  python benchmarks/td3_updates.py --sb3_python=SB3/bin/python

Both draw their batches from their own replay: 64 updates of 256 rows a round,
by Adam. tfirl's also clone as many expert rows, which its peer has none of.
"""

import json
import sys
import time

import pairing
from absl import app, flags

_BATCH = flags.DEFINE_integer('batch', 256, 'Rows of an update.')
_HIDDEN = flags.DEFINE_integer('hidden', 256, 'Width of both hidden layers.')
_ROUNDS = flags.DEFINE_integer('rounds', 30, 'Timed rounds of a turn.')
_BC_WEIGHT = flags.DEFINE_float('bc_weight', 1.0, '0 leaves cloning out.')
_MEASURE = flags.DEFINE_bool(
  'measure', False, "Measure tfirl in this process: what tfirl's turn runs."
)

_UPDATES_PER_ROUND = 64
_OBSERVATION_SIZE, _ACTION_SIZE = 11, 3  # of Hopper


def _make_round():
  """A round of TD3+BC on rewards that cost nothing: `run(rows, expert)`."""
  import tensorflow as tf

  from tfirl.agents import relabeling, td3_bc
  from tfirl.algorithms import rounds

  agent = td3_bc.Td3BcAgent(
    _OBSERVATION_SIZE,
    _ACTION_SIZE,
    make_optimizer=tf.keras.optimizers.legacy.Adam,
    learning_rate=3e-4,
    hidden=(_HIDDEN.value, _HIDDEN.value),
    gamma=0.99,
    tau=0.005,
    bc_weight=_BC_WEIGHT.value,
  )
  relabeled = relabeling.RewardRelabelingAgent(
    agent, lambda _, action: -tf.reduce_sum(action**2, -1)
  )

  def step(batch, expert):
    experience = relabeling.as_experience(batch)
    return {'loss': relabeled.train(experience, expert=expert).loss}

  return rounds.Rounds(step, _UPDATES_PER_ROUND, jit_compile=False)


def _make_replay():
  """Tables `policy` and `expert` of random rows, in blocks as in training."""
  import numpy as np
  import tensorflow as tf

  from tfirl import types
  from tfirl.replay import tables

  num_rows = 16_384
  shapes = [[_OBSERVATION_SIZE], [_ACTION_SIZE], [], [_OBSERVATION_SIZE]]
  spec = types.Transition(*(tf.TensorSpec(s, tf.float32) for s in shapes))
  configs = [
    tables.table('policy', rows_per_item=16),
    tables.table('expert', rows_per_item=256),
  ]
  replay = tables.Replay(configs, spec)
  rng = np.random.default_rng(0)
  for config in configs:
    replay.writer(config.name).append(
      types.Transition(
        *(rng.uniform(-1, 1, [num_rows, *s]).astype(np.float32) for s in shapes)
      )
    )
  return replay


def _measure_tfirl() -> dict[str, float]:
  replay = _make_replay()
  num_rows = _UPDATES_PER_ROUND * _BATCH.value
  samplers = [replay.sampler(name, num_rows) for name in ('policy', 'expert')]
  td3_round = _make_round()

  def run():
    rows, expert = (sampler.sample() for sampler in samplers)
    return td3_round.run(rows, expert)['loss'].numpy()

  for _ in range(2):  # the first one traces
    run()
  start = time.perf_counter()
  for _ in range(_ROUNDS.value):
    run()
  seconds = time.perf_counter() - start
  assert td3_round.num_traces == 1, td3_round.num_traces
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
  bc_weight = f'--bc_weight={_BC_WEIGHT.value}'
  peers = {
    'tfirl': [sys.executable, __file__, '--measure', bc_weight, *sizes],
    'Stable-Baselines3': pairing.sb3_command(
      '--measure=updates', '--agent=td3', *sizes
    ),
  }
  pairing.compare(peers, 'updates_per_s')


if __name__ == '__main__':
  app.run(main)
