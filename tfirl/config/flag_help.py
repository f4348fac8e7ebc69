"""Programs on absl's flags whose --help is short: tfirl's own flags alone.

These take each value once, but for flags that are lists.
"""

import functools
import sys
import textwrap
from collections.abc import Callable, Sequence

from absl import app, flags

_WIDTH = 79
_HELP = ('-h', '-help', '--help', '--helpshort')


def run(
  main: Callable[[list[str]], int | None],
  usage: str,
  argv: Sequence[str] | None = None,
) -> None:
  """`app.run(main)`, but for --help, and exits with what `main` returns.

  Args:
    main: is given what is left when the flags are taken out.
    usage: what the help begins with.
    argv: the command line, the program's name first; `sys.argv` by default.
  """
  parser = functools.partial(_parse_program, usage)
  app.run(main, argv=None if argv is None else list(argv), flags_parser=parser)


def parse(
  define: Callable[[flags.FlagValues], None], usage: str, argv: Sequence[str]
) -> tuple[flags.FlagValues, list[str]]:
  """Reads flags that no other part of the process sees.

  Args:
    define: defines them.
    usage: what the help begins with.
    argv: the command line, the program's name first.

  Returns:
    The flags, and what is left of `argv`, without the name.

  Raises:
    SystemExit: after help; with 1 and one line if a flag is wrong.
  """
  values = flags.FlagValues()
  define(values)
  answer(usage, argv, values)
  _take_once(values)
  try:
    return values, values(list(argv))[1:]
  except flags.Error as error:
    sys.exit(f'error: {error}')


def answer(
  usage: str, argv: Sequence[str], values: flags.FlagValues = flags.FLAGS
) -> None:
  """Prints the help and exits, if `argv` asks for it; args as of `text`."""
  given = list(argv[1:])
  given = given[: given.index('--')] if '--' in given else given
  if any(argument in _HELP for argument in given):
    print(text(usage, values, sys.argv[0]))
    sys.exit(0)


def text(usage: str, values: flags.FlagValues, program: str = '') -> str:
  """The usage, then a line for each flag that tfirl defined.

  Args:
    usage: lines of at most 79 characters.
    values: flags, absl's and others' among them.
    program: name of the program, under which absl files the flags of the file
      that was started.
  """
  own = _own(values, program)
  indent = max((len(flag.name) for flag in own), default=0) + 6
  lines = [usage.rstrip()]
  for flag in own:
    lines += textwrap.wrap(
      f'{_help_of(flag)}{_default(flag)}',
      _WIDTH,
      initial_indent=f'  --{flag.name}'.ljust(indent),
      subsequent_indent=' ' * indent,
    )
  return '\n'.join(lines)


def _own(values: flags.FlagValues, program: str = '') -> list[flags.Flag]:
  return [
    flag
    for module, found in values.flags_by_module_dict().items()
    if module.startswith('tfirl.') or module == program
    for flag in found
  ]


def _take_once(values: flags.FlagValues, program: str = '') -> None:
  """Of a value that is given twice, one would be dropped without a word."""
  for flag in _own(values, program):
    flag.allow_overwrite = isinstance(flag, flags.BooleanFlag)


def _help_of(flag: flags.Flag) -> str:
  # absl says of each list that it may be repeated.
  return flag.help.partition(';\n    repeat this option')[0]


def _default(flag: flags.Flag) -> str:
  is_said = flag.default not in (None, [], '', False)
  return f' ({flag.default_as_str.strip(chr(39))})' if is_said else ''


def _parse_program(usage: str, argv: list[str]) -> list[str]:
  answer(usage, argv)
  _take_once(flags.FLAGS, sys.argv[0])
  return app.parse_flags_with_usage(argv)
