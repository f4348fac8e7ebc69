"""A report's files."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from tfirl.report import overwriting, texts
from tfirl.report.drawing import (
  comparison_plots,
  dynamics,
  mazes,
  panels,
  plots,
  regions,
  videos,
)
from tfirl.report.gathering import Gathered
from tfirl.report.pages import markdown, page, tables
from tfirl.report.reading import settings, sweeps, undone
from tfirl.report.statistics import comparisons
from tfirl.report.statistics.aggregate import SOLVED
from tfirl.report.statistics.bootstrap import CONFIDENCE
from tfirl.storage import atomic_file

_HOW = (
  'Lines and scores are interquartile means (IQM) over seeds; brackets and '
  f'bands are {CONFIDENCE:.0%} stratified bootstrap intervals (Agarwal et al. '
  '2021, with the numbers of rliable; whole seeds are resampled). A single '
  'seed has none. Dashed levels are algorithms that step no environment, as '
  'the clone (bc); the dotted line is the expert. Of the expert: random '
  'actions have 0, the expert 100 %. '
  f'Minutes to {SOLVED:.0%} of that are the median over seeds of the time to '
  'their first evaluation there.'
)
_OVERALL = (
  'Over tasks: the IQM of all runs of a method on all of its tasks, one score '
  'each, normalised; seeds are resampled task by task. Compare methods that '
  'have as many tasks. All else are medians over runs.'
)
_COMPARED = (
  'Profiles: the share of runs above each normalised score, a mean over '
  'tasks. Improvement: the probability that a run of the first method scores '
  'higher than one of the second, a mean over their common tasks.'
)
_PANELS = (
  'Medians over seeds; bands go from the first quartile to the third. f is '
  'the cost: high on the learner, low on the expert. Of two names in a title '
  'the second is dashed.'
)


def write(
  gathered: Gathered,
  out: str,
  reps: int = 2000,
  steps: str = 'real_steps',
  refresh_s: float = 0.0,
  intro: str | None = None,
) -> str:
  """Writes TASK_real_steps.svg and other figures, table.md/.csv, index.html.

  Args:
    gathered: what to tell.
    out: where the files go; made if absent.
    reps: resamples of a bootstrap.
    steps: what curves are drawn over, beside the time: 'real_steps', or
      'env_steps' to compare with curves that leave out the cost's rollouts.
    refresh_s: seconds until the page reads itself again; 0 for never.
    intro: Markdown. If given, README.md, which begins with it, and a TASK.md
      of each are written, too.

  Returns:
    table.md: the table, and notes on how it was made.

  Raises:
    FileExistsError: as `overwriting.claim`.
  """
  overwriting.claim(out, gathered.tasks, intro is not None)
  shown, video_notes = videos.shrink_all(gathered.curves, out)
  notes = gathered.notes + video_notes
  overall = comparisons.overall(gathered.curves, reps)
  if len({curve.task for curve in gathered.curves}) == 1:
    overall = []  # nothing that the table of scores does not tell
  compared = comparison_plots.plot_all(gathered.curves, out, reps)
  axes = steps, 'wall_s'
  curves = plots.plot_all(gathered.curves, out, axes, gathered.marks)
  body = _overview(gathered, overall, compared, out)
  for task, parts in _tasks(gathered, curves, out).items():
    if task in shown:
      parts.insert(1, page.videos(shown[task]))
    body.append((task, parts))
  table = _markdown(gathered, overall, notes)
  files = {
    'table.md': table,
    'table.csv': tables.csv_table(gathered.curves),
    overwriting.PAGE: _html(
      gathered, [*body, *_end(gathered, notes)], refresh_s
    ),
  }
  if intro is not None:
    files |= _pages(gathered, intro, overall, compared, curves, notes)
  for name, text in files.items():
    # Folders may have names that are no text.
    data = text.encode('utf-8', errors='replace')
    atomic_file.write_bytes(Path(out, name), data)
  return table


def _html(
  gathered: Gathered, body: Sequence[tuple[str, list[str]]], refresh_s: float
) -> str:
  """The page of these headings and parts."""
  count = texts.count(sum(len(curve.runs) for curve in gathered.curves), 'run')
  return page.document(
    f'tfirl: {", ".join(gathered.tasks)}',
    f'{count}, read on {datetime.now():%Y-%m-%d %H:%M}. {_HOW}',
    [
      page.contents([heading for heading, _ in body]),
      *(page.section(heading, parts) for heading, parts in body),
    ],
    refresh_s,
  )


def _end(
  gathered: Gathered, notes: Sequence[str]
) -> list[tuple[str, list[str]]]:
  """Headings and parts of notes and single runs."""
  rows = page.table(*tables.run_cells(gathered.curves), 'left2 wrap')
  runs = ('Runs', [page.panel('Every run', [rows])])
  return [('Notes', [page.bullets(notes)]), runs] if notes else [runs]


def _pages(
  gathered: Gathered,
  intro: str,
  overall: Sequence[comparisons.Overall],
  compared: Sequence[str],
  curves: Mapping[str, Sequence[str]],
  notes: Sequence[str],
) -> dict[str, str]:
  """File name -> Markdown, of README.md and of each task's page."""
  files, pages = {}, {}
  for task, figures in curves.items():
    of_task = [curve for curve in gathered.curves if curve.task == task]
    own = [note for note in notes if note.startswith((f'{task}/', f'{task}:'))]
    pages[task] = f'{texts.for_file(task)}.md'
    header, rows = tables.run_cells(of_task)
    # Of one task, and a repository has its runs at a place of their own.
    of_runs = header[1:-1], [row[1:-1] for row in rows]
    shown = [
      tables.markdown_table(of_task),
      tables.markdown(*of_runs, num_left=1),
    ]
    files[pages[task]] = markdown.task(task, shown, figures, own)
  shown = [tables.markdown_table(gathered.curves)]
  if overall:
    cells = tables.overall_cells(overall)
    shown.insert(0, tables.markdown(*cells, num_left=1))
  if gathered.undone:
    width = len(undone.HEADER)
    shown.append(tables.markdown(undone.HEADER, gathered.undone, width))
  remarks = [_OVERALL, _HOW, _COMPARED]
  readme = markdown.readme(intro, shown, compared, pages, remarks)
  return {**files, 'README.md': readme}


