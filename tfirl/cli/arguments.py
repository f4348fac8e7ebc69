"""How subcommands read their command lines."""

import argparse
import functools


class _Once(argparse.Action):
  """A value that may be given once: of two, one would be dropped silently."""

  _is_given = False

  def __call__(self, parser, namespace, values, option_string=None):
    if self._is_given:
      parser.error(f'{option_string} is given twice; expected one')
    self._is_given = True
    setattr(namespace, self.dest, values)


def make_parser(name: str, description: str) -> argparse.ArgumentParser:
  """A parser whose help is 80 columns wide, whatever the terminal, and that
  takes each value once. For one command line.

  Args:
    name: of the program.
    description: what it does.
  """
  formatter = functools.partial(
    argparse.HelpFormatter, width=79, max_help_position=24
  )
  parser = argparse.ArgumentParser(
    prog=name,
    description=description,
    formatter_class=formatter,
    allow_abbrev=False,
  )
  for action in (None, 'store'):
    parser.register('action', action, _Once)
  return parser


def gin_file(name: str) -> str:
  """NAME or NAME.gin, of tfirl's or a path, as the name of a gin file."""
  return name if name.endswith('.gin') else f'{name}.gin'
