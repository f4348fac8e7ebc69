"""Epochs of an ensemble's fit: tfirl against mbrl-lib. The bar is 2.0.

  python benchmarks/dynamics_fit.py --mbrl_python=MBRL/bin/python

7 members of 4 x 200, batch 256, 50,000 rows of Hopper, a fifth held out; an
epoch ends with the error on the hold-out. What a fit does once is not counted:
the difference of a long and a short one is.
"""

import dynamics
import program
from absl import flags

_EPOCHS = flags.DEFINE_integer('epochs', 3, 'Timed epochs of a turn.', 1)


def _measure_tfirl() -> dict[str, float]:
  from tfirl.dynamics import trainer as dynamics_trainer
  from tfirl.machine import threads

  threads.take()
  rows = dynamics.read_rows(dynamics.ROWS.value)
  model = dynamics.make_model(rows)
  trainer = dynamics_trainer.DynamicsTrainer(model, seed=0, patience=1000)
  wall_s = []
  for epochs in (1, 1, 1 + _EPOCHS.value):  # the first one traces
    trainer._max_epochs = epochs
    wall_s.append(trainer.fit(rows).wall_s)
  assert trainer.num_traces == 1, trainer.num_traces
  seconds = (wall_s[2] - wall_s[1]) / _EPOCHS.value
  return {'epochs_per_minute': 60.0 / seconds}


def main(_):
  dynamics.run(_measure_tfirl, 'fit', 'epochs', 'epochs_per_minute')


if __name__ == '__main__':
  program.run(main)
