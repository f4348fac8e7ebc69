"""What argparse makes of arguments that several commands take."""

import argparse
import math


def seed(text: str) -> int:
  """An integer, 0 or more. Raises ArgumentTypeError for anything else."""
  return _at_least(0, text)


def count(text: str) -> int:
  """An integer, 1 or more. Raises ArgumentTypeError for anything else."""
  return _at_least(1, text)


def seconds(text: str) -> float:
  """A number above 0. Raises ArgumentTypeError for anything else."""
  value = number(text)
  if value <= 0:
    raise argparse.ArgumentTypeError(
      f'found {text!r}; expected seconds, more than 0'
    )
  return value


def number(text: str) -> float:
  """A finite one. Raises ArgumentTypeError for anything else."""
  try:
    value = float(text)
  except ValueError:
    value = math.nan
  if not math.isfinite(value):
    raise argparse.ArgumentTypeError(f'found {text!r}; expected a number')
  return value


def _at_least(least: int, text: str) -> int:
  if not text.isdecimal() or int(text) < least:
    raise argparse.ArgumentTypeError(
      f'found {text!r}; expected an integer, {least} or more'
    )
  return int(text)
