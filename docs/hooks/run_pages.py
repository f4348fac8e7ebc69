"""The page of all recorded runs: what each reached, and its files."""

from pathlib import Path

from tfirl.report.reading import runs

_HEAD = """# All recorded runs

What stands behind the results: of each run its settings (`config.gin`), its
evaluations (`metrics.csv`), and its versions, commit and demonstrations
(`metadata.json`). Steps are all real ones, or gradient updates; return and
success, the share of episodes that reached a goal, are the mean of the last
three evaluations. `tfirl report` draws the curves of a folder of such files.
"""
_COLUMNS = (
  '| run | steps | return | success | files |',
  '|---|---:|---:|---:|---|',
)
_FILES = 'config.gin', 'metrics.csv', 'metadata.json'
_LAST = 3  # evaluations


def page(folder: Path) -> str:
  """Its Markdown: a section a folder, a row a run, an anchor a path.

  Args:
    folder: of runs, docs/results/runs.

  Raises:
    ValueError: a run's metrics.csv is damaged.
  """
  lines = [_HEAD]
  seen = {'.'}
  for section in sorted(path for path in folder.iterdir() if path.is_dir()):
    name = section.name
    seen.add(name)
    lines += [f'\n## {name} {{ #{name} }}\n', *_COLUMNS]
    for file in sorted(section.rglob('metrics.csv')):
      lines.append(_row(file.parent, folder, seen))
  return '\n'.join(lines) + '\n'


def _row(path: Path, folder: Path, seen: set[str]) -> str:
  """A run's; the first of a folder has the folder's anchors too."""
  names = [p.as_posix() for p in (path, *path.parents)]
  root = f'{folder.as_posix()}/'
  places = [name.removeprefix(root) for name in names if name.startswith(root)]
  anchors = ''.join(
    f'<span id="{place}"></span>' for place in places if place not in seen
  )
  seen.update(places)
  title = places[0].partition('/')[2]
  links = [
    f'[{name}](runs/{places[0]}/{name})'
    for name in _FILES
    if (path / name).is_file()
  ]
  cells = [f'{anchors}`{title}`', *_results(path), ' '.join(links)]
  return f'| {" | ".join(cells)} |'


def _results(path: Path) -> tuple[str, str, str]:
  """Steps, return and success as text."""
  run = runs.read_run(str(path))
  steps = f'{run.steps[-1]:,.0f}{" updates" if run.is_offline else ""}'
  columns = ['eval_return_mean'] + ['eval_success'] * run.has_success
  means = [f'{run.columns[c][-_LAST:].mean():.4g}' for c in columns]
  return (steps, *means, '-')[:3]
