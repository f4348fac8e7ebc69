"""Hybrid inverse reinforcement learning on TF-Agents.

  import tfirl
  run = tfirl.imitate('hype', 'hopper', seed=0)
  action = run.policy(observation)

What it offers is described in `tfirl.api`, and is imported when it is first
asked for: `import tfirl` alone brings no TensorFlow.
"""

import contextlib
import importlib
import os
import typing

if typing.TYPE_CHECKING:
  from tfirl.api import (
    Demonstrations,
    Run,
    Task,
    imitate,
    load_demonstrations,
    load_run,
  )

__all__ = [
  'Demonstrations',
  'Run',
  'Task',
  'imitate',
  'load_demonstrations',
  'load_run',
]
__version__ = '0.2.0'

# Set before TensorFlow starts: its notices (no GPU, a plug-in found twice)
# drown what a program has to say. Python's exceptions are not touched.
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

# Before NumPy is imported: policies act in NumPy, one observation at a time,
# and a second thread makes products that small three times as slow.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')

# TF-Agents imports Gym, which prints that it is not maintained; tfirl itself is
# on Gymnasium. What Gym prints, it looks up here.
with contextlib.suppress(ImportError):
  from gym_notices import notices

  notices.notices.clear()
  del notices


def __getattr__(name: str) -> typing.Any:
  if name not in __all__:
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
  return getattr(importlib.import_module('tfirl.api'), name)


def __dir__() -> list[str]:
  return sorted([*globals(), *__all__])
