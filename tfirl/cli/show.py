"""`tfirl show`: every parameter of what can be trained."""

import textwrap
from collections.abc import Sequence

from tfirl.cli import arguments

_WIDTH = 79


def main(argv: Sequence[str], name: str) -> None:
  """Prints the parameters; raises ValueError if --grep finds none."""
  parser = arguments.make_parser(
    name,
    'Every parameter of a run: its value, the file and line that bound it (or '
    'default), and what it is for.',
  )
  parser.add_argument(
    'name', metavar='NAME', help='of `tfirl list`, or a gin file'
  )
  parser.add_argument(
    '--grep',
    metavar='TEXT',
    default='',
    help='show only what has TEXT in its name, value, description, or that of '
    'its class: discriminator, policy',
  )
  args = parser.parse_args(argv)
  from tfirl.config import explaining
  from tfirl.runs import experiment

  del experiment  # for the configurables that it registers
  parts = explaining.explain(arguments.gin_file(args.name))
  found = 0
  for part in parts:
    shown = [p for p in part.parameters if p.has(args.grep)]
    found += len(shown)
    if shown:
      print(f'{part.name}: {part.summary}' if part.summary else part.name)
      print('\n'.join(_lines(parameter) for parameter in shown), end='\n\n')
  if not found:
    raise ValueError(
      f'--grep is {args.grep!r}, and no parameter of {args.name} has it'
    )


def _lines(parameter) -> str:
  head = f'  {parameter.name} = {parameter.value}'
  lines = [f'{head}  ({parameter.where})']
  lines += textwrap.wrap(
    parameter.doc,
    _WIDTH,
    initial_indent=' ' * 6,
    subsequent_indent=' ' * 6,
  )
  return '\n'.join(lines)
