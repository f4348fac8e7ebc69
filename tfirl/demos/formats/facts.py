"""What a file says of itself: its environment, its keywords, versions."""

import json
from collections.abc import Mapping
from typing import Any

from tfirl.demos.checking import check

VERSION_SUFFIX = '_version'
_NAMES = ('env_id', 'env_kwargs')
_SHOWN = 60  # characters of a text that is no JSON


def is_fact(name: str) -> bool:
  """Whether a text of that name is one of them."""
  return name in _NAMES or name.endswith(VERSION_SUFFIX)


def parse(source: str, texts: Mapping[str, str]) -> dict[str, Any]:
  """The facts as `RawDemonstrations` has them: env_id, env_kwargs, versions.

  Args:
    source: for messages.
    texts: by their names; others than facts are left out.

  Raises:
    DemonstrationError: env_kwargs is no JSON object.
  """
  return {
    'env_id': texts.get('env_id', ''),
    'env_kwargs': _env_kwargs(source, texts.get('env_kwargs', '')),
    'versions': {
      name.removesuffix(VERSION_SUFFIX): text
      for name, text in texts.items()
      if name.endswith(VERSION_SUFFIX)
    },
  }


def as_texts(
  env_id: str, env_kwargs: Mapping[str, Any] | None, versions: Mapping[str, str]
) -> dict[str, str]:
  """What `parse` reads back; env_kwargs that are None stay away."""
  texts = {'env_id': env_id}
  if env_kwargs is not None:
    texts['env_kwargs'] = json.dumps(dict(env_kwargs))
  return texts | {
    f'{name}{VERSION_SUFFIX}': str(version)
    for name, version in versions.items()
  }


def _env_kwargs(source: str, text: str) -> dict | None:
  """None if there is no text."""
  if not text:
    return None
  try:
    kwargs = json.loads(text)
  except (ValueError, RecursionError):  # numbers too long, lists too deep
    kwargs = None
  found = repr(text[:_SHOWN]) + ('...' if len(text) > _SHOWN else '')
  ok = isinstance(kwargs, dict)
  check(ok, source, 'env_kwargs', found, 'a JSON object')
  return kwargs
