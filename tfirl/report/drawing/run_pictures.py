"""Pictures of runs that left a certain file."""

import os
from collections.abc import Callable, Collection, Sequence

import numpy as np

from tfirl.report import texts
from tfirl.report.reading.runs import Run
from tfirl.storage import npz_file

_MOST = 6  # pictures of a kind, if methods have more than one


def plot_all(
  found: Sequence[Run],
  folder: str,
  file: str,
  suffix: str,
  plot: Callable[[str, str, str], None],
) -> dict[str, list[str]]:
  """Calls `plot(source, path, title)` for runs whose folder has `file`.

  For all of them or, where they are many, for the first seed of each method.

  Args:
    found: all runs.
    folder: where the PNGs go.
    file: name of what `plot` reads.
    suffix: ends the names of the PNGs.
    plot: writes the PNG.

  Returns: file names in `folder` by task.
  """
  files = {}
  for run in _choose(found, file):
    name = texts.for_file(f'{run.task}_{run.algorithm}_{run.seed}')
    name = f'{name}_{suffix}.png'
    title = f'{run.task}, {run.algorithm}, seed {run.seed}'
    title = texts.for_figure(title)
    plot(os.path.join(run.path, file), os.path.join(folder, name), title)
    files.setdefault(run.task, []).append(_smaller(folder, name))
  return files


def _smaller(folder: str, name: str) -> str:
  """The PNG or the SVG beside it, whichever loads faster."""
  names = (name, f'{os.path.splitext(name)[0]}.svg')
  return min(names, key=lambda n: os.path.getsize(os.path.join(folder, n)))


def _choose(found: Sequence[Run], file: str) -> list[Run]:
  """The runs that have `file`; if they are many, the first of each method."""
  have = [r for r in found if os.path.exists(os.path.join(r.path, file))]
  if len(have) <= _MOST:
    return have
  first: dict[tuple[str, str], Run] = {}
  for run in have:
    first.setdefault((run.task, run.algorithm), run)
  return list(first.values())


def read_arrays(
  source: str, required: Collection[str]
) -> dict[str, np.ndarray]:
  """The arrays of the .npz `source`.

  Raises: ValueError if it is damaged or lacks one of `required`.
  """
  arrays = npz_file.read(source, "a picture's arrays")
  missing = sorted(set(required) - set(arrays))
  if missing:
    raise ValueError(
      f'{source}: no array {missing[0]!r}; found {sorted(arrays)}'
    )
  return arrays
