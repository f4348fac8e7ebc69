"""Curves of one task, readable without colour vision."""

import itertools
import os
from collections.abc import Sequence

import numpy as np
from matplotlib import ticker
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from tfirl.report import texts
from tfirl.report.drawing import figures
from tfirl.report.reading.marks import Mark
from tfirl.report.statistics.aggregate import Curve
from tfirl.report.statistics.bootstrap import CONFIDENCE

_HEIGHT = 2.7  # inches, of the axes
_MOST_MARKERS = 20  # of a line
_MARKS = 'dphHX*'  # of published points, hollow

_STEPS = {
  'real_steps': 'real steps (of training and for the cost)',
  'env_steps': 'environment steps of training alone',
}


def plot(
  curves: Sequence[Curve], x_axis: str, path: str, marks: Sequence[Mark] = ()
) -> None:
  """Draws curves of one task over steps or over time.

  Lines are IQMs, bands their intervals (no band: one seed). An algorithm
  without steps is a dashed level, at its final score, across the figure; the
  expert a dotted one.

  Args:
    curves: of one task.
    x_axis: what they are drawn over: 'real_steps', 'env_steps' or 'wall_s'.
    path: of the file, which `figures.save` writes.
    marks: published points of the task, drawn over steps at their share of the
      expert; at the end of the axis those beyond it, whose names say so.
  """
  curves = sorted(curves, key=lambda c: -c.final.value[0])  # as they end
  names = [_name(curve) for curve in curves]
  expert = next((c.expert for c in curves if c.expert is not None), None)
  if expert is not None:
    unit = ' %' if curves[0].is_success else ''
    names.insert(0, f'expert: {texts.number(expert)}{unit}')
  if x_axis not in _STEPS or expert is None:
    marks = ()
  ends = [getattr(curve, x_axis)[-1] for curve in curves]
  names += [_name_of_mark(mark, max(ends)) for mark in marks]
  title = texts.for_figure(curves[0].task)
  figure, axes = figures.make(_HEIGHT, names, title)
  scale = _set_up(axes, curves, x_axis)
  handles = []
  if expert is not None:
    handles.append(axes.axhline(expert, **figures.EXPERT_STYLE))
  styles = figures.styles(curve.algorithm for curve in curves)
  for curve in curves:
    draw = _draw_level if curve.is_offline else _draw_curve
    x = getattr(curve, x_axis) / scale
    handles.append(draw(axes, curve, x, *styles[curve.algorithm]))
  for mark, shape in zip(marks, itertools.cycle(_MARKS)):
    handles.append(_draw_mark(axes, mark, expert, shape))
  bottom, top = axes.get_ylim()
  axes.set_ylim(min(bottom, 0.0), max(top, 0.0))  # or noise fills a flat curve
  _format_scores(axes)
  figures.add_legend(figure, handles, names)
  figures.save(figure, path)


def plot_all(
  curves: Sequence[Curve],
  folder: str,
  x_axes: Sequence[str] = ('real_steps', 'wall_s'),
  marks: Sequence[Mark] = (),
) -> dict[str, list[str]]:
  """A figure per task and x axis. Returns: names of SVGs in
  `folder` by task, beside which are PNGs and PDFs.
  """
  files = {}
  for task in dict.fromkeys(curve.task for curve in curves):
    stems = [f'{texts.for_file(task)}_{x}' for x in x_axes]
    of_task = [curve for curve in curves if curve.task == task]
    points = [mark for mark in marks if mark.task == task]
    for x_axis, stem in zip(x_axes, stems, strict=True):
      plot(of_task, x_axis, os.path.join(folder, f'{stem}.png'), points)
    files[task] = [f'{stem}.svg' for stem in stems]
  return files


def _set_up(axes: Axes, curves: Sequence[Curve], x_axis: str) -> float:
  """Labels and x range. Returns: what x is to be divided by."""
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
  axes.set_xlabel(label, color=figures.INK)
  axes.set_ylabel(f'{score}: IQM, {CONFIDENCE:.0%} interval', color=figures.INK)
  axes.set_xlim(0.0, end / scale)
  if not online:
    axes.set_xticks([])
  return scale


def _draw_curve(
  axes: Axes, curve: Curve, x: np.ndarray, color: str, marker: str
) -> Artist:
  """Returns: the line."""
  (line,) = axes.plot(
    x,
    curve.iqm.value,
    color=color,
    marker=marker,
    markersize=4.5,
    markeredgecolor='white',
    markeredgewidth=0.6,
    markevery=max(1, len(x) // _MOST_MARKERS),
    linewidth=1.8,
    clip_on=False,
    zorder=3,
  )
  if len(curve.runs) > 1:
    axes.fill_between(
      x, curve.iqm.low, curve.iqm.high, color=color, alpha=0.15, linewidth=0
    )
  return line


def _draw_level(
  axes: Axes, curve: Curve, x: np.ndarray, color: str, marker: str
) -> Artist:
  """Returns: the level; `x` and `marker` have no use in one."""
  del x, marker
  value = float(curve.final.value[0])
  if len(curve.runs) > 1:
    low, high = float(curve.final.low[0]), float(curve.final.high[0])
    axes.axhspan(low, high, color=color, alpha=0.10, linewidth=0)
  return axes.axhline(value, color=color, linewidth=1.6, linestyle=(0, (5, 3)))


def _draw_mark(axes: Axes, mark: Mark, expert: float, shape: str) -> Artist:
  """Returns: the point."""
  (point,) = axes.plot(
    min(mark.steps, axes.get_xlim()[1]),
    mark.share * expert,
    color=figures.INK,
    marker=shape,
    markerfacecolor='none',
    markersize=7,
    linestyle='none',
    clip_on=False,
    zorder=4,
  )
  return point


def _name_of_mark(mark: Mark, end: float) -> str:
  steps = ticker.EngFormatter(sep='')(mark.steps)
  arrow = ' →' if mark.steps > end else ''
  return f'{texts.for_figure(mark.name)}: {mark.share:.0%} at {steps}{arrow}'


def _name(curve: Curve) -> str:
  name = texts.for_figure(curve.algorithm)
  if curve.is_clone:
    name = f'{name}, the clone'
  return f'{name} ({texts.count(len(curve.runs), "seed")})'


def _format_scores(axes: Axes) -> None:
  """Whole numbers, unless they would be all alike, or longer than the axis."""
  bottom, top = axes.get_ylim()
  if top - bottom >= 5 and max(abs(bottom), abs(top)) < 1e5:
    axes.yaxis.set_major_formatter(ticker.StrMethodFormatter('{x:,.0f}'))
