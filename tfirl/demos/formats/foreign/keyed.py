"""Files whose keys are not ours: which of them is what, and how it is read.

A file is given as the shapes of its arrays, by their keys, and a function that
reads some of them: no other is touched.
"""

import difflib
import logging
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tfirl.demos.checking import DemonstrationError, check
from tfirl.demos.formats import rows
from tfirl.demos.raw import RawDemonstrations

Shapes = Mapping[str, tuple[int, ...]]
Read = Callable[..., dict[str, np.ndarray]]

_NEAR = 0.8  # of `difflib`
_SEEDS = ('seed', 'infos/seed')  # as we write them
_NEEDED = ('observations', 'actions')
# What others call it, in small letters; ours goes without saying.
_SYNONYMS = {
  'observations': ('obs', 'observation', 'states', 'state', 'ob'),
  'actions': ('acts', 'action', 'acs', 'act', 'ac'),
  'next_observations': (
    'next_obs',
    'next_observation',
    'next_states',
    'next_state',
    'obs_next',
    'obs2',
  ),
  'terminals': ('terminal', 'terminated', 'terminations', 'termination'),
  'timeouts': ('timeout', 'truncated', 'truncations', 'truncation'),
  'dones': ('done', 'ends', 'is_last', 'last'),
  'episode_starts': ('starts', 'is_first', 'first'),
  'episodes': ('episode', 'episode_id', 'episode_index', 'ep', 'traj_id'),
  'rewards': ('reward', 'rews', 'rew'),
  'qpos': (),
  'qvel': (),
  'goal': (),
  'seed': (),
}
OURS = tuple(_SYNONYMS)


def parse_keys(texts: Sequence[str]) -> dict[str, str] | None:
  """What --keys says: ['observations=obs', 'actions=x+y'] as a mapping.

  Args:
    texts: OURS=THEIRS,... each; none is None.

  Raises:
    ValueError: names what is not of that form.
  """
  keys = {}
  for text in [part for given in texts for part in given.split(',')]:
    ours, _, theirs = text.partition('=')
    if not ours or not theirs or ours in keys:
      raise ValueError(
        f'--keys: found {text!r}; expected OURS=THEIRS,..., each once: '
        'observations=obs,actions=acts'
      )
    keys[ours] = theirs
  return keys or None


def require(path: str, shapes: Shapes, required: Sequence[str]) -> None:
  """Raises DemonstrationError unless all of `required` are among `shapes`.

  It lists what is there, with shapes, and proposes --keys.
  """
  missing = [key for key in required if key not in shapes]
  if missing:
    raise DemonstrationError(
      f'{path}: missing {", ".join(missing)}; found the keys '
      f'{describe(shapes)}; expected {", ".join(required)}, or to be told '
      'what is what by `keys`: tfirl demos convert IN OUT '
      f'{_proposal(shapes)}'
    )


def warn_of_near_names(
  path: str, names: Sequence[str], known: Sequence[str]
) -> None:
  """Says of keys that are not read, and look like one that would be."""
  absent = [key for key in known if key not in names]
  for name in names:
    close = difflib.get_close_matches(name, absent, 1, _NEAR)
    if name not in known and close:
      logging.warning('%s: %s is not read: is it %s?', path, name, close[0])


def describe(shapes: Shapes) -> str:
  """'actions (20, 3), obs (20, 11)'."""
  listed = [f'{key} {shape}' for key, shape in sorted(shapes.items())[:40]]
  return ', '.join(listed) or '(none)'


def read_rows(
  path: str, shapes: Shapes, read: Read, keys: Mapping[str, str]
) -> RawDemonstrations:
  """Rows of episodes one after the other, under any keys.

  Args:
    path: for messages.
    shapes: of the file's arrays.
    read: read(*keys) -> arrays.
    keys: ours -> theirs. `observations` and `actions` are needed; of an array
      that is in parts, 'x+v' puts two next to each other. Where an episode ends
      is said by terminals, timeouts, dones, episode_starts or episodes (its
      number), by any of them. A `seed` [N] that they leave out is taken too.

  Raises:
    DemonstrationError: names the key that is not there or not known.
  """
  check_keys(path, keys)
  parts = {ours: _parts_of(theirs, shapes) for ours, theirs in keys.items()}
  wanted = list(dict.fromkeys(key for names in parts.values() for key in names))
  missing = [key for key in wanted if key not in shapes]
  found = f'{", ".join(missing)}, which the file has not'
  check(not missing, path, 'keys', found, f'some of {describe(shapes)}')
  for seed in _SEEDS:
    if 'seed' not in parts and _is_column(seed, shapes, wanted):
      parts['seed'] = [seed]
      wanted.append(seed)
  arrays = read(*wanted)
  named = {
    ours: join_parts(path, ours, [arrays[name] for name in names])
    for ours, names in parts.items()
  }
  return rows.from_rows(path, named)


def _parts_of(theirs: str, shapes: Shapes) -> list[str]:
  """'x+v' as x and v, unless it is a name as it stands."""
  return [theirs] if theirs in shapes else theirs.split('+')


def _is_column(key: str, shapes: Shapes, others: Sequence[str]) -> bool:
  """Whether the file has `key`, one a row of `others`, and not among them."""
  rows = shapes[others[0]][:1]
  return key not in others and bool(rows) and shapes.get(key) == rows


def check_keys(path: str, keys: Mapping[str, str]) -> None:
  """Raises DemonstrationError unless `keys` are ours and enough."""
  unknown = [key for key in keys if key not in _SYNONYMS]
  expected = ', '.join(_SYNONYMS)
  check(not unknown, path, 'keys', ', '.join(unknown), f'some of {expected}')
  missing = [key for key in _NEEDED if key not in keys]
  check(not missing, path, 'keys', f'no {", ".join(missing)}', 'both')


def join_parts(path: str, key: str, parts: Sequence[np.ndarray]) -> np.ndarray:
  """Parts [N] or [N, .] next to each other, [N, .]; one alone as it is."""
  if len(parts) == 1:
    return parts[0]
  shapes = [part.shape for part in parts]
  ok = all(part.ndim in (1, 2) for part in parts)
  ok = ok and len({len(part) for part in parts}) == 1
  expected = 'parts of as many rows, [N] or [N, .] each'
  check(ok, path, key, f'shapes {shapes}', expected)
  return np.concatenate([np.reshape(p, (len(p), -1)) for p in parts], axis=1)


def proposed_keys(names: Sequence[str]) -> dict[str, str]:
  """Ours -> theirs, as far as names tell."""
  by_last = {name.rpartition('/')[2].lower(): name for name in reversed(names)}
  found = {}
  for ours, synonyms in _SYNONYMS.items():
    theirs = next((by_last[n] for n in (ours, *synonyms) if n in by_last), None)
    if theirs is not None:
      found[ours] = theirs
  return found


def _proposal(shapes: Shapes) -> str:
  """--keys ours=theirs,..., with a `?` for what no name tells."""
  found = {**dict.fromkeys(_NEEDED, '?'), **proposed_keys(list(shapes))}
  return '--keys ' + ','.join(f'{k}={v}' for k, v in found.items())
