"""`tfirl evaluate`: the program of `python -m tfirl.evaluate`."""

from collections.abc import Sequence

from tfirl.runs import evaluate_arguments


def main(argv: Sequence[str], name: str) -> None:
  """Evaluates; exits with 1 and one line after a user's error."""
  evaluate_arguments.make_parser(name).parse_args(argv)  # help, before seconds
  from tfirl.runs import evaluate

  evaluate.main(argv, name)
