"""How figures look, and are saved: as SVG, PDF and some as PNG.

A figure is as wide as a phone shows it, and its letters stay legible there.
"""

import itertools
import math
import os
from collections.abc import Iterable, Sequence

import matplotlib
from matplotlib import ticker
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, GRID = '#333333', '#E3E3E3'
EXPERT_STYLE = {'color': 'black', 'linewidth': 1.3, 'linestyle': (0, (1, 1.4))}
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
# Of methods without a look of their own, twenty before one comes again.
_SPARE_COLORS = ('#A3195B', '#1B6E6E', '#5B5BD6', '#8A6D00')
_SPARE_MARKERS = 'dp8HX'

# Inches.
_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 4.4, 0.72, 0.24, 0.34, 0.48
_LEGEND_ROW = 0.19
_SHORT_NAME = 25  # letters: two of them stand side by side
# A title whose place is given need not be looked for at each drawing.
_LOOK = {'font.size': 9, 'font.family': 'sans-serif', 'axes.titley': 1.0}
# The same figure is the same file, whenever it is drawn.
_SAVED = {'svg.hashsalt': 'tfirl'}
_METADATA = {'.svg': {'Date': None}, '.pdf': {'CreationDate': None}}


def styles(algorithms: Iterable[str]) -> dict[str, tuple[str, str]]:
  """Colour and marker of each; those without one of their own get a spare."""
  found = {name: _STYLES.get(name) for name in sorted(set(algorithms))}
  spare = zip(
    itertools.cycle(_SPARE_COLORS), itertools.cycle(_SPARE_MARKERS), strict=True
  )
  return {name: known or next(spare) for name, known in found.items()}


def make(
  height: float, names: Sequence[str], title: str
) -> tuple[Figure, Axes]:
  """An empty figure, with room for a legend of `names` below its axes.

  Args:
    height: of the axes, inches.
    names: what `add_legend` will show.
    title: on top; a name that has been made fit for a figure.
  """
  rows = math.ceil(len(names) / _columns(names))
  total = _TOP + height + _BOTTOM + rows * _LEGEND_ROW
  with matplotlib.rc_context(_LOOK):
    figure = Figure(figsize=(_WIDTH, total), dpi=160)
    FigureCanvasAgg(figure)
    axes = figure.add_axes(
      (
        _LEFT / _WIDTH,
        (total - _TOP - height) / total,
        (_WIDTH - _LEFT - _RIGHT) / _WIDTH,
        height / total,
      )
    )
    axes.set_title(title, loc='left', fontweight='bold', color=INK, fontsize=10)
  axes.xaxis.set_label_coords(0.5, -0.3 / height)
  axes.yaxis.set_label_coords(-0.56 / (_WIDTH - _LEFT - _RIGHT), 0.5)
  axes.locator_params(nbins=6)
  clear(axes)
  return figure, axes


def clear(axes: Axes) -> None:
  """A pale grid behind what is drawn, and no frame."""
  axes.grid(color=GRID, linewidth=0.8)
  axes.set_axisbelow(True)
  axes.tick_params(colors=INK, left=False, bottom=False)
  axes.spines[['top', 'right', 'left']].set_visible(False)
  axes.spines['bottom'].set_color('#999999')


def set_log(axes: Axes) -> None:
  """A logarithmic y, of what is drawn, whose labels are plain numbers."""
  axes.set_yscale('log')
  bottom, top = axes.get_ylim()
  decades = math.log10(top / bottom)
  locator = ticker.LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2.5 else (1.0,))
  if decades < 1:  # as good as straight
    locator = ticker.MaxNLocator(4, steps=(1, 2, 2.5, 5, 10))
  axes.yaxis.set_major_locator(locator)
  axes.yaxis.set_major_formatter(ticker.FormatStrFormatter('%g'))
  axes.yaxis.set_minor_locator(ticker.NullLocator())


def add_legend(
  figure: Figure, handles: Sequence[Artist], names: Sequence[str]
) -> None:
  """Names what is drawn, below the axes."""
  if names:
    figure.legend(
      handles,
      names,
      loc='lower left',
      bbox_to_anchor=(0.02, 0.0),
      ncols=_columns(names),
      fontsize=8,
      frameon=False,
      labelcolor=INK,
      handlelength=2.4,
      labelspacing=0.3,
      borderaxespad=0.2,
    )


def save(figure: Figure, path: str) -> None:
  """Writes `path`, a .png or .svg, and what of .svg and .pdf it is not."""
  stem, suffix = os.path.splitext(path)
  with matplotlib.rc_context(_SAVED):
    for name in dict.fromkeys((suffix, '.svg', '.pdf')):
      figure.savefig(stem + name, metadata=_METADATA.get(name))
      # What a layout engine found holds for all formats.
      figure.set_layout_engine('none')


def _columns(names: Sequence[str]) -> int:
  """Of the legend."""
  return 2 if max(map(len, names), default=0) <= _SHORT_NAME else 1
