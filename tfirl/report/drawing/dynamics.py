"""Pictures of learned dynamics: how good they are, and what they cost."""

import os
from collections.abc import Sequence

import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfirl.report import texts
from tfirl.report.drawing import figures, run_pictures
from tfirl.report.reading.runs import Run
from tfirl.report.statistics import spread
from tfirl.storage import run_files

_BLUE, _ORANGE, _INK, _GRAY = '#0072B2', '#D55E00', '#333333', '#888888'
# What a run's time goes into, from the bottom of the bar up.
_TIMES = ('act', 'fit', 'imagine', 'update', 'cost', 'evaluate')
_TIME_COLORS = (
  '#3A9BD6',
  '#0072B2',
  '#009E73',
  '#E69F00',
  '#D55E00',
  '#999999',
)
_TABLES = ('expert', 'policy', 'hybrid', 'learner')
_MOST_DIMENSIONS = 6  # of a picture of rollouts


def has_dynamics(run: Run) -> bool:
  """Whether the run fitted a model."""
  return 'dynamics_mse' in run.columns


def plot_all(found: Sequence[Run], folder: str) -> dict[str, list[str]]:
  """A picture per method that fitted a model, and of runs' rollouts.

  Args:
    found: all runs.
    folder: where the pictures go.

  Returns:
    File names in `folder` by task.
  """
  methods: dict[tuple[str, str], list[Run]] = {}
  for run in filter(has_dynamics, found):
    methods.setdefault((run.task, run.algorithm), []).append(run)
  files = {}
  for (task, algorithm), runs in methods.items():
    name = f'{texts.for_file(f"{task}_{algorithm}")}_dynamics.svg'
    plot_dynamics(runs, os.path.join(folder, name))
    files.setdefault(task, []).append(name)
  rollouts = run_pictures.plot_all(
    found, folder, run_files.ROLLOUTS, 'rollouts', plot_rollouts
  )
  for task, names in rollouts.items():
    files.setdefault(task, []).extend(names)
  return files


