"""SAC updates a second: tfirl against Stable-Baselines3. The bar is 2.0.

  python benchmarks/sac_updates.py --sb3_python=SB3/bin/python

tfirl uses OptimisticAdam, as HyPE does; Stable-Baselines3 uses Adam.
"""

import updates
from absl import app


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
  updates.run(_make_agent, 'sac', tables=['policy'])


if __name__ == '__main__':
  app.run(main)
