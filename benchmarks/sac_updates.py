"""SAC updates a second: tfirl, the matmuls of its update alone, SB3 and SBX.

  python benchmarks/sac_updates.py --sb3_python=SB3/bin/python \
    --sbx_python=SBX/bin/python

tfirl uses OptimisticAdam, as HyPE does; its peers use Adam. The matmuls alone
are what no implementation on TensorFlow can be faster than (sac_matmuls.py):
the bar is 0.88 of them, 2.4 of Stable-Baselines3 and 1.25 of SBX.
"""

import pairing
import program
import updates


def _make_agent(*sizes, hidden):
  from tfirl.agents import sac
  from tfirl.optimizers import optimistic_adam

  return sac.SacAgent(
    *sizes,
    make_optimizer=optimistic_adam.OptimisticAdam,
    learning_rate=7.3e-4,
    hidden=hidden,
    gamma=0.98,
    tau=0.02,
  )


def main(_):
  sizes = pairing.same_flags('batch', 'hidden', 'rounds')
  bound = pairing.script_command('sac_matmuls.py', '--measure', *sizes)
  updates.run(
    _make_agent, 'sac', ['policy'], bounds={'its matmuls alone': bound}
  )


if __name__ == '__main__':
  program.run(main)
