"""What a run's config.gin bound, read without gin."""

import os
from collections.abc import Mapping

from tfirl.storage import run_files


def read(folder: str) -> dict[str, str] | None:
  """The bindings of the run in `folder` by name; None without a config.gin."""
  path = os.path.join(folder, run_files.CONFIG)
  if not os.path.exists(path):
    return None
  with open(path, encoding='utf-8', errors='replace') as file:
    return parse(file.read())


def parse(text: str) -> dict[str, str]:
  """The bindings of a config.gin, which gin wrote: name -> value, as text.

  A value may go on in lines that are indented, or close what it opened.
  """
  statements = []
  for line in text.splitlines():
    begins = line[:1] not in ('', ' ', '#', ')', ']', '}')
    if begins:
      statements.append(line)
    elif statements and line.strip() and not line.startswith('#'):
      statements[-1] = f'{statements[-1]} {line}'
  pairs = (s.split('=', 1) for s in statements if '=' in s)
  return {k.strip(): ' '.join(v.replace('\\', '').split()) for k, v in pairs}


def number(bound: Mapping[str, str] | None, name: str) -> float | None:
  """The finite number bound to `name`; None where there is none."""
  try:
    value = float((bound or {})[name])
  except (KeyError, ValueError):  # not bound, or None
    return None
  return value if abs(value) <= 1e300 else None
