"""How subcommands read their command lines."""

import argparse
import functools


class Once(argparse.Action):
  """A value that may be given once: of two, one would be dropped silently."""

  def __call__(self, parser, namespace, values, option_string=None):
    if getattr(namespace, self.dest) is not None:
      parser.error(f'{option_string} is given twice; expected one')
    setattr(namespace, self.dest, values)


def make_parser(name: str, description: str) -> argparse.ArgumentParser:
  """A parser whose help is 80 columns wide, whatever the terminal.

  Args:
    name: of the program.
    description: what it does.
  """
  formatter = functools.partial(
    argparse.HelpFormatter, width=79, max_help_position=24
  )
  return argparse.ArgumentParser(
    prog=name,
    description=description,
    formatter_class=formatter,
    allow_abbrev=False,
  )


def gin_file(name: str) -> str:
  """NAME or NAME.gin, of tfirl's or a path, as the name of a gin file."""
  return name if name.endswith('.gin') else f'{name}.gin'
