"""Begins a benchmark by its flags: what a user gets wrong is told in a line."""

import argparse
import functools
import subprocess
import sys
from collections.abc import Callable

from absl import app

_USER_ERRORS = (OSError, RuntimeError, ValueError, subprocess.SubprocessError)


def run(
  main: Callable[[list[str]], None],
  names: str = '',
  least: int = 0,
  most: int | None = None,
) -> None:
  """`app.run(main)`, which exits with 1 and a line on a user's error.

  Args:
    main: is given the program's name and what is left without the flags.
    names: what these are, 'RUN' say, for the error.
    least: how many are needed.
    most: how many it takes; as many as are needed if None.
  """
  most = least if most is None else most
  app.run(functools.partial(_call, main, names or 'only flags', least, most))


def _call(main, names: str, least: int, most: int, argv: list[str]) -> None:
  given = argv[1:]
  if not least <= len(given) <= most:
    sys.exit(f'error: found the arguments {given}; expected {names}')
  try:
    main(argv)
  except _USER_ERRORS as error:
    sys.exit(f'error: {error}')


def count(text: str) -> int:
  """A `type` of argparse's: a whole number from 1 on."""
  if not text.isdecimal() or int(text) < 1:
    raise argparse.ArgumentTypeError(f'found {text}; expected 1 or more')
  return int(text)
