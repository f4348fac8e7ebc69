"""Curves of one task as a PNG, readable without colour vision."""

import os
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfirl.report import texts
from tfirl.report.aggregate import CONFIDENCE, Curve

# Okabe and Ito's colours without the yellow and with a darker sky blue: pale
# ones make poor text. An algorithm looks the same in every figure, whatever
# else is in it.
_STYLES = {
  'bc': ('#666666', 'D'),
  'mm': ('#0072B2', 's'),
  'bc_reg': ('#3A9BD6', 'v'),
  'filter': ('#009E73', '^'),
  'hype': ('#D55E00', 'o'),
  'hype_filter': ('#CC79A7', 'P'),
  'hyper': ('#E69F00', 'X'),
  'iq_learn': ('#7F3C8D', '<'),
  'lamps': ('#8C564B', '>'),
  'sysid': ('#4B6A00', 'h'),
  'expert': ('#000000', '*'),
}
_SPARE = (('#A3195B', 'd'), ('#1B6E6E', 'p'), ('#5B5BD6', '8'))
_INK, _GRID = '#333333', '#E3E3E3'
_LABEL_GAP = 0.062  # of the axes' height, between two labels

_STEPS = {
  'real_steps': 'real steps (of training and for the cost)',
  'env_steps': 'environment steps of training alone',
}
X_AXES = (*_STEPS, 'wall_s')


def plot(curves: Sequence[Curve], x_axis: str, path: str) -> None:
  """Draws curves of one task over `x_axis`, one of `X_AXES`, to a PNG.

  Lines are IQMs, bands their intervals (no band: one seed). An algorithm
  without steps is a dashed level, at its final score, across the figure.
  """
  figure = Figure(figsize=(7.2, 4.2), dpi=160, layout='constrained')
  FigureCanvasAgg(figure)
  with matplotlib.rc_context({'font.size': 10, 'font.family': 'sans-serif'}):
    axes = figure.add_subplot()
    scale = _set_up(axes, curves, x_axis)
    ends = []
    for i, curve in enumerate(curves):
      color, marker = _style(curve.algorithm, i)
      draw = _draw_level if curve.is_offline else _draw_curve
      x, y = draw(axes, curve, getattr(curve, x_axis) / scale, color, marker)
      ends.append((x, y, _label(curve), color))
    _label_ends(axes, ends)
    _format_scores(axes)
    figure.savefig(path)


def plot_all(
  curves: Sequence[Curve],
  folder: str,
  x_axes: Sequence[str] = ('real_steps', 'wall_s'),
) -> dict[str, list[str]]:
  """A PNG per task and x axis. Returns: file names in `folder` by task."""
  files = {}
  for task in dict.fromkeys(curve.task for curve in curves):
    files[task] = [f'{texts.for_file(task)}_{x}.png' for x in x_axes]
    of_task = [curve for curve in curves if curve.task == task]
    for x_axis, name in zip(x_axes, files[task], strict=True):
      plot(of_task, x_axis, os.path.join(folder, name))
  return files


def _set_up(axes: Axes, curves: Sequence[Curve], x_axis: str) -> float:
  """Titles, grid and x range. Returns: what x is to be divided by."""
  online = [curve for curve in curves if not curve.is_offline]
  ends = [float(getattr(curve, x_axis)[-1]) for curve in online]
  end = max(ends, default=0.0) or 1.0
  scale, label = 1.0, _STEPS.get(x_axis)
  if x_axis == 'wall_s':
    scale, label = (60.0, 'minutes') if end < 3 * 3600 else (3600.0, 'hours')
    label = f'wall time, {label} (median over seeds)'
  else:
    axes.xaxis.set_major_formatter(ticker.EngFormatter(sep=''))
  score = 'success, %' if curves[0].is_success else 'return'
  title = texts.for_figure(curves[0].task)
  axes.set_title(title, loc='left', fontweight='bold', color=_INK)
  axes.set_xlabel(label, color=_INK)
  axes.set_ylabel(f'{score}: IQM, {CONFIDENCE:.0%} interval', color=_INK)
  axes.set_xlim(0.0, end / scale)
  axes.grid(color=_GRID, linewidth=0.8)
  axes.set_axisbelow(True)
  axes.tick_params(colors=_INK, length=0)
  axes.spines[['top', 'right', 'left']].set_visible(False)
  axes.spines['bottom'].set_color('#999999')
  if not online:
    axes.set_xticks([])
  return scale


