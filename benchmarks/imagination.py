"""Imagined transitions a second: tfirl against mbrl-lib. The bar is 2.0.

  python benchmarks/imagination.py --mbrl_python=MBRL/bin/python

50,000 start states, 5 steps, 7 members of 4 x 200 with 5 elites, actions
sampled from SAC's actor of 2 x 256; from start states to rows in the buffer,
here Reverb's `learner` table. Ensembles have seen the rows for one epoch.
"""

import time

import dynamics
import program
from absl import flags

_LENGTH = flags.DEFINE_integer('length', 5, 'Steps of a rollout.', 1)


def _make_replay(capacity, sizes):
  from tfirl.algorithms.parts import tables as algorithm_tables
  from tfirl.replay import tables

  config = tables.table(
    'learner', capacity=capacity, rows_per_item=256, min_size=1
  )
  return tables.Replay([config], algorithm_tables.transition_spec(*sizes))


def _measure_tfirl() -> dict[str, float]:
  from tfirl.agents import sac
  from tfirl.dynamics import model_env, termination, trainer
  from tfirl.optimizers import optimistic_adam

  rows = dynamics.read_rows(dynamics.ROWS.value)
  model = dynamics.make_model(rows)
  trainer.DynamicsTrainer(model, seed=0, max_epochs=1).fit(rows)
  sizes = rows.observation.shape[1], rows.action.shape[1]
  agent = sac.SacAgent(
    *sizes,
    make_optimizer=optimistic_adam.OptimisticAdam,
    learning_rate=3e-4,
    gamma=0.99,
    tau=0.005,
  )
  env = model_env.ModelEnv(model, is_healthy=termination.hopper)
  replay = _make_replay(_LENGTH.value * len(rows.discount), sizes)
  rates = []
  for _ in range(4):  # the first one traces
    start = time.perf_counter()
    imagined = env.rollout(
      agent.sample_actions, rows.observation, _LENGTH.value
    ).rows
    replay.writer('learner').append(imagined)
    seconds = time.perf_counter() - start
    rates.append(len(imagined.discount) / seconds)
  replay.close()
  return {'transitions_per_s': sorted(rates[1:])[1]}


def main(_):
  dynamics.run(_measure_tfirl, 'imagine', 'length', 'transitions_per_s')


if __name__ == '__main__':
  program.run(main)
