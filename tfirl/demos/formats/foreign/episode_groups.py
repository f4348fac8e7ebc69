"""HDF5 files with a group an episode, robomimic's among them.

robomimic's are data/demo_0, data/demo_1, ..., each with actions [T, A], dones
[T], rewards [T], obs/NAME [T, .] and, perhaps, next_obs/NAME. Others' are
episode_0, ... with observation [T or T + 1, O] and action [T, A], say; or have
names, '2024-05-01 grasp' say, and are all alike: those only as `keys` tell.
"""

import collections
import logging
import re
from collections.abc import Mapping, Sequence

import numpy as np

from tfirl.demos.checking import check, to_flags
from tfirl.demos.formats import rows
from tfirl.demos.formats.containers.hdf5_file import Hdf5File
from tfirl.demos.formats.foreign import keyed
from tfirl.demos.raw import RawDemonstrations

_EPISODE = re.compile(
  r'(?P<group>(?:.*/)?[A-Za-z]+_?(?P<number>\d+))/(?P<name>.+)'
)
_STEPS = ('observations', 'actions', 'next_observations')
# A group is an episode: what says where one ends says it of the last row alone.
_ENDS = ('terminals', 'timeouts')
_KEPT = ('rewards', 'qpos', 'qvel', 'goal', 'seed')
_TAKEN = (*_STEPS, *_ENDS, *_KEPT)


def find(shapes: keyed.Shapes) -> list[str]:
  """Names of the groups, in the order of their numbers; [] if it has none.

  They are those with an array of actions, under whatever name, and what is
  numbered beside them.
  """
  groups: dict[str, int] = {}
  parents = set()
  for key in shapes:
    match = _EPISODE.fullmatch(key)
    if match:
      groups[match['group']] = int(match['number'])
      if keyed.proposed_keys([match['name']]).get('actions'):
        parents.add(_parent(match['group']))
  found = [group for group in groups if _parent(group) in parents]
  return sorted(found, key=lambda group: (groups[group], group))


def find_named(
  path: str, shapes: keyed.Shapes, keys: Mapping[str, str] | None
) -> list[str]:
  """Names of groups without numbers that `keys` take for episodes.

  They are two or more beside each other, all of the same arrays, actions among
  them: episodes, or parts of a data set, train and test say. Whoever names an
  array as it is called in each takes them for episodes.

  Args:
    path: for messages.
    shapes: of the file's arrays.
    keys: ours -> theirs.

  Returns:
    In the order of the names; [] if there are none, or `keys` name arrays by
    all of their path.

  Raises:
    DemonstrationError: there are some, and no `keys`.
  """
  groups = _alike(shapes)
  if not groups:
    return []
  inside = _inside(shapes, groups[0])
  if keys is None:
    told = {'observations': '?', 'actions': '?'}
    told |= {k: v for k, v in _by_name(inside).items() if k in _TAKEN}
    line = ','.join(f'{ours}={theirs}' for ours, theirs in told.items())
    names = ', '.join(map(repr, groups[:3]))
    found = f'{len(groups)} of the same arrays, {names}, ...'
    expected = 'to be told what they hold, if each is an episode: --keys '
    check(False, path, 'groups', found, expected + line)
  parts = [part for theirs in keys.values() for part in theirs.split('+')]
  return groups if all(part in inside for part in parts) else []


def _alike(shapes: keyed.Shapes) -> list[str]:
  """Groups beside each other, of any names and of the same arrays."""
  inside = collections.defaultdict(lambda: collections.defaultdict(set))
  for key in shapes:
    parts = key.split('/')
    for i in range(1, len(parts)):
      parent, name = '/'.join(parts[: i - 1]), '/'.join(parts[:i])
      inside[parent][name].add('/'.join(parts[i:]))
  for groups in inside.values():
    names = next(iter(groups.values()))
    flat = [name for name in names if '/' not in name]
    is_alike = len(groups) > 1 and all(g == names for g in groups.values())
    if is_alike and keyed.proposed_keys(flat).get('actions'):
      return sorted(groups, key=_by_numbers)
  return []


def _by_numbers(name: str) -> list[tuple[int, str]]:
  """A key to sort by: numbers in a name count as such, 9 before 10."""
  parts = re.split(r'(\d+)', name)
  return [(int(part) if part.isdecimal() else 0, part) for part in parts]


def _parent(group: str) -> str:
  return group.rpartition('/')[0]


