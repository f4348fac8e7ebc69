"""The command line of a report, without what it imports."""

import argparse

from tfirl.config import argument_types


def make_parser(name: str) -> argparse.ArgumentParser:
  """Args: name of the program."""
  parser = argparse.ArgumentParser(
    prog=name, description='Curves, tables and one page of runs.'
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
    type=argument_types.count,
    default=2,
    help='evaluations a score pools (2)',
  )
  parser.add_argument(
    '--reps',
    metavar='N',
    type=argument_types.count,
    default=2000,
    help='bootstrap resamples (2000)',
  )
  parser.add_argument(
    '--x_axis',
    choices=('real_steps', 'env_steps'),
    default='real_steps',
    help='of the curves (real_steps: all but those of evaluations)',
  )
  parser.add_argument(
    '--published',
    metavar='FILE',
    help='CSV of points to draw, of columns task,name,steps,share',
  )
  parser.add_argument(
    '--intro',
    metavar='FILE',
    help='write README.md, which begins with this Markdown, and TASK.md, too',
  )
  parser.add_argument(
    '--live',
    metavar='SECONDS',
    type=argument_types.seconds,
    nargs='?',
    const=30.0,
    default=0.0,
    help='until runs end, write it again as they go on (looks every 30 s)',
  )
  return parser
