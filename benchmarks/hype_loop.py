"""Env steps a second of whole loops: HyPE against SAC of SB3 and SBX.

  python benchmarks/hype_loop.py --sb3_python=SB3/bin/python \
    --sbx_python=SBX/bin/python

tfirl plays the whole game: environment, replay, mixing, relabelled updates,
cost rollouts and cost updates (the timed rounds hold two of each). Its peers
run SAC.learn(train_freq=64, gradient_steps=64): no cost, no mixing. The bars
are 2.4 to Stable-Baselines3 and 1.2 to SBX.
"""

import pairing
import program
import training
from absl import flags

_ROUNDS = flags.DEFINE_integer(
  'rounds', 160, "tfirl's timed rounds of a turn; 160 hold two cost updates.", 1
)
_WARMUP_ROUNDS = flags.DEFINE_integer(
  'warmup_rounds', 40, 'Rounds before them: random data, tracing.', 0
)
_PEER_ROUNDS = flags.DEFINE_integer(
  'peer_rounds', 40, "The peers' timed rounds; all are alike.", 1
)


def _measure_tfirl() -> dict[str, float]:
  times_s = training.run_rounds(_WARMUP_ROUNDS.value + _ROUNDS.value)
  seconds = times_s[-1] - times_s[_WARMUP_ROUNDS.value]
  return {'env_steps_per_s': _ROUNDS.value * training.STEPS_PER_ROUND / seconds}


def _make_peers() -> dict[str, list[str]]:
  return {
    'tfirl HyPE': pairing.own_command(
      *pairing.same_flags('rounds', 'warmup_rounds'), *training.child_flags()
    ),
    **pairing.sb3_peers('--measure=loop', f'--rounds={_PEER_ROUNDS.value}'),
  }


def main(_):
  pairing.run(_measure_tfirl, _make_peers, 'env_steps_per_s')


if __name__ == '__main__':
  program.run(main)