def _markdown(
  gathered: Gathered,
  overall: Sequence[comparisons.Overall],
  notes: Sequence[str],
) -> str:
  """Of a sweep: methods x tasks, what is not done; over tasks; of each."""
  curves, units = gathered.curves, gathered.units
  parts = []
  if units:
    cells = sweeps.matrix_cells(curves, units)
    parts.append(tables.markdown(*cells, num_left=1))
    parts.append(f'{sweeps.count_line(units)}\n')
    if gathered.undone:
      width = len(undone.HEADER)
      parts.append(tables.markdown(undone.HEADER, gathered.undone, width))
  if overall:
    parts.append(tables.markdown(*tables.overall_cells(overall), num_left=1))
  parts.append(tables.markdown_table(curves))
  lines = '\n'.join([*parts, *(f'- {note}' for note in notes)])
  return f'{lines.rstrip()}\n'


def _overview(
  gathered: Gathered,
  overall: Sequence[comparisons.Overall],
  compared: Sequence[str],
  out: str,
) -> list[tuple[str, list[str]]]:
  """Headings and parts of what is told of all tasks."""
  curves, units = gathered.curves, gathered.units
  scores = page.table(*tables.cells(curves), 'left2 cards')
  body = [('Scores', [scores])]
  if overall:
    table = page.table(*tables.overall_cells(overall), 'left1 cards')
    body.insert(0, ('Over tasks', [page.paragraph(_OVERALL), table]))
  if units:
    matrix = page.table(*sweeps.matrix_cells(curves, units), 'left1 cards')
    count = page.paragraph(sweeps.count_line(units))
    body.append(('Methods and tasks', [matrix, count]))
  if gathered.undone:
    rows = page.table(undone.HEADER, gathered.undone, 'left9 wrap cards')
    body.append(('Not done', [rows]))
  if compared:
    parts = [page.paragraph(_COMPARED), page.figures(out, compared)]
    body.append(('Comparison', parts))
  return body


def _tasks(
  gathered: Gathered, curves: Mapping[str, Sequence[str]], out: str
) -> dict[str, list[str]]:
  """What is told of each task: its curves, then panels."""
  found = gathered.found
  columns = panels.plot_all(gathered.played, out)
  pictures = {
    'The learned model': dynamics.plot_all(gathered.played, out),
    'Regions of a pretrained model': regions.plot_all(found, out),
    'Mazes': mazes.plot_all(found, out),
  }
  tasks = {}
  for task in dict.fromkeys(run.task for run in found):
    parts = [page.figures(out, curves.get(task, []))]
    for group, names in columns.get(task, {}).items():
      shown = [page.paragraph(_PANELS), page.figures(out, names)]
      parts.append(page.panel(group, shown))
    for summary, names in pictures.items():
      if task in names:
        shown = page.figures(out, names[task], is_wide=True)
        parts.append(page.panel(summary, [shown]))
    tasks[task] = parts + _settings(gathered, task)
  return tasks


def _settings(gathered: Gathered, task: str) -> list[str]:
  found = settings.of_task([r for r in gathered.found if r.task == task])
  if found is None:
    return []
  parts = []
  if found.differing:
    table = page.table(found.header, found.differing, 'left9 wrap')
    parts += [page.heading('Where its methods differ'), table]
  if found.common:
    table = page.table(['binding', 'value'], found.common, 'left9 wrap')
    parts += [page.heading('The same for all'), table]
  return [page.panel('Settings', parts)]
