"""`python -m tfirl.cli.probes NAME`: what `tfirl check` tries in processes.

Each prints a line of what it found; one that fails raises, and the error's last
line is shown.
"""

import os
import sys
import tempfile
from pathlib import Path


def tensorflow() -> str:
  """Imports it, multiplies once, and says which GPUs it sees."""
  import tensorflow as tf

  tf.matmul(tf.ones([2, 2]), tf.ones([2, 2])).numpy()
  gpus = tf.config.list_physical_devices('GPU')
  names = ', '.join(gpu.name for gpu in gpus)
  return f'TensorFlow {tf.__version__}; ' + (
    f'sees {names}' if gpus else 'no GPU, which tfirl does not need'
  )


def renderer() -> str:
  """Draws a frame of Hopper as a run's video does."""
  from tfirl.machine import renderer as machine

  machine.choose()
  import gymnasium

  with gymnasium.make('Hopper-v5', render_mode='rgb_array') as env:
    env.reset(seed=0)
    frame = env.render()
  backend = os.environ.get('MUJOCO_GL', 'the display')
  if frame is None or not frame.any():
    raise RuntimeError(f'MUJOCO_GL={backend} drew a black frame')
  return f'draws {frame.shape[1]} x {frame.shape[0]} by MUJOCO_GL={backend}'


def ffmpeg() -> str:
  """Writes an .mp4 of two frames."""
  import imageio
  import numpy as np

  with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, 'x.mp4')
    frames = [np.full((64, 64, 3), shade, np.uint8) for shade in (0, 255)]
    imageio.mimwrite(path, frames, fps=2)
    size = path.stat().st_size
  if not size:
    raise RuntimeError('ffmpeg wrote an empty file')
  return 'writes mp4'


def reverb() -> str:
  """Inserts a block of rows into a table, and samples it."""
  import numpy as np
  import tensorflow as tf

  from tfirl.replay import tables
  from tfirl.types import Transition

  shapes = (4, 2), (4, 1), (4,), (4, 2)
  rows = Transition(*(np.ones(shape, np.float32) for shape in shapes))
  specs = Transition(*(tf.TensorSpec(r.shape[1:], tf.float32) for r in rows))
  config = tables.table('check', capacity=4, rows_per_item=4, min_size=4)
  replay = tables.Replay([config], specs)
  try:
    replay.writer('check').append(rows)
    drawn = replay.sampler('check', 4).sample()
  finally:
    replay.close()
  if not np.array_equal(drawn.observation, rows.observation):
    raise RuntimeError('Reverb gave back other rows than it was given')
  return 'a block was written and sampled'


_PROBES = {f.__name__: f for f in (tensorflow, renderer, ffmpeg, reverb)}

if __name__ == '__main__':
  print(_PROBES[sys.argv[1]]())
