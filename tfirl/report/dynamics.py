"""Pictures of learned dynamics: how good they are, and what they cost."""

import os
from collections.abc import Sequence

import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfirl.report import run_pictures, texts
from tfirl.report.runs import Run

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
  """A picture per run that fitted a model, and one of its rollouts.

  Args:
    found: all runs.
    folder: where the PNGs go.

  Returns:
    File names in `folder` by task.
  """
  files = {}
  for run in filter(has_dynamics, found):
    name = f'{run.task}_{run.algorithm}_{run.seed}'
    names = files.setdefault(run.task, [])
    names.append(f'{name}_dynamics.png')
    plot_dynamics(run, os.path.join(folder, names[-1]))
    rollouts = os.path.join(run.path, 'rollouts.npz')
    if os.path.exists(rollouts):
      names.append(f'{name}_rollouts.png')
      plot_rollouts(rollouts, os.path.join(folder, names[-1]))
  return files


def plot_dynamics(run: Run, path: str) -> None:
  """Hold-out error, open-loop error, terminations, time and table sizes."""
  figure = Figure(figsize=(11.0, 6.2), dpi=140, layout='constrained')
  FigureCanvasAgg(figure)
  name = f'{run.task}, {run.algorithm}, seed {run.seed}'
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
    draw(axes, run)
  figure.savefig(path)


def plot_rollouts(source: str, path: str) -> None:
  """Real trajectories in black, what the model makes of their actions in blue.

  Args:
    source: an .npz with `real` [K, T, O] and `imagined` [K, S, T, O].
    path: of the PNG; a row for each trajectory, a column for each of the first
      dimensions.

  Raises: ValueError if the file is damaged or lacks one of those.
  """
  arrays = run_pictures.read_arrays(source, ('real', 'imagined'))
  real, imagined = arrays['real'], arrays['imagined']
  count, columns = len(real), min(real.shape[-1], _MOST_DIMENSIONS)
  figure = Figure(
    figsize=(2.1 * columns, 1.7 * count), dpi=140, layout='constrained'
  )
  FigureCanvasAgg(figure)
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
  figure.savefig(path)


def _draw_holdout(axes: Axes, run: Run) -> None:
  _draw_over_steps(axes, run, 'dynamics_mse', _BLUE, 'elites')
  axes.set_yscale('log')
  axes.set_title('hold-out mse, one step', loc='left', fontsize=10)


def _draw_r2(axes: Axes, run: Run) -> None:
  _draw_over_steps(axes, run, 'dynamics_r2_median', _BLUE, 'median output')
  _draw_over_steps(axes, run, 'dynamics_r2_min', _ORANGE, 'worst output')
  axes.set_ylim(top=1.0)
  axes.set_title('hold-out R2, one step', loc='left', fontsize=10)
  axes.legend(fontsize=8, frameon=False)


def _draw_terminations(axes: Axes, run: Run) -> None:
  """In a maze imagined episodes never end; there it is where they start."""
  if 'start_window_from' in run.columns:
    _draw_start_window(axes, run)
    return
  _draw_over_steps(axes, run, 'imagined_terminal', _BLUE, 'imagined')
  _draw_over_steps(axes, run, 'real_terminal', 'black', 'real')
  axes.set_ylim(bottom=0.0)
  axes.yaxis.set_major_formatter(ticker.PercentFormatter(1.0))
  axes.set_title('steps that end an episode', loc='left', fontsize=10)
  axes.legend(fontsize=8, frameon=False)


def _draw_start_window(axes: Axes, run: Run) -> None:
  _draw_over_steps(axes, run, 'start_window_from', _BLUE, 'from')
  _draw_over_steps(axes, run, 'start_window_to', _ORANGE, 'to')
  axes.set_ylim(0.0, 1.0)
  axes.yaxis.set_major_formatter(ticker.PercentFormatter(1.0))
  title = "start states, share of a demonstration's length"
  axes.set_title(title, loc='left', fontsize=10)
  axes.legend(fontsize=8, frameon=False)


def _draw_open_loop(axes: Axes, run: Run) -> None:
  """Of the last evaluation that has the columns."""
  axes.set_title('open-loop error', loc='left', fontsize=10)
  axes.set_xlabel('steps ahead', fontsize=9)
  axes.set_ylabel('standard deviations', fontsize=9)
  ahead = sorted(
    int(name.split('_')[2])
    for name in run.columns
    if name.startswith('open_loop_') and name.endswith('_median')
  )
  if not ahead:
    return

  def last(name):
    columns = [run.columns.get(f'open_loop_{k}_{name}') for k in ahead]
    return np.array([np.nan if c is None else _last(c) for c in columns])

  axes.plot(ahead, last('median'), color=_BLUE, marker='o', label='model')
  axes.fill_between(
    ahead, last('q10'), last('q90'), color=_BLUE, alpha=0.15, linewidth=0
  )
  axes.plot(
    ahead, last('still'), color=_GRAY, linestyle='--', label='nothing moves'
  )
  axes.set_xscale('log')
  axes.set_yscale('log')
  axes.set_xticks(ahead, [str(k) for k in ahead])
  axes.xaxis.set_minor_locator(ticker.NullLocator())
  axes.legend(fontsize=8, frameon=False)


def _draw_tables(axes: Axes, run: Run) -> None:
  colors = ('black', _ORANGE, '#009E73', _BLUE)
  for table, color in zip(_TABLES, colors, strict=True):
    _draw_over_steps(axes, run, f'rows_{table}', color, table)
  axes.set_yscale('symlog', linthresh=1000)
  axes.set_title('rows in the tables', loc='left', fontsize=10)
  axes.legend(fontsize=8, frameon=False)


def _draw_times(axes: Axes, run: Run) -> None:
  bottom = 0.0
  for name, color in zip(_TIMES, _TIME_COLORS, strict=True):
    values = run.columns.get(f'time_{name}_s')
    minutes = 0.0 if values is None else np.nan_to_num(_last(values)) / 60.0
    axes.barh(0, minutes, left=bottom, color=color, label=name)
    bottom += minutes
  axes.set_yticks([])
  axes.set_xlabel('minutes', fontsize=9)
  axes.set_title('wall time', loc='left', fontsize=10)
  axes.legend(fontsize=8, frameon=False, ncols=3, loc='upper center')
  axes.set_ylim(-0.5, 1.2)


def _draw_over_steps(
  axes: Axes, run: Run, name: str, color: str, label: str
) -> None:
  values = run.columns.get(name)
  if values is None:
    return
  known = ~np.isnan(values)
  axes.plot(
    run.columns['real_steps'][known], values[known], color=color, label=label
  )
  axes.xaxis.set_major_formatter(ticker.EngFormatter(sep=''))
  axes.set_xlabel('real steps', fontsize=9)


def _last(values: np.ndarray) -> float:
  """The last that is known; nan if none is."""
  known = values[~np.isnan(values)]
  return float(known[-1]) if len(known) else float('nan')