def read(
  path: str,
  file: Hdf5File,
  groups: Sequence[str],
  keys: Mapping[str, str] | None,
) -> RawDemonstrations:
  """Reads the groups as episodes.

  robomimic's `dones` mark successes and ends alike: without `terminals` among
  `keys` every end is taken as a time-out, which is said.

  Args:
    path: for messages.
    file: open.
    groups: as of `find`.
    keys: ours -> theirs, within a group: 'observations=obs/a+obs/b'. None:
      those that names tell; all arrays of obs/ are the observations, by name.

  Raises:
    DemonstrationError: names the episode and the key.
  """
  others = _beside(file.shapes, groups)
  if others:
    logging.warning('%s: %s: not taken as episodes', path, ', '.join(others))
  first = _inside(file.shapes, groups[0])
  if keys is None:
    keys = _told(path, groups[0], first)
  keyed.check_keys(path, keys)
  unused = ', '.join(key for key in keys if key not in _TAKEN)
  expected = f'some of {", ".join(_TAKEN)}: a group is an episode'
  check(not unused, path, 'keys', unused, expected)
  if 'terminals' not in keys:
    logging.warning(
      '%s: nothing says how an episode ended: all ends are taken as time-outs. '
      '`keys` (tfirl demos convert --keys ...,terminals=NAME) say where one '
      'is terminal',
      path,
    )
  episodes = [_episode(path, file, group, keys) for group in groups]
  inside = sum(num_inside for _, _, num_inside in episodes)
  if inside:
    logging.warning(
      '%s: %s: found %d rows marked before the last one of their group: not '
      'taken as ends, for a group is an episode',
      path,
      ', '.join(key for key in _ENDS if key in keys),
      inside,
    )
  num_short = sum(short for _, short, _ in episodes)
  if num_short:
    rows.say_left_out(path, num_short, 0)
  columns = rows.join(path, [columns for columns, _, _ in episodes])
  return RawDemonstrations(path, columns)


def _beside(shapes: keyed.Shapes, groups: Sequence[str]) -> list[str]:
  """Groups with arrays, beside those of the episodes, that are none."""
  found = set()
  for parent in {_parent(group) for group in groups}:
    prefix = f'{parent}/' if parent else ''
    inside = [k[len(prefix) :] for k in shapes if k.startswith(prefix)]
    found |= {prefix + k.partition('/')[0] for k in inside if '/' in k}
  return sorted(found - set(groups))


def _inside(shapes: keyed.Shapes, group: str) -> dict[str, tuple[int, ...]]:
  """Shapes of a group's arrays, by their names in it."""
  prefix = f'{group}/'
  return {
    key.removeprefix(prefix): shape
    for key, shape in shapes.items()
    if key.startswith(prefix)
  }


def _told(path: str, group: str, shapes: keyed.Shapes) -> dict[str, str]:
  """The keys that names tell, or DemonstrationError."""
  keys = _by_name(shapes)
  keyed.require(f'{path}, {group}', {**shapes, **keys}, ('observations',))
  logging.info('%s: taken as %s', path, keys)
  # `dones` are no terminals; where an episode ends the groups say.
  return {k: v for k, v in keys.items() if k in _TAKEN}


def _by_name(shapes: keyed.Shapes) -> dict[str, str]:
  """The keys that names tell; pictures are no observations."""
  flat = {key: shape for key, shape in shapes.items() if '/' not in key}
  keys = keyed.proposed_keys(list(flat))
  for ours, folder in (
    ('observations', 'obs'),
    ('next_observations', 'next_obs'),
  ):
    parts = sorted(
      key
      for key, shape in shapes.items()
      if key.startswith(f'{folder}/') and len(shape) in (1, 2)
    )
    if parts:
      keys[ours] = '+'.join(parts)
  return keys


def _episode(
  path: str, file: Hdf5File, group: str, keys: Mapping[str, str]
) -> tuple[dict[str, np.ndarray], bool, int]:
  """Columns of one episode; whether its last action had to go; and how many
  rows before its last one are marked as ends.
  """
  name = f'{path}, {group}'
  shapes = _inside(file.shapes, group)
  arrays = {}
  for ours, theirs in keys.items():
    parts = theirs.split('+')
    missing = [part for part in parts if part not in shapes]
    expected = f'some of {keyed.describe(shapes)}'
    check(not missing, name, ours, f'no {", ".join(missing)}', expected)
    read_parts = file.read(*(f'{group}/{part}' for part in parts))
    arrays[ours] = keyed.join_parts(name, ours, list(read_parts.values()))
  flags = {
    key: to_flags(name, key, np.atleast_1d(arrays[key]))
    for key in _ENDS
    if key in arrays
  }
  columns = rows.episode_columns(
    name,
    arrays['observations'],
    arrays['actions'],
    bool(flags.get('terminals', np.zeros(1))[-1:].any()),
    arrays.get('next_observations'),
  )
  steps = len(columns['actions'])
  for key in (*flags, *_KEPT):
    if key in arrays:
      values = _of_rows(name, key, arrays[key], steps)
      if key in _KEPT:
        columns[key] = values
  num_inside = sum(int(values[:-1].sum()) for values in flags.values())
  return columns, steps < len(arrays['actions']), num_inside


def _of_rows(name: str, key: str, values: np.ndarray, steps: int) -> np.ndarray:
  """[steps, ...] of as many rows or one more; or of one for all."""
  is_one = key in (*_ENDS, 'seed') and values.size == 1
  ok = is_one or values.shape[:1] in ((steps,), (steps + 1,))
  check(ok, name, key, f'shape {values.shape}', f'{steps} rows')
  return np.repeat(values.ravel(), steps) if is_one else values[:steps]
