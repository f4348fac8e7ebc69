"""`tfirl COMMAND ...`: finds the command's module and calls it."""

import difflib
import importlib
import os
import signal
import sys
from collections.abc import Sequence

from tfirl.config import gin_messages

_COMMANDS = {
  'train': 'trains a policy, or resumes: tfirl train hyper_hopper --seed 1',
  'evaluate': 'rolls out the policy of a run: tfirl evaluate RUN --video x.mp4',
  'report': 'curves, a table and a page of runs: tfirl report RUNS...',
  'doctor': 'what is wrong with a run, and what to try: tfirl doctor RUN',
  'export': 'policy or reward for other programs: tfirl export RUN',
  'sweep': 'gin files x values x seeds, here or on a Ray cluster',
  'demos': 'demonstrations: collect, show or convert',
  'list': 'what can be trained, its budget and its measured result',
  'show': 'all parameters of one: tfirl show hyper_hopper --grep discriminator',
  'check': 'whether this machine is fit for it',
}
_EPILOG = 'tfirl COMMAND --help tells of each. Results go to runs/.'


def main(argv: Sequence[str] | None = None) -> int | None:
  """The console command.

  Args:
    argv: its arguments; those of `sys.argv` by default.

  Returns:
    The exit code, None for 0. Some commands end by `SystemExit`.
  """
  arguments = list(sys.argv[1:] if argv is None else argv)
  # As `python -m` has it, so that a user's own modules are found.
  if os.getcwd() not in sys.path and '' not in sys.path:
    sys.path.insert(0, os.getcwd())
  command = arguments[0] if arguments else '--help'
  if command in ('-h', '--help', 'help'):
    print(_help())
    return 0
  if command == '--version':
    print(f'tfirl {importlib.import_module("tfirl").__version__}')
    return 0
  if command not in _COMMANDS:
    print(f'error: {_unknown(command)}', file=sys.stderr)
    return 2
  return _call(command, arguments[1:])


def _call(command: str, arguments: Sequence[str]) -> int | None:
  """The command, with errors of the user's in one line and exit code 1; a
  Ctrl-C that it leaves to us in none.
  """
  module = importlib.import_module(f'tfirl.cli.{command}')
  try:
    return module.main(arguments, f'tfirl {command}')
  except BrokenPipeError:  # of `tfirl list | head`
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
  except KeyboardInterrupt:
    return 128 + signal.SIGINT
  except (OSError, ValueError) as error:
    print(f'error: {gin_messages.without_calls(error)}', file=sys.stderr)
    return 1


def _help() -> str:
  lines = [
    'usage: tfirl COMMAND ...',
    '',
    'Learns policies from demonstrations by hybrid inverse RL.',
    '',
  ]
  lines += [f'  {name:<10}{text}' for name, text in _COMMANDS.items()]
  return '\n'.join([*lines, '', _EPILOG])


def _unknown(command: str) -> str:
  close = difflib.get_close_matches(command, _COMMANDS)
  hint = f'; did you mean {" or ".join(close)}?' if close else ''
  known = ', '.join(_COMMANDS)
  return f'found the command {command!r}; expected one of {known}{hint}'
