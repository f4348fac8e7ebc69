r"""Draws what docs/results/figures.json lists of the runs that are kept there.

  python launch/results_figures.py

A figure, docs/results/figures/NAME.svg, has a panel a comparison, each with a
curve a run: its evaluations against its real steps. The file maps NAME to
panels' titles, these to legends, and those to folders of runs in
docs/results/runs/, one a seed; `until` beside legends is the step at which a
panel ends.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from tfirl.report.drawing import figures
from tfirl.report.reading import runs as runs_lib

_DOCS = Path(__file__).resolve().parents[1] / 'docs' / 'results'
# As of the report's methods: readable without colour vision, and by markers.
_LOOKS = (
  ('#0072B2', 'o'),
  ('#D55E00', 's'),
  ('#009E73', '^'),
  ('#7F3C8D', 'D'),
  ('#666666', 'v'),
  ('#E69F00', 'X'),
)
_WIDTH, _HEIGHT, _PANELS_IN_ROW = 3.0, 1.9, 3  # inches, of a panel's axes
_LEGEND_ROW = 0.17
_SAVED = {
  'svg.hashsalt': 'tfirl',  # the same figure is the same file
  'svg.fonttype': 'none',
  'font.family': 'sans-serif',
  'font.size': 8,
}


class Panel(NamedTuple):
  """A comparison.

  Attributes:
    curves: legend -> folders of runs.
    until: real steps of the last evaluation shown.
  """

  curves: Mapping[str, Sequence[str]]
  until: float = math.inf


def read(docs: Path) -> dict[str, dict[str, Panel]]:
  """Name of a figure -> title -> panel.

  Raises: ValueError if a panel has more curves than there are looks.
  """
  path = docs / 'figures.json'
  found = json.loads(path.read_text(encoding='utf-8'))
  for name, panels in found.items():
    for title, curves in panels.items():
      until = curves.pop('until', math.inf)
      if len(curves) > len(_LOOKS):
        raise ValueError(
          f'{path}: {name}, {title}: found {len(curves)} legends; expected '
          f'{len(_LOOKS)} at most'
        )
      panels[title] = Panel(curves, until)
  return found


def draw(panels: Mapping[str, Panel], kept: Path) -> Figure:
  """A figure of `panels`, whose runs are in `kept`.

  Raises: ValueError if one of them has no evaluation.
  """
  columns = min(len(panels), _PANELS_IN_ROW)
  legend = _LEGEND_ROW * max(len(panel.curves) for panel in panels.values())
  rows = math.ceil(len(panels) / columns)
  size = columns * _WIDTH, rows * (_HEIGHT + legend + 0.25)
  with matplotlib.rc_context(_SAVED):
    figure = Figure(figsize=size, layout='constrained')
    FigureCanvasSVG(figure)
    places = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, (title, panel) in zip(places, panels.items(), strict=False):
      axes.set_title(title, loc='left', color=figures.INK, fontsize=9)
      _draw_panel(axes, panel, kept)
    for axes in places[len(panels) :]:
      axes.set_visible(False)
  return figure


def _draw_panel(axes: Axes, panel: Panel, kept: Path) -> None:
  demonstrated = None
  for (legend, folders), look in zip(
    panel.curves.items(), _LOOKS, strict=False
  ):
    for folder in folders:
      run = runs_lib.read_run(str(kept / folder))
      if run is None:
        raise ValueError(f'{kept / folder}: found no run with an evaluation')
      demonstrated = demonstrated or run.demos_return
      label = legend if folder == folders[0] else None
      _draw_run(axes, run, panel.until, label, *look)
  if demonstrated is not None:
    axes.axhline(demonstrated, label='demonstrations', **figures.EXPERT_STYLE)
  axes.xaxis.set_major_formatter(ticker.EngFormatter(sep=''))
  axes.yaxis.set_major_formatter(ticker.StrMethodFormatter('{x:,.5g}'))
  axes.set_xlim(left=0)
  axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
  figures.clear(axes)
  axes.legend(
    loc='upper left',
    bbox_to_anchor=(-0.1, -0.1),
    frameon=False,
    fontsize=8,
    labelcolor=figures.INK,
    borderaxespad=0.2,
    labelspacing=0.2,
  )


def _draw_run(
  axes: Axes,
  run: runs_lib.Run,
  until: float,
  legend: str | None,
  color: str,
  marker: str,
) -> None:
  is_shown = run.steps <= until
  axes.plot(
    run.steps[is_shown],
    run.columns['eval_return_mean'][is_shown],
    label=legend,
    color=color,
    marker=marker,
    markersize=3,
    linewidth=1.3,
    clip_on=False,
  )


def main() -> None:
  """The program."""
  for name, panels in read(_DOCS).items():
    figure = draw(panels, _DOCS / 'runs')
    with matplotlib.rc_context(_SAVED):
      path = _DOCS / 'figures' / f'{name}.svg'
      figure.savefig(path, metadata={'Date': None})
    print(path)


if __name__ == '__main__':
  main()
