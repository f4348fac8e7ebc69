"""What an environment's `reset` and `step` answer: what is wrong with it."""

import contextlib
import logging
import os
import traceback
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np

_EXPECTED = {
  'reset': (
    'a pair, observation and info, of reset(seed=None, options=None), as '
    'gymnasium has it'
  ),
  'step': (
    'five values: observation, reward, terminated, truncated and info, as '
    'gymnasium has it'
  ),
}
# Those who hand an environment its arguments, and unpack what it answers.
_GYMNASIUM = os.path.dirname(gymnasium.__file__)
_CALLERS = (
  os.path.join(_GYMNASIUM, 'core.py'),
  os.path.join(_GYMNASIUM, 'wrappers', ''),
  os.path.join(os.path.dirname(__file__), ''),
)
_MISUNDERSTOOD = ('unpack', "unexpected keyword argument 'seed'")


def explain(error: Exception, name: str, method: str, step: int) -> None:
  """Says in other words that an answer was not of gymnasium's form.

  Args:
    error: what a call of `method` raised, and is raised on if this returns:
      what the environment itself raises gets a note of where it did.
    name: of the environment.
    method: 'reset' or 'step'.
    step: how many of its episode were begun.

  Raises:
    ValueError: a caller could not take the answer; says what is expected.
  """
  where = traceback.extract_tb(error.__traceback__)[-1].filename
  words = str(error)
  is_misunderstood = isinstance(error, (TypeError, ValueError)) and (
    where.startswith(_CALLERS) and any(w in words for w in _MISUNDERSTOOD)
  )
  if is_misunderstood:
    raise ValueError(
      f'{name}.{method}: {words}; expected {_EXPECTED[method]}'
    ) from error
  at = f', step {step} of its episode' if step else ''
  error.add_note(f'raised by {name}.{method}{at}')


@contextlib.contextmanager
def kept_folder(what: str) -> Iterator[None]:
  """Goes back to the working folder, to which a run's paths are relative.

  Args:
    what: may leave it, for the warning.
  """
  before = os.getcwd()
  try:
    yield
  finally:
    found = os.getcwd()
    if found != before:
      os.chdir(before)
      logging.warning(
        '%s: it changed the working folder to %s; changed back to %s',
        what,
        found,
        before,
      )


def check_ends(name: str, terminated: Any, truncated: Any) -> None:
  """Raises ValueError unless each is one truth value."""
  ends = {'terminated': terminated, 'truncated': truncated}
  for end, value in ends.items():
    if np.shape(value) or np.asarray(value).dtype.kind not in 'biuf':
      raise ValueError(
        f'{name}.step: {end} is {describe(value)}; expected True or False'
      )


def refuse_observation(
  name: str, method: str, found: Any, shape: tuple[int, ...]
) -> None:
  """Raises ValueError: `found` holds no numbers of `shape`."""
  raise ValueError(
    f'{name}.{method}: the observation is {describe(found)}; expected numbers '
    f'of shape {shape}, as its observation_space says'
  )


def describe(value: Any) -> str:
  """What a value is, in a few words."""
  kind = type(value).__name__
  if isinstance(value, np.ndarray) and value.ndim:
    return f'an array of shape {value.shape}, {value.dtype}'
  if isinstance(value, (list, tuple)):
    return f'a {kind} of {len(value)}: {_short(value)}'
  return 'None' if value is None else f'{_short(value)}, of type {kind}'


def _short(value: Any) -> str:
  text = repr(value)
  return text if len(text) <= 60 else f'{text[:57]}...'