def plot_dynamics(runs: Sequence[Run], path: str) -> None:
  """Hold-out error, open-loop error, terminations, time and table sizes.

  Args:
    runs: of one method and task; lines are medians over them.
    path: of the file, which `figures.save` writes.
  """
  figure = Figure(figsize=(11.0, 6.2), dpi=140)
  FigureCanvasAgg(figure)
  figure.subplots_adjust(
    left=0.07, right=0.98, bottom=0.08, top=0.88, wspace=0.25, hspace=0.38
  )
  seeds = f'seed {runs[0].seed}' if len(runs) == 1 else f'{len(runs)} seeds'
  name = f'{runs[0].task}, {runs[0].algorithm}, {seeds}'
  figure.suptitle(
    f'{texts.for_figure(name)}: learned dynamics',
    fontweight='bold',
    color=_INK,
  )
  panels = figure.subplots(2, 3)
  draw_fns = (_draw_holdout, _draw_open_loop, _draw_terminations)
  draw_fns += (_draw_r2, _draw_tables, _draw_times)
  for axes, draw in zip(panels.flat, draw_fns, strict=True):
    axes.grid(color='#E3E3E3', linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
    axes.locator_params(nbins=5)
    draw(axes, runs)
  figures.save(figure, path)


def plot_rollouts(source: str, path: str, title: str) -> None:
  """Real trajectories in black, what the model makes of their actions in blue.

  Args:
    source: an .npz with `real` [K, T, O] and `imagined` [K, S, T, O].
    path: of the PNG; a row for each trajectory, a column for each of the first
      dimensions.
    title: above all panels.

  Raises: ValueError if the file is damaged or lacks one of those.
  """
  arrays = run_pictures.read_arrays(source, ('real', 'imagined'))
  real, imagined = arrays['real'], arrays['imagined']
  count, columns = len(real), min(real.shape[-1], _MOST_DIMENSIONS)
  figure = Figure(
    figsize=(2.1 * columns, 1.7 * count), dpi=140, layout='constrained'
  )
  FigureCanvasAgg(figure)
  figure.suptitle(title, fontweight='bold', fontsize=9, color=_INK)
  panels = figure.subplots(count, columns, squeeze=False, sharex=True)
  for k, d in np.ndindex(count, columns):
    axes = panels[k, d]
    axes.plot(imagined[k, :, :, d].T, color=_BLUE, alpha=0.35, linewidth=0.9)
    axes.plot(real[k, :, d], color='black', linewidth=1.4)
    axes.tick_params(labelsize=7, length=2)
    if not k:
      axes.set_title(f'observation {d}', fontsize=8, color=_INK)
  figure.supxlabel(
    'steps from a real state, under the real actions: '
    'black real, blue imagined',
    fontsize=9,
  )
  figures.save(figure, path)


def _draw_holdout(axes: Axes, runs: Sequence[Run]) -> None:
  _draw_over_steps(axes, runs, 'dynamics_mse', _BLUE, 'elites')
  figures.set_log(axes)
  axes.set_title('hold-out mse, one step', loc='left', fontsize=10, y=1.0)


def _draw_r2(axes: Axes, runs: Sequence[Run]) -> None:
  _draw_over_steps(axes, runs, 'dynamics_r2_median', _BLUE, 'median output')
  _draw_over_steps(axes, runs, 'dynamics_r2_min', _ORANGE, 'worst output')
  axes.set_ylim(top=1.0)
  axes.set_title('hold-out R2, one step', loc='left', fontsize=10, y=1.0)
  axes.legend(fontsize=8, frameon=False)


def _draw_terminations(axes: Axes, runs: Sequence[Run]) -> None:
  """Where `BackwardStarts` say where they begin, that in place of ends."""
  if 'start_window_from' in runs[0].columns:
    _draw_start_window(axes, runs)
    return
  _draw_over_steps(axes, runs, 'imagined_terminal', _BLUE, 'imagined')
  _draw_over_steps(axes, runs, 'real_terminal', 'black', 'real')
  axes.set_ylim(bottom=0.0)
  axes.yaxis.set_major_formatter(ticker.PercentFormatter(1.0))
  axes.set_title('steps that end an episode', loc='left', fontsize=10, y=1.0)
  axes.legend(fontsize=8, frameon=False)


def _draw_start_window(axes: Axes, runs: Sequence[Run]) -> None:
  _draw_over_steps(axes, runs, 'start_window_from', _BLUE, 'from')
  _draw_over_steps(axes, runs, 'start_window_to', _ORANGE, 'to')
  axes.set_ylim(0.0, 1.0)
  axes.yaxis.set_major_formatter(ticker.PercentFormatter(1.0))
  title = "start states: share of an expert's way"
  axes.set_title(title, loc='left', fontsize=10, y=1.0)
  axes.legend(fontsize=8, frameon=False)


def _draw_open_loop(axes: Axes, runs: Sequence[Run]) -> None:
  """Of each run's last evaluation that has the columns."""
  axes.set_title('open-loop error', loc='left', fontsize=10, y=1.0)
  axes.set_xlabel('steps ahead', fontsize=9)
  axes.set_ylabel('standard deviations', fontsize=9)
  ahead = sorted(
    int(name.split('_')[2])
    for name in runs[0].columns
    if name.startswith('open_loop_') and name.endswith('_median')
  )
  if not ahead:
    return

  def last(name):
    columns = (f'open_loop_{k}_{name}' for k in ahead)
    return np.array([spread.last(runs, column) for column in columns])

  axes.plot(ahead, last('median'), color=_BLUE, marker='o', label='model')
  axes.fill_between(
    ahead, last('q10'), last('q90'), color=_BLUE, alpha=0.15, linewidth=0
  )
  axes.plot(
    ahead, last('still'), color=_GRAY, linestyle='--', label='nothing moves'
  )
  axes.set_xscale('log')
  figures.set_log(axes)
  axes.set_xticks(ahead, [str(k) for k in ahead])
  axes.xaxis.set_minor_locator(ticker.NullLocator())
  axes.legend(fontsize=8, frameon=False)


def _draw_tables(axes: Axes, runs: Sequence[Run]) -> None:
  colors = ('black', _ORANGE, '#009E73', _BLUE)
  for table, color in zip(_TABLES, colors, strict=True):
    _draw_over_steps(axes, runs, f'rows_{table}', color, table)
  axes.set_yscale('symlog', linthresh=1000)
  axes.set_title('rows in the tables', loc='left', fontsize=10, y=1.0)
  axes.legend(fontsize=8, frameon=False)


def _draw_times(axes: Axes, runs: Sequence[Run]) -> None:
  bottom = 0.0
  for name, color in zip(_TIMES, _TIME_COLORS, strict=True):
    minutes = np.nan_to_num(spread.last(runs, f'time_{name}_s')) / 60.0
    axes.barh(0, minutes, left=bottom, color=color, label=name)
    bottom += minutes
  axes.set_yticks([])
  axes.set_xlabel('minutes', fontsize=9)
  axes.set_title('wall time', loc='left', fontsize=10, y=1.0)
  axes.legend(fontsize=8, frameon=False, ncols=3, loc='upper center')
  axes.set_ylim(-0.5, 1.2)


def _draw_over_steps(
  axes: Axes, runs: Sequence[Run], name: str, color: str, label: str
) -> None:
  values = spread.over_steps(runs, name)
  if values is None:
    return
  axes.plot(values.x, values.median, color=color, label=label)
  if len(runs) > 1:
    axes.fill_between(
      values.x, values.low, values.high, color=color, alpha=0.15, linewidth=0
    )
  axes.xaxis.set_major_formatter(ticker.EngFormatter(sep=''))
  axes.set_xlabel('real steps', fontsize=9)
