"""What argparse makes of arguments that several commands take."""

import argparse


def seed(text: str) -> int:
  """An integer, 0 or more. Raises ArgumentTypeError for anything else."""
  return _at_least(0, text)


def count(text: str) -> int:
  """An integer, 1 or more. Raises ArgumentTypeError for anything else."""
  return _at_least(1, text)


def _at_least(least: int, text: str) -> int:
  if not text.isdecimal() or int(text) < least:
    raise argparse.ArgumentTypeError(
      f'found {text!r}; expected an integer, {least} or more'
    )
  return int(text)
