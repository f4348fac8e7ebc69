"""`tfirl list`: what can be trained."""

from collections.abc import Sequence

from tfirl.cli import arguments


def main(argv: Sequence[str], name: str) -> int:
  """Prints a line for each METHOD_TASK. Returns: 0.

  Raises: ValueError if there is none with all the words.
  """
  parser = arguments.make_parser(
    name,
    'What can be trained, a METHOD_TASK a line: its budget, and the mean +- '
    'std of the returns of its measured runs, or -.',
  )
  parser.add_argument(
    'words',
    metavar='WORD',
    nargs='*',
    help='show only names with all of them: tfirl list hyper maze',
  )
  args = parser.parse_args(argv)
  from tfirl.config import listing

  found = listing.pairs(args.words)
  if not found:
    raise ValueError(
      f'found no METHOD_TASK with {" and ".join(args.words)}; expected some of '
      f'the names that {name} shows'
    )
  width = max(len(pair.name) for pair in found)
  for pair in found:
    print(listing.line(pair, width))
  return 0
