"""What argparse makes of arguments that several commands take."""

import argparse


def seed(text: str) -> int:
  """An integer, 0 or more. Raises ArgumentTypeError for anything else."""
  if not text.isdecimal():
    raise argparse.ArgumentTypeError(
      f'found {text!r}; expected an integer, 0 or more'
    )
  return int(text)
