"""Nothing of Reverb's own is seen, in a process whose stderr is all its own."""

import os
import subprocess
import sys

_PROGRAM = """
import sys
import numpy as np
import tensorflow as tf
from tfirl.replay import tables
from tfirl.types import Transition

shapes = (40, 2), (40, 1), (40,), (40, 2)
rows = Transition(*(np.ones(shape, np.float32) for shape in shapes))
specs = Transition(*(tf.TensorSpec(r.shape[1:], tf.float32) for r in rows))
config = [
  tables.table(name, capacity=40, rows_per_item=4, min_size=4) for name in 'ab'
]
replay = tables.Replay(config, specs)
for name in 'ab':
  replay.writer(name).append(rows)
samplers = [replay.sampler(name, n) for name in 'ab' for n in (4, 5, 6)]
for _ in range(6):
  for sampler in samplers:
    sampler.sample()
replay.read('a')
replay.save(sys.argv[1])
replay.close()
tables.Replay(config, specs, restore_from=sys.argv[1]).close()
print('the end', file=sys.stderr)
"""


def test_a_replay_says_nothing(tmp_path, root):
  done = subprocess.run(
    [sys.executable, '-c', _PROGRAM, str(tmp_path / 'saved')],
    capture_output=True,
    text=True,
    env={**os.environ, 'PYTHONPATH': str(root)},
  )
  assert done.returncode == 0, done.stderr
  assert done.stderr == 'the end\n'
