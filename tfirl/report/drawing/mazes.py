"""Pictures of mazes: where demonstrations, learner and imagination were."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import collections, colors, patches
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfirl.report.drawing import figures, run_pictures
from tfirl.report.reading.runs import Run
from tfirl.storage import run_files

_GRIDS = ('demo_visits', 'visits')
_REQUIRED = {'walls', 'cell_size', 'extent', 'starts', 'goals', *_GRIDS}
_WALL, _INK = '#BDBDBD', '#333333'
_BLUE, _ORANGE, _RED = '#0072B2', '#E69F00', '#D55E00'
_FAINT = colors.ListedColormap(['#E4E4E4'])

Arrays = Mapping[str, np.ndarray]


def plot_all(found: Sequence[Run], folder: str) -> dict[str, list[str]]:
  """Pictures of runs that left a maze.npz.

  Args:
    found: all runs.
    folder: where the PNGs go.

  Returns: file names in `folder` by task.

  Raises: ValueError as `plot_maze`.
  """
  return run_pictures.plot_all(found, folder, run_files.MAZE, 'maze', plot_maze)


def plot_maze(source: str, path: str, title: str) -> None:
  """The demonstrations' visits, the learner's, and what it imagines.

  Args:
    source: an .npz of x-y and sizes in m: `walls` [W, 2], their centres,
      `cell_size`, `extent` (x from, x to, y from, y to), `starts` [S, 2],
      `goals` [G, 2], the counts `demo_visits` and `visits` [bin of y, bin of
      x]; of a model-based run also `start_states` [N, 2] with `rollouts`
      [K, T, 2], nan past their ends, and perhaps `start_window` [2], from and
      to which share of the expert's way.
    path: of the PNG.
    title: above all panels.

  Raises: ValueError if the file is damaged or lacks one of those, or if the
    two counts have other than the same two axes.
  """
  arrays = _read(source)
  draw_fns = [_draw_demos, _draw_visits]
  if 'rollouts' in arrays:
    draw_fns.append(_draw_imagined)
  x_from, x_to, y_from, y_to = arrays['extent']
  height = 4.6 * (y_to - y_from) / (x_to - x_from) + 0.8
  figure = Figure(
    figsize=(5.4 * len(draw_fns), height), dpi=140, layout='compressed'
  )
  FigureCanvasAgg(figure)
  figure.suptitle(title, fontweight='bold', color=_INK)
  panels = figure.subplots(1, len(draw_fns))
  for axes, draw in zip(panels, draw_fns, strict=True):
    _draw_walls(axes, arrays)
    draw(axes, arrays)
    _mark_ends(axes, arrays)
    axes.set_aspect('equal')
    axes.set_xlim(x_from, x_to)
    axes.set_ylim(y_from, y_to)
    axes.tick_params(labelsize=8)
    axes.set_xlabel('x, m')
  panels[0].set_ylabel('y, m')
  panels[0].legend(loc='upper left', fontsize=7, framealpha=0.9)
  figures.save(figure, path)


def _read(source: str) -> Arrays:
  """The arrays of the file, checked as `plot_maze` says."""
  arrays = run_pictures.read_arrays(source, _REQUIRED)
  if 'rollouts' in arrays and 'start_states' not in arrays:
    raise ValueError(
      f"{source}: no array 'start_states'; found {sorted(arrays)}"
    )
  shapes = [arrays[name].shape for name in _GRIDS]
  if len(shapes[0]) != 2 or shapes[0] != shapes[1]:
    raise ValueError(
      f'{source}: demo_visits and visits have shapes {shapes[0]} and '
      f'{shapes[1]}; expected the same two axes'
    )
  return arrays


def _draw_demos(axes: Axes, arrays: Arrays) -> None:
  visits = arrays['demo_visits']
  _draw_density(axes, visits, arrays['extent'])
  _name(axes, f'demonstrations: {visits.sum():,} transitions')


def _draw_visits(axes: Axes, arrays: Arrays) -> None:
  """The learner's; grey where only demonstrations were."""
  _draw_coverage(axes, arrays)
  _draw_density(axes, arrays['visits'], arrays['extent'])
  number = arrays['visits'].sum()
  _name(axes, f'learner: {number:,} steps (light grey: demonstrations)')


def _draw_imagined(axes: Axes, arrays: Arrays) -> None:
  """Start states and rollouts, on what the demonstrations cover."""
  _draw_coverage(axes, arrays)
  starts, rollouts = arrays['start_states'], arrays['rollouts']
  axes.scatter(*starts.T, s=4, color=_ORANGE, linewidths=0, zorder=3)
  lines = collections.LineCollection(
    list(rollouts), colors=_BLUE, linewidths=0.9, alpha=0.7, zorder=4
  )
  axes.add_collection(lines)
  where = ''
  if 'start_window' in arrays:
    first, last = 100 * arrays['start_window']
    where = f",\nthe expert's at {first:.0f}-{last:.0f} % of its way"
  _name(axes, f'imagined steps (blue), start states (orange){where}')


def _draw_walls(axes: Axes, arrays: Arrays) -> None:
  side = float(arrays['cell_size'])
  squares = [
    patches.Rectangle(center - side / 2, side, side)
    for center in arrays['walls']
  ]
  walls = collections.PatchCollection(
    squares, facecolor=_WALL, edgecolor=_WALL, linewidth=0.5, zorder=1
  )
  axes.add_collection(walls)


def _draw_coverage(axes: Axes, arrays: Arrays) -> None:
  visits = arrays['demo_visits']
  seen = np.ma.masked_less(visits, 1)
  axes.imshow(seen, _FAINT, extent=arrays['extent'], origin='lower', zorder=2)


def _draw_density(axes: Axes, visits: np.ndarray, extent: np.ndarray) -> None:
  if not visits.any():
    return
  shown = axes.imshow(
    np.ma.masked_less(visits, 1),
    'viridis',
    norm=colors.LogNorm(1, max(visits.max(), 2)),
    extent=extent,
    origin='lower',
    interpolation='nearest',
    zorder=2.5,
  )
  bar = axes.figure.colorbar(shown, ax=axes, shrink=0.7, pad=0.02)
  bar.ax.tick_params(labelsize=7)


def _mark_ends(axes: Axes, arrays: Arrays) -> None:
  """Where episodes may start, and where goals may be."""
  common = {'linestyle': '', 'zorder': 5}
  axes.plot(
    *arrays['starts'].T,
    marker='o',
    markersize=5.0,
    markerfacecolor='none',
    markeredgecolor='black',
    markeredgewidth=0.9,
    label='starts',
    **common,
  )
  axes.plot(
    *arrays['goals'].T,
    marker='*',
    markersize=4.5,
    markerfacecolor=_RED,
    markeredgecolor='none',
    label='goals',
    **common,
  )


def _name(axes: Axes, text: str) -> None:
  axes.set_title(text, loc='left', fontsize=9, color=_INK)
