"""What a file says of itself: its environment, keywords, wrappers, versions."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from gymnasium.envs.registration import EnvSpec

from tfirl.demos import recorder
from tfirl.demos.checking import check
from tfirl.demos.raw import RawDemonstrations

VERSION_SUFFIX = '_version'
_NAMES = ('env_id', 'env_kwargs', 'wrappers')
_SHOWN = 60  # characters of a text that is no JSON

# They leave observations and actions as they are; to clip is what we do.
_HARMLESS = {
  'Autoreset',
  'ClipAction',
  'ClipReward',
  'DataCollector',
  'HumanRendering',
  'Monitor',
  'NormalizeReward',
  'OrderEnforcing',
  'PassiveEnvChecker',
  'RecordEpisodeStatistics',
  'RecordVideo',
  'RenderCollection',
  'StickyAction',
  'TimeLimit',
  'TransformReward',
}


def is_fact(name: str) -> bool:
  """Whether a text of that name is one of them."""
  return name in _NAMES or name.endswith(VERSION_SUFFIX)


def parse(source: str, texts: Mapping[str, str]) -> dict[str, Any]:
  """The facts as `RawDemonstrations` has them, by its names.

  Args:
    source: for messages.
    texts: by their names; others than facts are left out.

  Raises:
    DemonstrationError: env_kwargs is no JSON object, wrappers no list of it.
  """
  return {
    'env_id': texts.get('env_id', ''),
    'env_kwargs': _json(source, texts, 'env_kwargs', dict, 'a JSON object'),
    'wrappers': _wrappers(source, texts),
    'versions': {
      name.removesuffix(VERSION_SUFFIX): text
      for name, text in texts.items()
      if name.endswith(VERSION_SUFFIX)
    },
  }


def as_texts(raw: RawDemonstrations) -> dict[str, str]:
  """What `parse` reads back; what is not known, or not there, stays away."""
  texts = {'env_id': raw.env_id}
  if raw.env_kwargs is not None:
    texts['env_kwargs'] = recorder.kwargs_text(raw.env_kwargs)
  if raw.wrappers:  # else a copy would be taken for what it is not
    texts['wrappers'] = json.dumps(list(raw.wrappers))
  return texts | {
    f'{name}{VERSION_SUFFIX}': str(version)
    for name, version in raw.versions.items()
  }


def wrappers_of(spec: EnvSpec | None) -> tuple[str, ...]:
  """Names of those that change, or may change, what is observed or done."""
  return _telling(w.name for w in spec.additional_wrappers) if spec else ()


def _telling(names: Iterable[str]) -> tuple[str, ...]:
  return tuple(name for name in names if name not in _HARMLESS)


def _wrappers(source: str, texts: Mapping[str, str]) -> tuple[str, ...]:
  expected = 'a JSON list of names'
  names = _json(source, texts, 'wrappers', list, expected) or []
  ok = all(isinstance(name, str) for name in names)
  check(ok, source, 'wrappers', f'{names}'[:_SHOWN], expected)
  return _telling(names)


def _json(
  source: str, texts: Mapping[str, str], key: str, kind: type, expected: str
) -> Any:
  """None if there is no text."""
  text = texts.get(key, '')
  if not text:
    return None
  try:
    value = json.loads(text)
  except (ValueError, RecursionError):  # numbers too long, lists too deep
    value = None
  found = repr(text[:_SHOWN]) + ('...' if len(text) > _SHOWN else '')
  check(isinstance(value, kind), source, key, found, expected)
  return value