def _draw_curve(
  axes: Axes, curve: Curve, x: np.ndarray, color: str, marker: str
) -> tuple[float, float]:
  """Returns: the line's end."""
  axes.plot(
    x,
    curve.iqm.value,
    color=color,
    marker=marker,
    markersize=4.5,
    markeredgecolor='white',
    markeredgewidth=0.6,
    linewidth=2.0,
    clip_on=False,
    zorder=3,
  )
  if len(curve.runs) > 1:
    axes.fill_between(
      x, curve.iqm.low, curve.iqm.high, color=color, alpha=0.15, linewidth=0
    )
  return float(x[-1]), float(curve.iqm.value[-1])


def _draw_level(
  axes: Axes, curve: Curve, x: np.ndarray, color: str, marker: str
) -> tuple[float, float]:
  """Returns: the level's right end; `x` and `marker` have no use in one."""
  del x, marker
  value = float(curve.final.value[0])
  axes.axhline(value, color=color, linewidth=1.8, linestyle=(0, (5, 3)))
  if len(curve.runs) > 1:
    low, high = float(curve.final.low[0]), float(curve.final.high[0])
    axes.axhspan(low, high, color=color, alpha=0.10, linewidth=0)
  return axes.get_xlim()[1], value


def _label(curve: Curve) -> str:
  count = len(curve.runs)
  name = texts.for_figure(curve.algorithm)
  return f'{name} ({count} seed{"s" if count > 1 else ""})'


def _format_scores(axes: Axes) -> None:
  """Whole numbers, unless they would be all alike, or longer than the axis."""
  bottom, top = axes.get_ylim()
  if top - bottom >= 5 and max(abs(bottom), abs(top)) < 1e7:
    axes.yaxis.set_major_formatter(ticker.StrMethodFormatter('{x:,.0f}'))


def _label_ends(
  axes: Axes, ends: Sequence[tuple[float, float, str, str]]
) -> None:
  """Names each line at its right end, moved apart where they would overlap."""
  bottom, top = axes.get_ylim()
  heights = [(y - bottom) / (top - bottom) for _, y, _, _ in ends]
  places = _spread(heights, _LABEL_GAP)
  for (x, y, text, color), place in zip(ends, places, strict=True):
    axes.annotate(
      text,
      xy=(x, y),
      xytext=(1.035, place),
      textcoords='axes fraction',
      color=color,
      fontweight='bold',
      fontsize=9,
      va='center',
      annotation_clip=False,
      arrowprops={
        'arrowstyle': '-',
        'color': color,
        'alpha': 0.5,
        'linewidth': 0.8,
        'relpos': (0.0, 0.5),
        'shrinkA': 1,
        'shrinkB': 3,
      },
    )
  axes.set_ylim(bottom, top)


def _spread(heights: Sequence[float], gap: float) -> np.ndarray:
  """Heights in [0, 1] moved apart to at least `gap`, order kept, [N]."""
  order = np.argsort(heights, kind='stable')
  places = np.asarray(heights, np.float64)[order]
  for i in range(1, len(places)):
    places[i] = max(places[i], places[i - 1] + gap)
  ceiling = 1.0
  for i in reversed(range(len(places))):
    places[i] = min(places[i], ceiling)
    ceiling = places[i] - gap
  result = np.empty_like(places)
  result[order] = places
  return result


def _style(algorithm: str, index: int) -> tuple[str, str]:
  return _STYLES.get(algorithm, _SPARE[index % len(_SPARE)])
