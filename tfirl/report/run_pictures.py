"""A picture for each run that left a certain file."""

import os
import zipfile
import zlib
from collections.abc import Callable, Collection, Sequence

import numpy as np

from tfirl.report import texts
from tfirl.report.runs import Run


def plot_all(
  found: Sequence[Run],
  folder: str,
  file: str,
  suffix: str,
  plot: Callable[[str, str, str], None],
) -> dict[str, list[str]]:
  """Calls `plot(source, path, title)` for the runs whose folder has `file`.

  Args:
    found: all runs.
    folder: where the PNGs go.
    file: name of what `plot` reads.
    suffix: ends the names of the PNGs.
    plot: writes the PNG.

  Returns: file names in `folder` by task.
  """
  files = {}
  for run in found:
    source = os.path.join(run.path, file)
    if os.path.exists(source):
      name = texts.for_file(f'{run.task}_{run.algorithm}_{run.seed}')
      name = f'{name}_{suffix}.png'
      title = f'{run.task}, {run.algorithm}, seed {run.seed}'
      title = texts.for_figure(title)
      plot(source, os.path.join(folder, name), title)
      files.setdefault(run.task, []).append(name)
  return files


def read_arrays(
  source: str, required: Collection[str]
) -> dict[str, np.ndarray]:
  """The arrays of the .npz `source`.

  Raises: ValueError if it is damaged or lacks one of `required`.
  """
  try:
    with np.load(source, allow_pickle=False) as file:
      arrays = dict(file)
  except (
    ValueError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    TypeError,  # a bare .npy array is not closed
  ) as error:
    raise ValueError(f'{source}: found no whole .npz: {error}') from error
  missing = sorted(set(required) - set(arrays))
  if missing:
    raise ValueError(
      f'{source}: no array {missing[0]!r}; found {sorted(arrays)}'
    )
  return arrays
