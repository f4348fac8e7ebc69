"""Writes demonstrations of any source into a file of their own."""

import os
from pathlib import Path

from tfirl.demos import load, summary
from tfirl.demos.border import RawDemonstrations
from tfirl.demos.formats.d4rl_writing import save_d4rl
from tfirl.demos.formats.npz import save_npz

_WRITERS = {'.npz': save_npz, '.hdf5': save_d4rl}


def convert(source: str, out: str, env_id: str = '') -> RawDemonstrations:
  """Writes `source` to `out`.

  Args:
    source: as of `load.read`; checked as `summary` does.
    out: FILE.npz, or FILE.hdf5 in D4RL's layout; a new one.
    env_id: of a D4RL file without time-outs.

  Returns:
    What was written, as it was read.

  Raises:
    FileExistsError: `out` is there.
    FileNotFoundError, ValueError: the source, or the name of `out`, is of no
      use.
  """
  suffix = os.path.splitext(out)[1]
  if suffix not in _WRITERS:
    raise ValueError(f'OUT: found {out!r}; expected FILE.npz or FILE.hdf5')
  if Path(out).exists():
    raise FileExistsError(f'{out} is there already; expected a new file')
  raw = load.read(source, env_id)
  summary.summarize(raw)  # nothing is written that could not be read again
  _WRITERS[suffix](raw, out)
  return raw
