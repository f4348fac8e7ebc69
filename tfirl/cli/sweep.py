"""`tfirl sweep`: the program of `python -m tfirl.sweeps`, on absl's flags."""

from collections.abc import Sequence

from tfirl.config import flag_help
from tfirl.sweeps import flags as sweep_flags


def main(argv: Sequence[str], name: str) -> None:
  """Runs a sweep, and exits with its code."""
  sweep_flags.define_all()
  command = [name, *argv]
  flag_help.answer(sweep_flags.usage(name), command)  # before seconds
  from tfirl.sweeps import sweep

  sweep.run_program(command, name)
