"""Performance profiles and probabilities of improvement, drawn."""

import os
from collections.abc import Sequence

from matplotlib import ticker

from tfirl.report import texts
from tfirl.report.drawing import figures
from tfirl.report.statistics import comparisons
from tfirl.report.statistics.aggregate import Curve

_HEIGHT, _ROW = 2.3, 0.3  # inches: of a profile's axes, of a row
_MOST_ROWS = 15
_PROFILES = 'performance_profiles.svg'
_IMPROVEMENT = 'probability_of_improvement.svg'
ALL = (_PROFILES, _IMPROVEMENT)


def plot_all(curves: Sequence[Curve], folder: str, reps: int) -> list[str]:
  """What there is to compare. Returns: file names in `folder`."""
  files = []
  profiles = comparisons.profiles(curves, reps)
  if len(profiles) > 1:
    files.append(_PROFILES)
    plot_profiles(profiles, os.path.join(folder, files[-1]))
  improvements = comparisons.improvements(curves, reps)
  if improvements:
    files.append(_IMPROVEMENT)
    plot_improvements(improvements, os.path.join(folder, files[-1]))
  return files


def plot_profiles(profiles: Sequence[comparisons.Profile], path: str) -> None:
  """The share of runs above each normalised score; bands are intervals."""
  names = [
    f'{texts.for_figure(p.algorithm)} ({texts.count(p.num_runs, "run")}, '
    f'{texts.count(p.num_tasks, "task")})'
    for p in profiles
  ]
  figure, axes = figures.make(_HEIGHT, names, 'Performance profiles')
  styles = figures.styles(p.algorithm for p in profiles)
  handles = []
  for profile in profiles:
    color, _ = styles[profile.algorithm]
    share = profile.share
    handles += axes.plot(profile.taus, share.value, color=color, linewidth=1.8)
    axes.fill_between(
      profile.taus, share.low, share.high, color=color, alpha=0.15, linewidth=0
    )
  axes.set_xlim(profiles[0].taus[0], profiles[0].taus[-1])
  axes.set_ylim(0, 1.02)
  axes.set_xlabel('normalised score τ (random 0, expert 1)', color=figures.INK)
  axes.set_ylabel('share of runs above τ', color=figures.INK)
  axes.yaxis.set_major_formatter(ticker.PercentFormatter(1.0))
  figures.add_legend(figure, handles, names)
  figures.save(figure, path)


def plot_improvements(
  found: Sequence[comparisons.Improvement], path: str
) -> None:
  """P(a run of one method beats a run of another), the surest on top."""
  rows = sorted(found, key=lambda i: -i.probability.value[0])[:_MOST_ROWS]
  title = 'Probability of improvement'
  if len(rows) < len(found):
    title += f': the surest {len(rows)} of {len(found)} pairs'
  figure, axes = figures.make(2 * _ROW * len(rows) + 0.2, [], title)
  styles = figures.styles(n for row in found for n in (row.better, row.other))
  for y, row in enumerate(rows):
    value, low, high = (
      float(v[0])
      for v in (
        row.probability.value,
        row.probability.low,
        row.probability.high,
      )
    )
    color, marker = styles[row.better]
    axes.plot([low, high], [y, y], color=color, linewidth=5, alpha=0.35)
    axes.plot([value], [y], color=color, marker=marker, ms=7, clip_on=False)
    name = f'{texts.for_figure(row.better)} > {texts.for_figure(row.other)}'
    axes.text(
      0.0, y - 0.28, f'{name}: {value:.0%}', fontsize=8, color=figures.INK
    )
  axes.axvline(0.5, color=figures.INK, linewidth=0.8, linestyle=':')
  axes.set_xlim(0, 1)
  axes.set_ylim(len(rows) - 0.5, -0.7)
  axes.set_yticks([])
  axes.grid(axis='y', visible=False)
  axes.xaxis.set_major_formatter(ticker.PercentFormatter(1.0))
  axes.set_xlabel('P(the first scores higher)', color=figures.INK)
  figures.save(figure, path)
