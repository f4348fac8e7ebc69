"""Which packages tfirl wants, and whether those are there.

Of the standard library alone: none of them may be there, `packaging` neither.
"""

import ast
import importlib.metadata
import re
from collections.abc import Sequence
from pathlib import Path

_PIN = re.compile(r'([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(==|<)\s*([\w.]+)$')


def wanted() -> list[str]:
  """The pins of the checkout's setup.py, or of the wheel that is installed."""
  setup = Path(__file__).resolve().parents[2] / 'setup.py'
  if setup.is_file():
    return _of_setup(setup.read_text())
  try:
    found = importlib.metadata.requires('tfirl') or []
  except importlib.metadata.PackageNotFoundError:
    return []
  return [pin for pin in found if ';' not in pin]  # without extras


def mismatch(pin: str) -> str | None:
  """'numpy 2.0 is installed; expected numpy==1.26.4', or None if it fits."""
  name, relation, version = _split(pin)
  try:
    found = importlib.metadata.version(name)
  except importlib.metadata.PackageNotFoundError:
    return f'{name} is not installed; expected {pin}'
  is_fit = found == version
  if relation == '<':
    is_fit = _numbers(found) < _numbers(version)
  return None if is_fit else f'{name} {found} is installed; expected {pin}'


def command(mismatches: Sequence[str]) -> str:
  """What pip should install, of texts of `mismatch`."""
  pins = [text.rpartition('expected ')[2] for text in mismatches]
  return ' '.join(f"'{pin}'" for pin in pins)


def _split(pin: str) -> tuple[str, str, str]:
  match = _PIN.match(pin.strip())
  if match is None:
    raise ValueError(f'found the pin {pin!r}; expected NAME==VERSION or NAME<N')
  return match.groups()


def _numbers(version: str) -> list[int]:
  return [int(number) for number in re.findall(r'\d+', version)]


def _of_setup(text: str) -> list[str]:
  for statement in ast.parse(text).body:
    if isinstance(statement, ast.Assign):
      if statement.targets[0].id == '_INSTALL_REQUIRES':
        return ast.literal_eval(statement.value)
  return []
