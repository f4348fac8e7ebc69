"""The table, as Markdown and CSV, and one HTML page in one file."""

import base64
import csv
import html
import io
import os
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from tfirl.report import texts
from tfirl.report.aggregate import Curve
from tfirl.report.bootstrap import CONFIDENCE

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff;
  max-width: 1240px; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
p.small, li { color: #555; font-size: .9rem; }
table { border-collapse: collapse; margin: .8rem 0; display: block;
  overflow-x: auto; }
th, td { padding: .35rem .8rem; text-align: right; white-space: nowrap; }
th { border-bottom: 2px solid #999; font-weight: 600; }
td { border-bottom: 1px solid #e3e3e3; font-variant-numeric: tabular-nums; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; }
.figures img { width: 100%; max-width: 610px; height: auto; flex: 1 1 420px; }
code { font-size: .85rem; }
"""

_CSV_COLUMNS = (
  'task',
  'algorithm',
  'seeds',
  'demos',  # demonstrated episodes of each run
  'real_steps',
  'is_cut',  # 1 if a run's budget was, else 0
  'env_steps',
  'rollout_steps',
  'score',  # 'return' or 'success_percent'
  'last',  # evaluations that iqm pools
  'iqm',
  'ci_low',
  'ci_high',
  'wall_s',
  'steps_per_s',
)


def table_rows(curves: Sequence[Curve]) -> list[dict[str, object]]:
  """One row per curve, keys `_CSV_COLUMNS`; nan, or '', for what is unknown."""
  rows = []
  for curve in curves:
    final = curve.final
    values = (
      curve.task,
      curve.algorithm,
      len(curve.runs),
      curve.num_demos,
      int(curve.real_steps[-1]),
      int(curve.is_cut),
      int(curve.env_steps[-1]),
      float(curve.rollout_steps[-1]),
      'success_percent' if curve.is_success else 'return',
      curve.last,
      float(final.value[0]),
      float(final.low[0]),
      float(final.high[0]),
      float(curve.wall_s[-1]),
      curve.steps_per_s,
    )
    rows.append(dict(zip(_CSV_COLUMNS, values, strict=True)))
  return rows


def csv_table(curves: Sequence[Curve]) -> str:
  """The table with all digits; nan is blank."""
  text = io.StringIO()
  writer = csv.DictWriter(text, _CSV_COLUMNS, lineterminator='\n')
  writer.writeheader()
  for row in table_rows(curves):
    writer.writerow({k: '' if _is_nan(v) else v for k, v in row.items()})
  return text.getvalue()


def markdown_table(curves: Sequence[Curve]) -> str:
  """The table for a README; the scores' columns are explained in its head."""
  return markdown(*_cells(curves), num_left=2)


def markdown(
  header: Sequence[str], rows: Sequence[Sequence[str]], num_left: int
) -> str:
  """Any table; all columns but the first `num_left` stand right."""
  align = ['---'] * num_left + ['---:'] * (len(header) - num_left)
  cells = [[texts.for_markdown(cell) for cell in row] for row in rows]
  lines = [f'| {" | ".join(line)} |' for line in (header, align, *cells)]
  return '\n'.join(lines) + '\n'


def html_page(
  curves: Sequence[Curve],
  notes: Sequence[str],
  images: Mapping[str, Sequence[str]],
  folder: str,
  sections: Sequence[str] = (),
) -> str:
  """The whole report.

  Args:
    curves: all curves.
    notes: what a reader should know of how they were made.
    images: PNG file names by task.
    folder: where the PNGs are; the page holds copies of them.
    sections: HTML that comes before the curves.
  """
  title = f'tfirl: {", ".join(images)}'
  count = sum(len(curve.runs) for curve in curves)
  parts = [
    f'<h1>{html.escape(title)}</h1>',
    f'<p class="small">{count} runs, read on {datetime.now():%Y-%m-%d %H:%M}. '
    'Lines and scores are interquartile means (IQM) over seeds; brackets and '
    f'bands are {CONFIDENCE:.0%} stratified bootstrap intervals (rliable, '
    'whole seeds resampled). A single seed has none. Dashed lines are '
    'algorithms that step no environment.</p>',
    html_table(*_cells(curves)),
    *sections,
  ]
  for task, names in images.items():
    parts.append(f'<h2>{html.escape(task)}</h2><div class="figures">')
    parts += [_image(os.path.join(folder, name)) for name in names]
    parts.append('</div>')
  if notes:
    items = ''.join(f'<li>{html.escape(note)}</li>' for note in notes)
    parts.append(f'<h2>Notes</h2><ul>{items}</ul>')
  parts += ['<h2>Runs</h2>', html_table(*_run_cells(curves))]
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    f'<title>{html.escape(title)}</title><style>{_STYLE}</style></head>'
    f'<body>{"".join(parts)}</body></html>\n'
  )


def _cells(curves: Sequence[Curve]) -> tuple[list[str], list[list[str]]]:
  """Header and rows of the table for people."""
  lasts = sorted({curve.last for curve in curves})
  pooled = '/'.join(map(str, lasts))
  header = [
    'task',
    'algorithm',
    'seeds',
    'demos',
    'real steps',
    'for the cost',
    f'IQM of last {pooled} evaluation{"" if lasts == [1] else "s"}',
    f'{CONFIDENCE:.0%} interval',
    'wall time, min',
    'steps/s',
  ]
  rows = []
  for row in table_rows(curves):
    unit = ' %' if row['score'] == 'success_percent' else ''
    digits = 1 if unit else 0
    ends = (texts.number(row[end], digits) for end in ('ci_low', 'ci_high'))
    interval = f'[{", ".join(ends)}]{unit}'
    rows.append(
      [
        str(row['task']),
        str(row['algorithm']),
        str(row['seeds']),
        str(row['demos'] or '–'),
        texts.number(row['real_steps']) + (' (cut)' if row['is_cut'] else ''),
        texts.number(row['rollout_steps']),
        texts.number(row['iqm'], digits) + unit,
        '–' if _is_nan(row['ci_low']) else interval,
        texts.number(row['wall_s'] / 60, 1),
        texts.number(row['steps_per_s']),
      ]
    )
  return header, rows


def _run_cells(curves: Sequence[Curve]) -> tuple[list[str], list[list[str]]]:
  """Header and rows of the list of single runs."""
  header = ['task', 'algorithm', 'seed', 'evaluations', 'real steps']
  header += ['first score', 'last score', 'best score', 'folder']
  rows = []
  for curve in curves:
    name = 'eval_success' if curve.is_success else 'eval_return_mean'
    for run in curve.runs:
      scores = run.columns[name] * (100 if curve.is_success else 1)
      rows.append(
        [run.task, run.algorithm, run.seed, str(len(scores))]
        + [texts.number(run.columns['real_steps'][-1])]
        + [
          texts.number(score) for score in (scores[0], scores[-1], scores.max())
        ]
        + [run.path]
      )
  return header, rows


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
  """Any table."""

  def line(tag: str, cells: Sequence[str]) -> str:
    inner = ''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)
    return f'<tr>{inner}</tr>'

  body = ''.join(line('td', row) for row in rows)
  return (
    f'<table><thead>{line("th", header)}</thead><tbody>{body}</tbody></table>'
  )


def _image(path: str) -> str:
  with open(path, 'rb') as file:
    data = base64.b64encode(file.read()).decode('ascii')
  name = html.escape(os.path.splitext(os.path.basename(path))[0], quote=True)
  return f'<img alt="{name}" src="data:image/png;base64,{data}">'


def _is_nan(value: object) -> bool:
  return isinstance(value, float) and bool(np.isnan(value))
