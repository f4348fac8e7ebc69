"""`tfirl report`: the program of `python -m tfirl.report`."""

from collections.abc import Sequence

from tfirl.report import arguments


def main(argv: Sequence[str], name: str) -> int:
  """Writes the report. Returns: 0, or 1 after a one-line error."""
  arguments.make_parser(name).parse_args(argv)  # help, before seconds
  from tfirl.report import __main__ as report

  return report.main(argv, name)
