"""python -m tfirl.report RUNS... [--out DIR]: curves, a table, one page."""

import os
import sys
from collections.abc import Sequence

from tfirl.report import (
  aggregate,
  arguments,
  configurations,
  dynamics,
  mazes,
  page,
  plots,
  regions,
  runs,
  sweeps,
)
from tfirl.work_units import unit


def write_report(
  folders: Sequence[str],
  out: str,
  last: int = 2,
  reps: int = 2000,
  steps: str = 'real_steps',
) -> str:
  """Writes TASK_real_steps.png, TASK_wall_s.png, table.md/.csv, index.html.

  Args:
    folders: run folders or ancestors of them.
    out: where the files go; made if absent.
    last: how many of the last evaluations the table's scores pool.
    reps: resamples of a bootstrap.
    steps: what curves are drawn over, beside the time: 'real_steps', or
      'env_steps' to compare with curves that leave out the cost's rollouts.

  Returns:
    table.md: the table, and notes on how it was made.

  Raises:
    FileNotFoundError, ValueError: as `runs.read_runs`, `aggregate.aggregate`.
  """
  units = sweeps.read_units(folders)
  found, notes = runs.read_runs(folders, may_be_empty=bool(units))
  found, more_notes = configurations.keep_apart(found)
  notes += more_notes
  runs.check_distinct(found)
  counted, unit_notes = sweeps.select(found, units)
  played = [run for run in counted if run.has_policy]
  curves, more_notes = aggregate.aggregate(played, last, reps)
  notes = notes + unit_notes + more_notes
  os.makedirs(out, exist_ok=True)
  images = plots.plot_all(curves, out, (steps, 'wall_s'))
  for pictures in (
    dynamics.plot_all(played, out),
    regions.plot_all(found, out),
    mazes.plot_all(found, out),
  ):
    for task, names in pictures.items():
      images.setdefault(task, []).extend(names)
  table, sections = page.markdown_table(curves), []
  if units:
    table = f'{_sweep_markdown(curves, units)}\n{table}'
    sections = _sweep_html(curves, units)
  table = '\n'.join([table, *(f'- {note}' for note in notes)])
  files = {
    'table.md': f'{table.rstrip()}\n',
    'table.csv': page.csv_table(curves),
    'index.html': page.html_page(curves, notes, images, out, sections),
  }
  for name, text in files.items():
    path = os.path.join(out, name)
    # Folders may have names that are no text.
    with open(path, 'w', encoding='utf-8', errors='replace') as file:
      file.write(text)
  return files['table.md']


def _sweep_markdown(curves, units) -> str:
  """Methods x tasks, and what is missing."""
  parts = [page.markdown(*sweeps.matrix_cells(curves, units), num_left=1)]
  parts.append(f'{sweeps.count_line(units)}\n')
  header, rows = sweeps.undone_cells(units)
  if rows:
    parts.append(page.markdown(header, rows, num_left=len(header)))
  return '\n'.join(parts)


def _sweep_html(curves, units) -> list[str]:
  parts = ['<h2>Methods and tasks</h2>']
  parts.append(page.html_table(*sweeps.matrix_cells(curves, units)))
  parts.append(f'<p class="small">{sweeps.count_line(units)}</p>')
  header, rows = sweeps.undone_cells(units)
  if rows:
    parts += ['<h2>Not done</h2>', page.html_table(header, rows)]
  return parts


def main(
  argv: Sequence[str] | None = None, name: str = 'python -m tfirl.report'
) -> int:
  """The command line.

  Args:
    argv: its arguments; those of `sys.argv` by default.
    name: what the program is called in its help.

  Returns: 0, or 1 after a one-line error.
  """
  flags = arguments.make_parser(name).parse_args(argv)
  out = flags.out or os.path.join(flags.runs[0], 'report')
  try:
    table = write_report(flags.runs, out, flags.last, flags.reps, flags.x_axis)
  except (OSError, ValueError, unit.UnitError) as error:
    print(f'error: {error}', file=sys.stderr)
    return 1
  print(table.rstrip().encode(errors='replace').decode())
  print(f'\n{os.path.join(out, "index.html")}')
  return 0


if __name__ == '__main__':
  sys.exit(main())
