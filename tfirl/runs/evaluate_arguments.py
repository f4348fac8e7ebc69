"""The command line of `runs.evaluate`, without what that imports."""

import argparse
from pathlib import Path

from tfirl.config import argument_types


def make_parser(name: str) -> argparse.ArgumentParser:
  """Args: name of the program."""
  parser = argparse.ArgumentParser(
    prog=name,
    description='Rolls out the policy of a run in its task.',
  )
  parser.add_argument(
    'run', metavar='RUN', type=Path, help='ROOT/TASK/METHOD/SEED'
  )
  parser.add_argument(
    '--episodes',
    metavar='N',
    type=argument_types.count,
    default=20,
    help='how many (20)',
  )
  parser.add_argument(
    '--seed',
    metavar='N',
    type=argument_types.seed,
    default=0,
    help='of all episodes (0)',
  )
  parser.add_argument(
    '--video', metavar='PATH', help='.mp4 or .gif of the first episode'
  )
  parser.add_argument(
    '--stochastic', action='store_true', help='sample actions'
  )
  parser.add_argument(
    '--save',
    action='store_true',
    help='keep it in the folder of a finished run, for reports',
  )
  return parser
