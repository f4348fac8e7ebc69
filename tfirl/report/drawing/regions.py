"""Pictures over a maze: where a pretrained model errs, and where rows were."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colors
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfirl.report.drawing import figures, run_pictures
from tfirl.report.reading.runs import Run
from tfirl.storage import run_files

_REQUIRED = ('errors', 'fitted_rows', 'extent', 'is_wall')
_WALLS = colors.ListedColormap(['#FFFFFF', '#BDBDBD'])


def plot_all(found: Sequence[Run], folder: str) -> dict[str, list[str]]:
  """Pictures of runs that left a regions.npz.

  Args:
    found: all runs.
    folder: where the PNGs go.

  Returns: file names in `folder` by task.
  """
  return run_pictures.plot_all(
    found, folder, run_files.REGIONS, 'regions', plot_regions
  )


def plot_regions(source: str, path: str, title: str) -> None:
  """The one-step error of each region, and how many rows it was fitted to.

  Args:
    source: an .npz with `errors`, `fitted_rows` [bin of y, bin of x], `extent`
      (x from, x to, y from, y to) and `is_wall` [row, column], row 0 on top.
    path: of the PNG.
    title: above both panels.

  Raises: ValueError if the file is damaged or lacks one of those.
  """
  arrays = run_pictures.read_arrays(source, _REQUIRED)
  errors, rows = arrays['errors'], arrays['fitted_rows'].astype(float)
  extent, is_wall = arrays['extent'], arrays['is_wall']
  figure = Figure(figsize=(11.0, 4.4), dpi=140, layout='constrained')
  FigureCanvasAgg(figure)
  figure.suptitle(title, fontweight='bold')
  panels = (
    ('one-step error on rows held out, variances', errors, 'inferno'),
    ('rows fitted', np.where(rows > 0, rows, np.nan), 'viridis'),
  )
  for axes, (name, values, colormap) in zip(
    figure.subplots(1, 2), panels, strict=True
  ):
    axes.imshow(is_wall, _WALLS, extent=extent, vmin=0, vmax=1)
    shown = axes.imshow(
      values,
      colormap,
      # Nothing to take a logarithm of: all zero, or no region at all.
      norm=colors.LogNorm() if np.nanmax(values, initial=0) > 0 else None,
      extent=extent,
      origin='lower',
      interpolation='nearest',
    )
    axes.set_title(name, loc='left', fontsize=10)
    axes.set_xlabel('x, m')
    axes.set_ylabel('y, m')
    figure.colorbar(shown, ax=axes, shrink=0.8)
  figures.save(figure, path)
