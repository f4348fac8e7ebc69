"""One entry for every source of demonstrations."""

import dataclasses
import functools
import logging
import os
import reprlib
from collections.abc import Mapping
from typing import Any

import gin

from tfirl import checks, tasks
from tfirl.demos import agreement, maze_trajectories
from tfirl.demos.border import to_demonstrations
from tfirl.demos.checking import DemonstrationError, check
from tfirl.demos.flags import SOURCES
from tfirl.demos.formats.containers import pickles
from tfirl.demos.formats.d4rl import d4rl_antmaze, d4rl_files
from tfirl.demos.formats.foreign.csv_table import read_csv
from tfirl.demos.formats.hdf5 import read_hdf5
from tfirl.demos.formats.minari.minari_reader import read_minari
from tfirl.demos.formats.npz import read_npz
from tfirl.demos.raw import RawDemonstrations
from tfirl.demos.selection import take
from tfirl.envs.gymnasium_env import GymnasiumEnvironment
from tfirl.types import Demonstrations


def _read_d4rl_name(
  name: str, env_id: str, observation_size: int
) -> RawDemonstrations:
  """Reads a data set of D4RL's; names say the task, the files don't."""
  source = f'd4rl:{name}'
  d4rl_files.dataset_url(name)  # raises if there is none of that name
  recorded = d4rl_files.base_env_id(name)
  if env_id:
    found, expected = f'demonstrations of {recorded}', f'of {env_id}'
    ok = recorded == d4rl_files.base_of(env_id)
    check(ok, source, 'env_id', found, expected)
    if recorded == 'AntMaze':
      d4rl_antmaze.check_name(name, env_id)
    else:
      logging.warning(
        "%s: recorded in D4RL's %s, used with %s: dynamics may differ.",
        source,
        recorded,
        env_id,
      )
  raw = read_hdf5(d4rl_files.find(name), env_id, observation_size)
  # Its name says the task, whatever the file may.
  return dataclasses.replace(raw, env_id='', versions={'d4rl': name})


def given(source: Any) -> str | Demonstrations:
  """What a user gave as demonstrations; a path is made text.

  Raises DemonstrationError if it is neither a source nor demonstrations.
  """
  if isinstance(source, (str, Demonstrations)):
    return source
  if not isinstance(source, os.PathLike):
    raise DemonstrationError(
      f'demonstrations: found {reprlib.repr(source)}, of type '
      f'{type(source).__name__}; expected {SOURCES}, or what '
      'Demonstrations.from_episodes and load_demonstrations return'
    )
  return os.fsdecode(source)


def read(
  source: str | os.PathLike,
  env_id: str = '',
  observation_size: int = 0,
  keys: Mapping[str, str] | None = None,
) -> RawDemonstrations:
  """Reads `source` with the reader that its prefix or suffix names.

  Args:
    source: as in `load_demonstrations`.
    env_id: '' if unknown; a D4RL file without time-outs needs it.
    observation_size: O, for tasks whose goal is part of the observation.
    keys: what the keys of a file are, as in `formats.foreign.keyed`.

  Raises FileNotFoundError or DemonstrationError.
  """
  source = given(source)
  _check_keys(source, keys)
  prefix, _, name = source.partition(':')
  if prefix in ('d4rl', 'minari', 'embedded'):
    check(not keys, source, 'keys', keys, 'none: its keys are known')
  if prefix == 'd4rl':
    return _read_d4rl_name(name, env_id, observation_size)
  if prefix == 'minari':
    return read_minari(name, observation_size)
  if prefix == 'embedded':
    # Rolls out in an environment: seconds of TensorFlow, for this kind only.
    from tfirl.demos.experts import embedded

    return embedded.demonstrations(name, observation_size)
  return _read_file(os.path.expanduser(source), env_id, observation_size, keys)


def _check_keys(source: str, keys: Any) -> None:
  is_valid = keys is None or (
    isinstance(keys, Mapping)
    and all(isinstance(text, str) for pair in keys.items() for text in pair)
  )
  expected = "a dict of names, {'observations': 'obs', ...}"
  check(is_valid, source, 'keys', repr(keys), expected)


def _read_file(
  path: str,
  env_id: str,
  observation_size: int,
  keys: Mapping[str, str] | None,
) -> RawDemonstrations:
  suffix = os.path.splitext(path)[1].lower()
  if suffix == '.npz':
    return read_npz(path, keys)
  if suffix in ('.hdf5', '.h5'):
    return read_hdf5(path, env_id, observation_size, keys)
  if suffix == '.csv':
    return read_csv(path, keys)
  if suffix in pickles.SUFFIXES:
    pickles.refuse(path, 'a pickle')
  if os.path.exists(os.path.join(path, 'dataset_info.json')):
    pickles.refuse_datasets(path)
  raise DemonstrationError(
    f'demonstrations: found {path!r}; expected {SOURCES}'
  )


