"""What metrics.csv tells besides the score, in groups of small figures."""

import dataclasses
import os
from collections.abc import Collection, Mapping, Sequence

from matplotlib import ticker
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from tfirl.report import texts
from tfirl.report.drawing import figures
from tfirl.report.reading.runs import Run
from tfirl.report.statistics import spread

_HEIGHT = 1.9  # inches, of the axes


@dataclasses.dataclass(frozen=True)
class Panel:
  """One figure: a column, by method, and perhaps a second one, dashed."""

  column: str
  title: str
  dashed: str | None = None
  is_log: bool = False


# Summary -> panels. Those whose column no run of a task has are left out.
GROUPS: Mapping[str, Sequence[Panel]] = {
  'Losses': (
    Panel('critic_loss', "critics' loss", is_log=True),
    Panel('actor_loss', "actor's loss"),
    Panel('alpha', 'temperature of the policy', is_log=True),
    Panel('bc_loss', "clone's loss", is_log=True),
    Panel(
      'bc_weight',
      'what holds the actor: to the expert, to its clone',
      'clone_weight',
    ),
    Panel('cost_loss', "cost's loss, penalty included"),
  ),
  "The critics' word": (
    Panel(
      'value_predicted',
      "value of the learner's steps: predicted, came true",
      'value_came_true',
    ),
    Panel(
      'value_imagined',
      "value of its steps' successors: imagined, real",
      'value_successor',
    ),
    Panel('q_mean', "mean value of a batch's rows"),
  ),
  "The cost's gap": (
    Panel('cost_gap', 'E_expert f − E_learner f, which the cost lowers'),
    Panel(
      'cost_cost_learner', 'mean cost f: learner, expert', 'cost_cost_expert'
    ),
    Panel('cost_penalty', "gradient's penalty", is_log=True),
  ),
  'Reward level': (
    Panel('cost_level', "level above the expert's, in spreads of f"),
    Panel('cost_level_unit', 'spread of f, the unit of the level'),
    Panel(
      'cost_ended_learner',
      'time after an end: learner, expert',
      'cost_ended_expert',
    ),
  ),
  'Model error': (
    Panel('dynamics_mse', 'one step ahead, rows held out: mse', is_log=True),
    Panel(
      'open_loop_10_median',
      'ten steps ahead: model, nothing moves',
      'open_loop_10_still',
      is_log=True,
    ),
    Panel(
      'dynamics_r2_median', 'R2 held out: median, worst', 'dynamics_r2_min'
    ),
    Panel(
      'imagined_terminal',
      'steps that end an episode: imagined, real',
      'real_terminal',
    ),
  ),
}


def plot_all(
  found: Sequence[Run], folder: str
) -> dict[str, dict[str, list[str]]]:
  """All panels that there are columns for.

  Args:
    found: all runs.
    folder: where the figures go.

  Returns: file names in `folder`, by task and group.
  """
  files: dict[str, dict[str, list[str]]] = {}
  for task in dict.fromkeys(run.task for run in found):
    methods: dict[str, list[Run]] = {}
    for run in found:
      if run.task == task:
        methods.setdefault(run.algorithm, []).append(run)
    for group, panels in GROUPS.items():
      names = []
      for panel in panels:
        name = f'{texts.for_file(task)}_{panel.column}.svg'
        if plot(methods, panel, os.path.join(folder, name)):
          names.append(name)
      if names:
        files.setdefault(task, {})[group] = names
  return files


def plot(methods: Mapping[str, Sequence[Run]], panel: Panel, path: str) -> bool:
  """Medians over seeds, with a band from the first quartile to the third.

  Args:
    methods: their runs of one task, by name.
    panel: what to show.
    path: of the file, which `figures.save` writes.

  Returns: False, and nothing is written, if no run has the column.
  """
  told = {
    name: spread.over_steps(runs, panel.column)
    for name, runs in methods.items()
  }
  told = {name: values for name, values in told.items() if values is not None}
  if not told:
    return False
  names = [texts.for_figure(name) for name in told]
  figure, axes = figures.make(_HEIGHT, names, panel.title)
  styles = figures.styles(methods)
  handles = []
  for name, values in told.items():
    color, _ = styles[name]
    handles.append(_draw(axes, values, color))
    if panel.dashed:
      second = spread.over_steps(methods[name], panel.dashed)
      if second is not None:
        axes.plot(second.x, second.median, color=color, linestyle='--')
  axes.set_xlabel(_name_of_steps(methods, told), color=figures.INK)
  axes.xaxis.set_major_formatter(ticker.EngFormatter(sep=''))
  if panel.is_log:
    figures.set_log(axes)
  else:
    axes.yaxis.set_major_formatter(ticker.FormatStrFormatter('%.5g'))
  figures.add_legend(figure, handles, names)
  figures.save(figure, path)
  return True


def _name_of_steps(
  methods: Mapping[str, Sequence[Run]], told: Collection[str]
) -> str:
  """What the methods that were `told` of are drawn over."""
  kinds = {run.is_offline for name in told for run in methods[name]}
  if len(kinds) > 1:
    return 'real steps; updates, where none are taken'
  return 'updates' if True in kinds else 'real steps'


def _draw(axes: Axes, values: spread.Spread, color: str) -> Artist:
  (line,) = axes.plot(values.x, values.median, color=color, linewidth=1.5)
  axes.fill_between(
    values.x, values.low, values.high, color=color, alpha=0.15, linewidth=0
  )
  return line
