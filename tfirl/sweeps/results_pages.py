"""From the runs of a table to what docs/results holds of them."""

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags

from tfirl.config import text_file
from tfirl.report import gathering, writing
from tfirl.report.reading import runs, undone
from tfirl.runs import evaluate
from tfirl.storage import last_policy, policy_file, run_files, run_record
from tfirl.sweeps.results import TABLES

_INTRO, _PUBLISHED = 'intro.txt', 'published.csv'
_LAST = 3  # evaluations that a score pools
_SEED = 0  # of the last policies' episodes, as of `tfirl evaluate`
_PICTURE = re.compile(r'!\[[^]]*\]\(<?([^)>]+)>?\)')


def keep(
  folders: Sequence[str], kept: Path, episodes: int = 0
) -> tuple[list[str], list[str]]:
  """Copies what is small of each run that is over, be it by an error.

  Args:
    folders: run folders ROOT/TASK/METHOD/SEED or ancestors.
    kept: where they go, as kept/TASK/METHOD/SEED; of a swept value, as in the
      sweep, kept/VALUE/TASK/METHOD/SEED.
    episodes: of the last policy of each, to be kept with it, unless one was
      evaluated before; 0 for none.

  Returns:
    What of `kept` is new, and what would be there of runs that are not over.

  Raises:
    FileNotFoundError: a folder is not there.
    FileExistsError: another run of a task, method and seed is kept, which the
      error names. Nothing has been copied then.
  """
  new, going_on = {}, []
  found = {(_name(p, f), Path(p)) for f in folders for p in runs.find(f)}
  for name, source in sorted(found):
    if not undone.is_over(str(source)):
      going_on.append(name)
    elif not (kept / name).exists():
      if name in new:
        raise FileExistsError(f'{new[name]} and {source} are both {name}')
      new[name] = source
    elif not _is_same(source, kept / name):
      raise FileExistsError(
        f'{kept / name}: found another run than {source}; a seed is run once: '
        'remove the folder that is not to count'
      )
  for name, source in new.items():
    if episodes:
      _evaluate_last(source, episodes)
    run_record.keep(source, kept / name)
  return sorted(new), going_on


def write(kept: Path, docs: Path, out: Path) -> None:
  """Writes README.md, TASK.md and the figures in them, by the report.

  Args:
    kept: the runs, and intro.txt, with which README.md begins.
    docs: has published.csv, points that others published.
    out: the folder of the pages.

  Raises: as `gathering.gather`; OSError without an intro.txt.
  """
  intro = text_file.read(kept / _INTRO, 'the Markdown of README.md')
  points = str(docs / _PUBLISHED)
  gathered = gathering.gather([str(kept)], _LAST, published=points)
  with tempfile.TemporaryDirectory() as folder:
    writing.write(gathered, folder, intro=intro)
    out.mkdir(parents=True, exist_ok=True)
    for page in Path(folder).glob('*.md'):
      text = page.read_text(encoding='utf-8')
      if page.name != 'table.md':
        for name in (page.name, *_PICTURE.findall(text)):
          shutil.copy(Path(folder, name), out / name)


def _evaluate_last(run: Path, episodes: int) -> None:
  """Of a run that has spent its budget and left a policy."""
  names = run_files.COMPLETE, policy_file.FILE
  has_last = all((run / name).exists() for name in names)
  if has_last and last_policy.read(run) is None:
    evaluate.evaluate_last(run, episodes, _SEED, False, None)


def _name(path: str, folder: str) -> str:
  """TASK/METHOD/SEED, behind what of the sweep's folder stands before it."""
  inner = Path(path).relative_to(os.path.realpath(folder)).parts
  return '/'.join(max(inner, Path(path).parts[-3:], key=len))


def _is_same(source: Path, kept: Path) -> bool:
  """Whether both hold the same numbers of a run, if any."""
  files = [folder / run_files.METRICS for folder in (source, kept)]
  ours, theirs = (file.read_bytes() if file.exists() else b'' for file in files)
  return ours == theirs


def main() -> None:
  """The program."""

  def run(argv: list[str]) -> None:
    try:
      _write_table(argv[1:])
    except (OSError, ValueError) as error:
      raise SystemExit(f'error: {error}') from None

  flags.DEFINE_enum('table', 'tasks', list(TABLES), 'which table they are of')
  flags.DEFINE_string(
    'docs', os.path.join('docs', 'results'), 'where kept runs and pages are'
  )
  flags.DEFINE_integer(
    'episodes', 100, 'of each last policy; 0 for none', lower_bound=0
  )
  app.run(run)


def _write_table(folders: Sequence[str]) -> None:
  table, docs = flags.FLAGS.table, Path(flags.FLAGS.docs)
  kept = docs / 'runs' / table
  new, going_on = keep(folders, kept, flags.FLAGS.episodes)
  print(f'kept: {", ".join(new) or "nothing new"}')
  if going_on:
    print(f'not over, not kept: {", ".join(going_on)}')
  write(kept, docs, docs if table == 'tasks' else docs / table)