def of_task(
  source: str | os.PathLike | Demonstrations, task: tasks.Task, **options: Any
) -> Demonstrations:
  """`load_demonstrations` with what `task` makes, and checked against it.

  Args:
    source: as there; what was loaded before is not checked again.
    task: whose environment they are replayed in (`agreement`).
    options: as there, in the place of gin's.

  Raises FileNotFoundError or DemonstrationError, as there.
  """
  with task.make_env(trembles=False) as env:
    return load_demonstrations(source, env, **options)


def _check_unused(source: str, **options: tuple[Any, Any]) -> None:
  """Raises DemonstrationError for an option of files, of value and default.

  What was loaded before is not read, checked or scaled again.
  """
  for name, (value, default) in options.items():
    expected = (
      f'{default}: demonstrations that are loaded take it no more, give it '
      'where they are loaded'
    )
    key = f'load_demonstrations.{name}'
    check(value == default, source, key, repr(value), expected)


@gin.configurable(
  allowlist=[
    'num_episodes',
    'episode_seed',
    'max_transitions',
    'successful_only',
    'keys',
    'clip_actions',
    'accept_demos',
  ]
)
@checks.checked
def load_demonstrations(
  source: str | os.PathLike | Demonstrations,
  env: GymnasiumEnvironment,
  *,
  num_episodes: checks.Count | None = None,
  episode_seed: checks.CountOrZero | None = None,
  max_transitions: checks.Count | None = None,
  successful_only: bool = True,
  keys: Mapping[str, str] | None = None,
  clip_actions: bool = False,
  accept_demos: bool = False,
) -> Demonstrations:
  """Demonstrations of `source`, checked against the task.

  Args:
    source: FILE.npz; FILE.hdf5 or FILE.h5 of D4RL's layout, or of a group an
      episode as robomimic's; FILE.csv with a header; d4rl:NAME; minari:ID;
      embedded:TASK; or demonstrations that were loaded before, to take some
      of: keys, clip_actions, accept_demos and successful_only are not for them.
    env: the task's, without a trembling hand. Demonstrations of another task
      are an error, those of another version of it, or of an environment that
      was made with other keywords, a warning; some rows are replayed in it
      (`agreement`). Those of a maze must be in its frame, and each ends at its
      goal.
    num_episodes: use so many episodes, of those that `successful_only` leaves;
      None uses all. --num_demos is short for it.
    episode_seed: draws these episodes, without replacement; they stay in their
      order. None: the first ones.
    max_transitions: of those, use the first so many rows; None uses all.
    successful_only: drop a maze's trajectories that don't reach their goal.
    keys: what the file's keys are, {'observations': 'obs', ...}; 'x+v' puts two
      next to each other. None for ours, and layouts that are known.
    clip_actions: to the environment's range, if some lie beyond it; by how much
      is said.
    accept_demos: go on, with a warning, where they contradict themselves or the
      environment.

  Returns:
    Demonstrations of N rows, actions in +-(1 - 1e-6).

  Raises:
    FileNotFoundError: no such file, or data set; says where to put it.
    DemonstrationError: names the file, the key, what was found and what
      expected.
  """
  source = given(source)
  sizes = env.observation_spec().shape[0], len(env.action_low)
  if isinstance(source, Demonstrations):
    found = source.sizes
    check(found == sizes, source.source, 'sizes (O, A)', found, sizes)
    _check_unused(
      source.source,
      keys=(keys or None, None),
      clip_actions=(clip_actions, False),
      accept_demos=(accept_demos, False),
      successful_only=(successful_only, True),
    )
    return take(source, num_episodes, episode_seed, max_transitions)
  raw = read(source, env.env_id, sizes[0], keys)
  select = env.maze and functools.partial(
    maze_trajectories.select, maze=env.maze, successful_only=successful_only
  )
  agreement.check_wrappers(raw, env, accept_demos)
  demos = to_demonstrations(
    raw,
    env,
    select=select,
    clip_actions=clip_actions,
    accept_demos=accept_demos,
  )
  if not source.startswith('embedded:'):
    agreement.check(demos, env, accept_demos)
  return take(demos, num_episodes, episode_seed, max_transitions)
