"""What a run says of a number that is not finite, and how to go on."""

import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from tfirl.config import gin_bindings

# A word of what was found, and whose learning rate may well be too high.
_PLAYERS = (
  ('observation', ()),  # the environment's own
  ('cost', ('CostLearner',)),
  ('dynamics', ('DynamicsTrainer',)),
  ('end_', ('LearnedEnd',)),
  ('', ('tfirl.SacAgent', 'tfirl.IqLearnAgent', 'Td3BcAgent', 'BcAgent')),
)


def text_of_check(message: str) -> str:
  """What a failed `check_numerics` found, of the message of TensorFlow's error.

  Returns: the loss and the tensor; '' if the message is of another error.
  """
  lines = [line.strip() for line in message.splitlines()]
  found = [line for line in lines if ': Tensor had' in line]
  if not found:
    return ''
  nodes = re.findall(r'\{\{node (.*?)\}\}', message)
  tensor = f' (tensor {nodes[0]})' if nodes else ''
  # An internal node's name comes first, where there is one.
  what = re.sub(r'\{\{.*?\}\} ?| \[Op:.*', '', found[0])
  return re.sub(r'\.? : ', ': ', what) + tensor


def describe(
  what: str, where: str, demos: str | None, checkpoint: Path | None
) -> str:
  """The whole message.

  Args:
    what: the loss or tensor, and what was found in it.
    where: the step and the round.
    demos: source of the demonstrations; None for a method that takes none.
    checkpoint: the last good one, None if there is none yet.
  """
  parts = [f'{where}: {what}; expected finite numbers']
  if demos is not None:
    parts.append(f'Demonstrations: {demos}')
  rates = _likely_rates(what)
  parts += [f'Perhaps too high: {name} = {rate:g}' for name, rate in rates]
  kept = checkpoint or 'none yet: it begins anew'
  parts.append(f'The last good checkpoint is {kept}')
  if rates:
    lower = [f'{name} = {rate / 10:g}' for name, rate in rates]
    parts.append(f'On from there, with a lower rate: {_command(lower)}')
  return '. '.join(parts)


def _likely_rates(what: str) -> list[tuple[str, float]]:
  """Names and values of learning rates in use."""
  names = next(names for word, names in _PLAYERS if word in what.lower())
  return [
    (f'{name}.learning_rate', rate)
    for name in names
    for rate in gin_bindings.in_use(f'{name}.learning_rate')
  ]


def _command(bindings: Sequence[str]) -> str:
  """The command of this process with more bindings, or what stands for it."""
  program, words = Path(sys.argv[0]).name, sys.argv[1:]
  if program == 'launch.py':
    flags = [f'--gin_bindings={line}' for line in bindings]
    words = ['python', '-m', 'tfirl.launch', *words, *flags]
  elif words[:1] == ['train']:
    words = ['tfirl', *words, *(w for line in bindings for w in ('-b', line))]
  else:
    return f'the same call with bindings={bindings!r} and allow_changes=True'
  if '--allow_changes' not in words:
    words.append('--allow_changes')
  return shlex.join(words)
