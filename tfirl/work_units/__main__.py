"""python -m tfirl.work_units RUN_DIR: runs the unit queued in that folder."""

import argparse
import os
import sys
from pathlib import Path

from tfirl.config import argument_types
from tfirl.work_units import supervisor, unit


def main(arguments: list[str] | None = None) -> int:
  """Returns: as `supervisor.supervise`; EXIT_UNUSABLE after an error."""
  parser = argparse.ArgumentParser(
    prog='python -m tfirl.work_units', description=__doc__
  )
  parser.add_argument('run_dir', type=Path, help='with its command.json')
  parser.add_argument(
    '--parent',
    type=int,
    default=os.getppid(),
    help='process with which the unit is to end (who calls this)',
  )
  parser.add_argument(
    '--grace_s',
    type=argument_types.seconds,
    default=60,
    help='from SIGTERM to SIGKILL (60)',
  )
  parser.add_argument(
    '--lock_timeout_s',
    type=argument_types.seconds,
    default=90,
    help='for an earlier process of the same unit to end (90)',
  )
  flags = parser.parse_args(arguments)
  try:
    return supervisor.supervise(
      flags.run_dir, flags.parent, flags.grace_s, flags.lock_timeout_s
    )
  except (OSError, unit.UnitError) as error:
    print(f'error: {error}', file=sys.stderr)
    return supervisor.EXIT_UNUSABLE


if __name__ == '__main__':
  sys.exit(main())
