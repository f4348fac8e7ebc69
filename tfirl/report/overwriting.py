"""A report writes over what a report wrote before, and over nothing else."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tfirl.report import texts
from tfirl.report.drawing import comparison_plots
from tfirl.report.pages import markdown, page

PAGE = 'index.html'
_TABLES = ('table.md', 'table.csv')
_DRAWN = ('.svg', '.pdf', '.png', '.mp4')


def claim(out: str, tasks: Sequence[str], with_pages: bool) -> None:
  """Makes the folder `out`, and a first page that says whose it is.

  Args:
    out: where a report is about to be written.
    tasks: what it tells of.
    with_pages: whether it writes Markdown pages, README.md for one, too.

  Raises:
    FileExistsError: a file that it would write is there, and is no report's;
      names it. Nothing has been written then.
  """
  for path in _foreign(Path(out), tasks, with_pages):
    raise FileExistsError(
      f'{path}: found a file that no report wrote; expected --out to be a new '
      'folder, or that of an earlier report'
    )
  os.makedirs(out, exist_ok=True)
  first = Path(out, PAGE)
  if not first.exists():
    text = page.document(f'tfirl: {", ".join(tasks)}', 'Being written.', [])
    first.write_bytes(text.encode('utf-8', errors='replace'))


def _foreign(
  out: Path, tasks: Sequence[str], with_pages: bool
) -> Iterator[Path]:
  """Files that would be written over, and are no report's."""
  stems = [texts.for_file(task) for task in tasks]
  first = out / PAGE
  if first.exists() and not page.is_ours(first):
    yield first
  if with_pages:
    for name in ('README.md', *(f'{stem}.md' for stem in stems)):
      path = out / name
      if path.exists() and not markdown.is_ours(path):
        yield path
  if first.exists() or not out.is_dir():
    return
  begins = tuple(f'{stem}_' for stem in stems)
  for path in sorted(out.iterdir()):
    is_drawn = path.suffix in _DRAWN and (
      path.name.startswith(begins) or f'{path.stem}.svg' in comparison_plots.ALL
    )
    if is_drawn or path.name in _TABLES:
      yield path
