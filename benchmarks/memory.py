"""Memory of a run whose tables are full. The bar is 2 GB on Hopper, and flat.

  python benchmarks/memory.py

Fills the `policy` table with 1M rows of noise, which compress worst, before a
real run starts, then trains, evaluates and checkpoints (the server of the
tables lives in this process). The rows come all at once, so the table's pace is
not held here; that a run reaches 1M rows takes hours and adds nothing.
"""

import dataclasses
import resource
import sys

import numpy as np
import pairing
import program
import training
from absl import flags

_ROWS = flags.DEFINE_integer('rows', 1_000_000, 'Rows put into `policy`.', 1)
_ROUNDS = flags.DEFINE_integer('rounds', 100, 'Rounds trained after that.', 1)

_ROWS_AT_ONCE = 10_000


def _fill_policy_tables() -> None:
  """Makes every `Replay` start with a full `policy` table."""
  from tfirl.replay import tables

  make = tables.Replay.__init__

  def make_full(self, configs, transition_spec, *args, **kwargs):
    configs = [_unpaced(config) for config in configs]
    make(self, configs, transition_spec, *args, **kwargs)
    rng = np.random.default_rng(0)
    for _ in range(_ROWS.value // _ROWS_AT_ONCE):
      rows = (
        rng.uniform(-1, 1, [_ROWS_AT_ONCE, *spec.shape]).astype(np.float32)
        for spec in transition_spec
      )
      self.writer('policy').append(type(transition_spec)(*rows))
    size = self.size('policy')
    print(f'policy table: {size} rows, peak {_peak_gb():.2f} GB', flush=True)

  tables.Replay.__init__ = make_full


def _unpaced(config):
  if config.name != 'policy':
    return config
  if config.capacity < _ROWS.value:
    sys.exit(f'policy/table.capacity is {config.capacity} < {_ROWS.value} rows')
  return dataclasses.replace(config, samples_per_insert=None)


def _peak_gb() -> float:
  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def _resident_gb() -> float:
  with open('/proc/self/statm') as statm:
    return int(statm.read().split()[1]) * resource.getpagesize() / 1e9


def _tell(num_done: int) -> None:
  """Prints what is resident, ten times a run."""
  if num_done % max(1, _ROUNDS.value // 10) == 0:
    print(f'round {num_done:5}: {_resident_gb():.2f} GB', flush=True)


def main(_):
  pairing.use_cores()
  _fill_policy_tables()
  training.run_rounds(_ROUNDS.value, _tell)
  print(f'peak resident memory of the run: {_peak_gb():.2f} GB')


if __name__ == '__main__':
  program.run(main)
