"""`tfirl doctor`: what is wrong with runs, told from their own records."""

from collections.abc import Sequence

from tfirl.cli import arguments
from tfirl.config import argument_types


def main(argv: Sequence[str], name: str) -> int:
  """Prints what is found. Returns: 1 if something is wrong with a run, else 0.

  Raises:
    FileNotFoundError: a folder is absent, or holds no run.
    ValueError: a record is damaged.
  """
  parser = arguments.make_parser(
    name,
    'What is wrong with runs, told from their own records: the figure, the '
    'threshold that it is beyond, what to try. Exit code 1 if anything is.',
  )
  parser.add_argument(
    'runs', metavar='RUN', nargs='+', help='run folders, or folders of them'
  )
  parser.add_argument(
    '--expert_return',
    metavar='R',
    type=argument_types.number,
    help="what the task's expert returns, where its gin file and the "
    'demonstrations do not say',
  )
  args = parser.parse_args(argv)
  from tfirl.diagnosis import diagnose
  from tfirl.report.reading import runs

  is_well = True
  for folder in args.runs:
    paths = runs.find(folder)
    if not paths:
      raise FileNotFoundError(
        f'{folder}: found no run; expected ROOT/TASK/METHOD/SEED, or a folder '
        'of such'
      )
    for path in sorted(paths):
      found = diagnose.diagnose(path, args.expert_return)
      print(found, flush=True)
      is_well &= not found.findings
  return 0 if is_well else 1
