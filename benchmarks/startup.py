"""Seconds from the command to the first gradient steps. The bar is 8.

  python benchmarks/startup.py hype_hopper hyper_hopper

Each is begun by a process of its own as `tfirl train NAME`, and ended after its
first call of `Rounds.run`: a run that starts from a clone then has taken the
first of its steps. The first process only warms the disk's cache.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

import program
from absl import flags

flags.DEFINE_integer('repeats', 3, 'Turns of each.', lower_bound=1)

# What the child runs: the command, with one function of tfirl's wrapped.
_CHILD = """
import os, sys, time
begun = float(sys.argv.pop(1))
from tfirl.algorithms.parts import rounds
run = rounds.Rounds.run
def run_once(self, *batches):
  for value in run(self, *batches).values():
    value.numpy()  # waits until it is there
  print(time.time() - begun, flush=True)
  os._exit(0)
rounds.Rounds.run = run_once
from tfirl.cli import main
sys.exit(main.main())
"""


def start_s(name: str) -> float:
  """Of one run of `tfirl train NAME`."""
  with tempfile.TemporaryDirectory() as root_dir:
    command = [sys.executable, '-c', _CHILD, str(time.time())]
    done = subprocess.run(
      [*command, 'train', name, f'--root_dir={root_dir}'],
      capture_output=True,
      text=True,
      cwd=root_dir,
    )
  if done.returncode:
    raise RuntimeError(f'{name}: {done.stderr[-3000:]}')
  return float(done.stdout.splitlines()[-1])


def main(argv):
  names = argv[1:] or ['hype_hopper', 'hyper_hopper']
  os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
  start_s(names[0])
  for name in names:
    turns = [start_s(name) for _ in range(flags.FLAGS.repeats)]
    print(
      f'{name:<20} {statistics.median(turns):.1f} s; '
      f'{min(turns):.1f} to {max(turns):.1f}'
    )


if __name__ == '__main__':
  program.run(main, 'names, such as hype_hopper', most=99)
