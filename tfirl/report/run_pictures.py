"""A picture for each run that left a certain file."""

import os
from collections.abc import Callable, Sequence

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
      name = f'{run.task}_{run.algorithm}_{run.seed}_{suffix}.png'
      title = f'{run.task}, {run.algorithm}, seed {run.seed}'
      plot(source, os.path.join(folder, name), title)
      files.setdefault(run.task, []).append(name)
  return files
