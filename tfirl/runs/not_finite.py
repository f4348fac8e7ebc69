"""What a run says of a number that is not finite, and how to go on."""

import re
import shlex
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfirl.config import gin_bindings
from tfirl.envs import gymnasium_env
from tfirl.storage import checkpoints as checkpoint_files

# A word of what was found, and whose learning rate may well be too high.
_PLAYERS = (
  ('observation', ()),  # the environment's own
  ('non-finite reward', ()),  # likewise
  ('cost', ('CostLearner',)),
  ('dynamics', ('DynamicsTrainer',)),
  ('end_', ('LearnedEnd',)),
  ('', ('tfirl.SacAgent', 'tfirl.IqLearnAgent', 'Td3BcAgent', 'BcAgent')),
)


class Check:
  """Looks for numbers that are not finite in what an algorithm has learned."""

  def __init__(self, algorithm, demos: str | None, checkpoints: Path):
    """Args: the run's algorithm, the source of its demonstrations (None for a
    method that takes none), and the folder of its checkpoints.
    """
    self._algorithm = algorithm
    self._demos = demos
    self._checkpoints = checkpoints

  def check_round(self, where: str) -> None:
    """Raises FloatingPointError of a loss, or of what the last step left.

    Args: `where` the run is, its step and round.
    """
    values = dict(self._algorithm.losses)
    policy = self._algorithm.policy
    # Losses come before their step: the last one's shows in the policy.
    for i, (kernel, bias) in enumerate(policy.layers if policy else []):
      # A sum that is finite has finite terms.
      values[f"the sum of the policy's layer {i}"] = kernel.sum() + bias.sum()
    self._check(values, where)

  def check_variables(self, where: str) -> None:
    """Raises FloatingPointError of any variable that a checkpoint has."""
    for name, part in self._algorithm.trackables().items():
      floats = [
        variable
        for variable in getattr(part, 'variables', ())
        if variable.dtype.is_floating
      ]
      self._check({f'{name}, {v.name}': v.numpy() for v in floats}, where)

  def error(self, what: str, where: str) -> FloatingPointError:
    """Of `what` was found, with what is left and how to go on."""
    latest = checkpoint_files.latest(self._checkpoints)
    return FloatingPointError(describe(what, where, self._demos, latest))

  def _check(self, values: Mapping[str, Any], where: str) -> None:
    for name, value in values.items():
      is_finite = np.isfinite(value)
      if not is_finite.all():
        found = np.asarray(value)[~is_finite].flat[0]
        raise self.error(f'{name} is {found}', where)


def is_of_environment(error: FloatingPointError) -> bool:
  """Whether the code of a user's environment raised it, and not our check."""
  frames = traceback.extract_tb(error.__traceback__)
  files = [frame.filename for frame in frames]
  ours = gymnasium_env.__file__
  return ours in files and files[-1] != ours


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
  what = what.removesuffix('.')
  if 'expected' not in what:
    what += '; expected finite numbers'
  parts = [f'{where}: {what}']
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
