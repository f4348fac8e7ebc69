"""Minari data sets, read and written in Minari's own cache.

The cache is MINARI_DATASETS_PATH, else ~/.minari/datasets. Nothing is
downloaded here: `minari download ID` does that.
"""

import functools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

import gymnasium
import minari
import numpy as np
from minari.data_collector import EpisodeBuffer
from minari.dataset.minari_dataset import parse_dataset_id
from minari.dataset.minari_storage import MinariStorage
from minari.namespace import create_namespace, list_local_namespaces
from minari.storage.datasets_root_dir import get_dataset_path

from tfirl.demos.checking import check, to_flags
from tfirl.demos.formats import facts, rows
from tfirl.demos.formats.containers import files, rehearsal
from tfirl.demos.formats.minari import minari_folder
from tfirl.demos.raw import RawDemonstrations

_STATES = ('qpos', 'qvel')
_EXPECTED = f'a data set that Minari {minari.__version__} reads'
# Where we note what Minari has no field for.
_NOTES = 'tfirl'


def _folder(dataset_id: str, source: str) -> str:
  """Where the local cache has the data set."""
  with files.reading(source, 'the name of a Minari data set'):
    folder = str(get_dataset_path(dataset_id))
  if not os.path.isdir(folder):
    raise FileNotFoundError(
      f'{source}: found nothing at {folder}; expected a Minari data set there: '
      f'run `minari download {dataset_id}`, or set MINARI_DATASETS_PATH to the '
      'folder that holds it'
    )
  return folder


def _flatten(source: str, observations: Any, size: int) -> np.ndarray:
  """Observations [T + 1, .] of a dict: (x-y,) observation, goal.

  The x-y (`achieved_goal`) comes first if that makes `size` numbers, or, of a
  `size` that is not known (0), unless `observation` begins with it; else it is
  part of `observation` already.
  """
  if not isinstance(observations, dict):
    return np.asarray(observations)
  wanted = ('achieved_goal', 'observation', 'desired_goal')
  missing = [key for key in wanted if key not in observations]
  found = ', '.join(sorted(observations))
  check(not missing, source, 'observations', found, ', '.join(wanted))
  parts = [np.asarray(observations[key]) for key in wanted]
  ok = all(part.ndim == 2 for part in parts)
  shapes = [part.shape for part in parts]
  check(ok, source, 'observations', f'shapes {shapes}', 'two axes each')
  if size:
    has_xy = sum(part.shape[1] for part in parts) != size
  else:
    xy, observation, _ = parts
    begin = observation[:, : xy.shape[1]]
    has_xy = begin.shape == xy.shape and np.allclose(begin, xy)
  if has_xy:
    parts = parts[1:]
  return np.concatenate(parts, axis=1)


def _columns_of(source: str, episode: minari.EpisodeData, size: int) -> dict:
  """One episode of T steps as columns [T, ...]."""
  name = f'{source}, episode {episode.id}'
  observations = _flatten(name, episode.observations, size)
  length = len(episode.rewards)
  check(length > 0, name, 'rewards', 'no steps', 'one or more')
  found, expected = len(observations), length + 1
  check(found == expected, name, 'observations', f'{found} rows', expected)
  truncations = to_flags(name, 'truncations', episode.truncations)
  columns = {
    'observations': observations[:-1],
    'next_observations': observations[1:],
    'actions': np.asarray(episode.actions),
    'rewards': np.asarray(episode.rewards),
    'terminals': to_flags(name, 'terminations', episode.terminations),
    'timeouts': truncations.copy(),
  }
  for key in (*_STATES, 'goal'):
    if key in (episode.infos or {}):
      columns[key] = np.asarray(episode.infos[key])[:length]
  if isinstance(episode.observations, dict):
    columns['goal'] = np.asarray(episode.observations['desired_goal'])[:-1]
  for key, values in columns.items():
    check(len(values) == length, name, key, f'{len(values)} rows', length)
  # An episode whose recording just stopped ends here all the same.
  columns['timeouts'][-1] |= not columns['terminals'][-1]
  return columns


def _read_episodes(
  dataset: minari.MinariDataset, source: str, size: int
) -> list[dict]:
  """Columns of each episode, its seed among them (-1 where none is noted)."""
  storage, indices = dataset.storage, dataset.episode_indices
  details = list(storage.get_episode_metadata(indices))
  episodes = [_columns_of(source, episode, size) for episode in dataset]
  for columns, detail in zip(episodes, details, strict=True):
    seed = detail.get('seed')
    length = len(columns['rewards'])
    columns['seed'] = np.full(length, -1 if seed is None else seed, np.int64)
  return episodes


def read_minari(
  dataset_id: str, observation_size: int, is_ours: bool = False
) -> RawDemonstrations:
  """Reads a data set of Minari's cache.

  Args:
    dataset_id: such as 'mujoco/hopper/expert-v0'.
    observation_size: O; says how a maze's dict observations are flattened.
    is_ours: it was written here, and need not be looked at for harm: seconds,
      where there are thousands of arrays.

  Raises FileNotFoundError if it isn't there (saying how to get it), or
  ValueError naming data set, episode, key, found and expected.
  """
  source = f'minari:{dataset_id}'
  folder = _folder(dataset_id, source)
  read = functools.partial(_read, dataset_id, source, observation_size)
  if not is_ours:
    minari_folder.check_metadata(source, folder)
    check_numbers = functools.partial(minari_folder.check_numbers, folder)
    size = os.path.getsize(minari_folder.numbers_path(folder))
    rehearsal.rehearse(source, size, lambda: (check_numbers(), read()))
    check_numbers()
  return read()


