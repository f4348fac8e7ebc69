"""The command line of a report, without what it imports."""

import argparse


def make_parser(name: str) -> argparse.ArgumentParser:
  """Args: name of the program."""
  parser = argparse.ArgumentParser(
    prog=name, description='Curves, a table and one page of finished runs.'
  )
  parser.add_argument(
    'runs',
    metavar='RUNS',
    nargs='+',
    help='run folders ROOT/TASK/METHOD/SEED or ancestors',
  )
  parser.add_argument(
    '--out', help='folder of the report (report/ in the first folder)'
  )
  parser.add_argument(
    '--last',
    metavar='N',
    type=int,
    default=2,
    help='evaluations a score pools (2)',
  )
  parser.add_argument(
    '--reps',
    metavar='N',
    type=int,
    default=2000,
    help='bootstrap resamples (2000)',
  )
  parser.add_argument(
    '--x_axis',
    choices=('real_steps', 'env_steps'),
    default='real_steps',
    help='of the curves (real_steps: all but those of evaluations)',
  )
  return parser
