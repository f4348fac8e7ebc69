"""TD3+BC updates a second: tfirl against TD3 of SB3 and SBX.

  python benchmarks/td3_updates.py --sb3_python=SB3/bin/python

All use Adam. tfirl's updates also clone as many expert rows, of which its peers
have none. The bar is 2.8 to Stable-Baselines3.
"""

import program
import updates
from absl import flags

_BC_WEIGHT = flags.DEFINE_float('bc_weight', 1.0, '0 leaves cloning out.', 0.0)


def _make_agent(*sizes, hidden):
  import tensorflow as tf

  from tfirl.agents import td3_bc

  return td3_bc.Td3BcAgent(
    *sizes,
    make_optimizer=tf.keras.optimizers.legacy.Adam,
    learning_rate=3e-4,
    hidden=hidden,
    gamma=0.99,
    tau=0.005,
    bc_weight=_BC_WEIGHT.value,
  )


def main(_):
  updates.run(_make_agent, 'td3', ['policy', 'expert'], ['bc_weight'])


if __name__ == '__main__':
  program.run(main)