def _read(dataset_id: str, source: str, size: int) -> RawDemonstrations:
  """What Minari finds in its cache."""
  with files.reading(source, _EXPECTED):
    dataset = minari.load_dataset(dataset_id)
    check(len(dataset) > 0, source, 'episodes', 'none', 'one or more')
    episodes = _read_episodes(dataset, source, size)
    return _with_metadata(source, dataset, rows.join(source, episodes))


def _with_metadata(
  source: str, dataset: minari.MinariDataset, columns: dict[str, np.ndarray]
) -> RawDemonstrations:
  """Columns of all episodes, and what the data set says of them."""
  metadata = dataset.storage.metadata
  notes = json.loads(metadata.get(_NOTES, '{}'))
  spec = dataset.env_spec
  kwargs = None
  if spec:
    kwargs = {k: v for k, v in spec.kwargs.items() if k != 'render_mode'}
  return RawDemonstrations(
    source=source,
    columns=columns,
    env_id=spec.id if spec else '',
    env_kwargs=kwargs,
    versions={
      **notes.get('versions', {}),
      'minari': metadata['minari_version'],
    },
    wrappers=facts.wrappers_of(spec),
  )


def exists(dataset_id: str) -> bool:
  """Whether Minari's cache holds the data set."""
  return os.path.isdir(os.path.join(get_dataset_path(dataset_id), 'data'))


def _episodes(raw: RawDemonstrations) -> Iterator[EpisodeBuffer]:
  """Minari's form of each episode; the state after its end isn't recorded."""
  columns = raw.columns
  start = 0
  for index, end in enumerate(raw.episode_ends):
    rows = slice(start, end)
    seed = int(columns['seed'][start]) if 'seed' in columns else -1
    last = columns['next_observations'][end - 1 : end]
    yield EpisodeBuffer(
      id=index,
      seed=None if seed < 0 else seed,
      observations=np.concatenate([columns['observations'][rows], last]),
      actions=columns['actions'][rows],
      rewards=columns['rewards'][rows],
      terminations=columns['terminals'][rows],
      truncations=columns['timeouts'][rows],
      infos={
        key: columns[key][rows] for key in (*_STATES, 'goal') if key in columns
      },
    )
    start = end


def _write(
  raw: RawDemonstrations,
  dataset_id: str,
  folder: str,
  env: gymnasium.Env,
) -> None:
  """Writes the data set's files into `folder`."""
  storage = MinariStorage.new(
    os.path.join(folder, 'data'),
    observation_space=env.observation_space,
    action_space=env.action_space,
    env_spec=env.spec,
  )
  storage.update_metadata(
    {
      'dataset_id': dataset_id,
      'minari_version': minari.__version__,
      'algorithm_name': 'tfirl',  # Minari lists it
      _NOTES: json.dumps({'versions': dict(raw.versions)}),
    }
  )
  storage.update_episodes(_episodes(raw))


def check_new(dataset_id: str) -> tuple[str | None, str]:
  """Namespace and folder of a data set that the cache has not.

  Raises:
    FileExistsError: the cache has it.
    DemonstrationError: `dataset_id` isn't of Minari's form.
  """
  source = f'minari:{dataset_id}'
  try:
    namespace = parse_dataset_id(dataset_id)[0]
  except (ValueError, TypeError):  # the latter where no version is given
    check(False, source, 'name', repr(dataset_id), '(NAMESPACE/)NAME-vN')
  folder = str(get_dataset_path(dataset_id))
  if os.path.exists(folder):
    raise FileExistsError(_there_already(dataset_id, folder))
  return namespace, folder


def _there_already(dataset_id: str, folder: str) -> str:
  return (
    f'minari:{dataset_id}: found {folder}; expected none: choose another name, '
    f'or run `minari delete {dataset_id}`'
  )


def write_minari(
  raw: RawDemonstrations,
  dataset_id: str,
  env: gymnasium.Env,
) -> None:
  """Writes `raw` as data set `dataset_id`, which appears once it is whole.

  Args:
    raw: with `rewards`.
    dataset_id: (namespace/)name-vN.
    env: the environment it was collected in: its spec and its spaces.

  Raises:
    FileExistsError: the cache has such a data set.
    ValueError: `dataset_id` isn't of Minari's form, or no rewards.
  """
  source = f'minari:{dataset_id}'
  check('rewards' in raw.columns, source, 'rewards', 'none', 'one a row')
  namespace, folder = check_new(dataset_id)
  # A hidden folder beside it: Minari's listings skip it.
  parent = os.path.dirname(folder)
  os.makedirs(parent, exist_ok=True)
  temporary = tempfile.mkdtemp(prefix='.tmp-', dir=parent)
  try:
    _write(raw, dataset_id, temporary, env)
    os.chmod(temporary, 0o755)  # mkdtemp makes folders for the owner alone
    os.rename(temporary, folder)
  except BaseException as error:
    shutil.rmtree(temporary, ignore_errors=True)
    if isinstance(error, OSError) and os.path.exists(folder):
      raise FileExistsError(_there_already(dataset_id, folder)) from error
    raise
  if namespace is not None and namespace not in list_local_namespaces():
    create_namespace(namespace)
