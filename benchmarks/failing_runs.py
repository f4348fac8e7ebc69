"""Short runs that are made to fail, each in a way of its own, and good ones.

  python benchmarks/failing_runs.py first second --out runs/doctor --jobs 2

`tfirl doctor` was made on those of `first`: its thresholds were fixed before
there were any of `second`. What it says of either is in docs/results/doctor.md.
All are of one task, small enough for a minute each: a point that drifts out of
a disc unless it is pushed back (disc.py).
"""

import argparse
import multiprocessing
import sys
import tempfile
from pathlib import Path

import disc
import program
from failing_cases import FIRST, OF_METHOD, OVER, SECOND, Case

_SETS = {'first': FIRST, 'second': SECOND}


def _literal(value) -> str:
  is_reference = isinstance(value, str) and value.startswith('@')
  return value if is_reference else repr(value)


def train(case: Case, demos: str, root: Path) -> Path:
  """Returns: the run's folder."""
  from tfirl.runs import launch

  bindings = {**OF_METHOD[case.method], **case.changes}
  bindings['Task.env_id'] = disc.ENV_ID
  bindings['Task.env_kwargs'] = dict(case.env)
  if case.max_steps is not None:
    bindings['Task.max_episode_steps'] = case.max_steps
  lines = [f'{name} = {_literal(value)}' for name, value in bindings.items()]
  lines.append('load_demonstrations.accept_demos = True')
  try:
    launch.launch(
      [f'{case.method}_hopper.gin', *OVER.get(case.method, ())],
      lines,
      str(root),
      case.seed,
      demos,
      stop=lambda: False,
    )
  except (FloatingPointError, ValueError) as error:
    print(f'  ended by {type(error).__name__}', file=sys.stderr)
  (metadata,) = root.glob('disc/*/*/metadata.json')
  return metadata.parent


def make(name: str, case: Case, out: Path) -> None:
  """Trains it, and keeps what `tfirl doctor` reads in OUT/NAME."""
  from tfirl.storage import run_record

  disc.register()
  with tempfile.TemporaryDirectory() as scratch:
    demos = disc.demonstrations(Path(scratch), case.spoils)
    folder = train(case, demos, Path(scratch))
    run_record.keep(folder, out / name / folder.relative_to(scratch))


def table(name: str, case: Case, out: Path) -> str:
  """A row of Markdown: the run, how it was made to fail, what is found."""
  from tfirl.diagnosis import diagnose

  (metadata,) = (out / name).rglob('metadata.json')
  found = diagnose.diagnose(metadata.parent)
  names = [finding.name for finding in found.findings]
  score = found.state.rpartition('normalised return ')[2]
  told = ', '.join(f'**{n}**' if n == case.cause else n for n in names)
  how = case.how or 'good'
  return f'| `{name}` | {case.method} | {how} | {score} | {told or "nothing"} |'


def main(argv: list[str] | None = None) -> None:
  """Those of the sets that are not there yet, a process each."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('sets', nargs='+', choices=_SETS)
  parser.add_argument('--out', type=Path, required=True)
  known = [name for cases in _SETS.values() for name in cases]
  parser.add_argument('--only', nargs='*', choices=known, help='some of them')
  parser.add_argument('--jobs', type=program.count, default=1, help='at a time')
  parser.add_argument(
    '--table', action='store_true', help='print what is found of them'
  )
  args = parser.parse_args(argv)
  from tfirl.runs import launch  # once, before processes are forked

  del launch
  cases = [
    (name, case, args.out)
    for chosen in args.sets
    for name, case in _SETS[chosen].items()
    if not (args.out / name).exists() and (not args.only or name in args.only)
  ]
  context = multiprocessing.get_context('fork')
  with context.Pool(args.jobs, maxtasksperchild=1) as pool:
    pool.starmap(make, cases, chunksize=1)
  if args.table:
    for chosen in args.sets:
      for name, case in _SETS[chosen].items():
        if (args.out / name).exists():
          print(table(name, case, args.out))


if __name__ == '__main__':
  main()
