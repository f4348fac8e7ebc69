"""Experts that come with tfirl: small ones, rolled out on first use.

An expert is a file of this folder. TASK.npz is a policy as a run leaves it
(`policy_file`), whose metadata say task, env_id, env_kwargs, how it was trained
and what it returns (`runs.embed_expert`). TASK.json is a robot's way through a
maze: the same metadata, and `controller`: the gains of a
`waypoints.PointController`, or, of an `ant_controller.AntController`, the file
of its actor and its noise. `num_episodes` of the metadata says how many are
rolled out.
"""

import contextlib
import hashlib
import io
import json
import logging
import os
from collections.abc import Mapping
from typing import Any

import minari

from tfirl import acting
from tfirl import tasks as tasks_lib
from tfirl.demos import rollouts
from tfirl.demos.border import RawDemonstrations
from tfirl.demos.checking import check, require_keys
from tfirl.demos.experts import controllers
from tfirl.demos.formats.minari import minari_reader
from tfirl.storage import policy_file

_FOLDER = os.path.join(os.path.dirname(__file__), 'weights')
_NUM_EPISODES, _SEED = 64, 0  # the seed is of the first attempt
_METADATA_KEYS = ('task', 'env_id', 'env_kwargs')
_SUFFIXES = ('.npz', '.json')


def tasks() -> list[str]:
  """Tasks that an expert ships for."""
  names = map(os.path.splitext, sorted(os.listdir(_FOLDER)))
  return [name for name, suffix in names if suffix in _SUFFIXES]


def weights_path(task: str) -> str:
  """Where the expert of a task is whose weights ship, or would be."""
  return os.path.join(_FOLDER, f'{task}.npz')


def _path(task_or_path: str) -> str:
  if task_or_path.endswith(_SUFFIXES):
    return task_or_path
  for suffix in _SUFFIXES:
    path = os.path.join(_FOLDER, task_or_path + suffix)
    if os.path.exists(path):
      return path
  raise ValueError(
    f'embedded:{task_or_path}: found no such expert; expected one of those '
    f'that ship ({", ".join(tasks()) or "none yet"}), or demonstrations given '
    'by --demos'
  )


def metadata(task_or_path: str) -> dict[str, Any]:
  """What is known of an expert: task, env_id, env_kwargs and the rest."""
  path = _path(task_or_path)
  if path.endswith('.json'):
    found = _read_json(path)
  else:
    found = dict(policy_file.load(path).metadata)
  require_keys(f'{path}, metadata', list(found), _METADATA_KEYS)
  return found


def _read_json(path: str) -> dict[str, Any]:
  with open(path) as file:
    text = file.read()
  try:
    found = json.loads(text)
  except json.JSONDecodeError:
    found = None
  check(isinstance(found, dict), path, 'metadata', text, 'a JSON object')
  return found


def policy(task_or_path: str) -> rollouts.Policy:
  """The expert of a task, or of a file like those of this folder.

  Raises FileNotFoundError, or ValueError naming file, key and what is wrong.
  """
  path = _path(task_or_path)
  if path.endswith('.json'):
    return _controller(path)
  return policy_file.load(path).unit_policy


def _controller(path: str) -> rollouts.Policy:
  details = metadata(path)
  actor = controllers.actor_path(path, details)
  if actor is None:
    return controllers.point_controller(path, details)
  return controllers.ant_controller(
    path, details, policy_file.load(actor).unit_policy
  )


def _digest(path: str, details: Mapping[str, Any], environment: str) -> str:
  """Tells one expert's file from another's, with its actor's, and where it
  acts: gin may bind a maze's cells; and what its noise is drawn by.
  """
  digest = hashlib.sha256(environment.encode())
  if _is_noisy(details):
    digest.update(bytes([acting.EPISODE_STREAM]))
  for part in filter(None, (path, controllers.actor_path(path, details))):
    with open(part, 'rb') as file:
      digest.update(file.read())
  return digest.hexdigest()[:16]


def _is_noisy(details: Mapping[str, Any]) -> bool:
  return bool(details.get('controller', {}).get('noise'))


def _read_cached(
  dataset_id: str, observation_size: int, digest: str
) -> RawDemonstrations | None:
  """The cached rollouts; None if there are none, or another expert's."""
  try:
    if not minari_reader.exists(dataset_id):
      return None
  except OSError as error:
    logging.warning('no cache of demonstrations: %s', error)
    return None
  raw = minari_reader.read_minari(dataset_id, observation_size, is_ours=True)
  if raw.versions.get('policy') == digest:
    return raw
  logging.warning(
    '%s: of another expert or environment; rolling out anew', dataset_id
  )
  # Minari prints what it deletes; another process may have been faster.
  quiet = contextlib.redirect_stdout(io.StringIO())
  with contextlib.suppress(FileNotFoundError), quiet:
    minari.delete_dataset(dataset_id)
  return None


def demonstrations(
  task_or_path: str,
  observation_size: int,
  num_episodes: int | None = None,
) -> RawDemonstrations:
  """Whole episodes of an expert, rolled out if Minari has none cached.

  The cached data set is `tfirl/TASK/expert-v0`.

  Args:
    task_or_path: a task of `tasks()`, or an expert's file.
    observation_size: O.
    num_episodes: how many to roll out; None for what the metadata says, or 64.
      A cached data set is used as it is.

  Raises ValueError, also if too few episodes last the full length (in a maze:
  reach the goal).
  """
  details = metadata(task_or_path)
  dataset_id = f'tfirl/{details["task"]}/expert-v0'
  with tasks_lib.make_env(
    details['env_id'], details['env_kwargs'], seed=_SEED
  ) as env:
    path = _path(task_or_path)
    digest = _digest(path, details, env.gym.spec.to_json())
    cached = _read_cached(dataset_id, observation_size, digest)
    if cached is not None:
      return cached
    num_episodes = num_episodes or details.get('num_episodes', _NUM_EPISODES)
    logging.info('%s: rolling out %d episodes', dataset_id, num_episodes)
    expert = policy(path)
    raw = rollouts.record(
      env, expert, num_episodes, _SEED, stochastic=_is_noisy(details)
    )
    raw.versions = {**raw.versions, 'policy': digest}
    return _cache(raw, dataset_id, env)


def _cache(raw: RawDemonstrations, dataset_id: str, env) -> RawDemonstrations:
  """Writes `raw`. Returns it as the cache has it, or itself if it has not."""
  try:
    minari_reader.write_minari(raw, dataset_id, env.gym)
  except FileExistsError:
    logging.info('%s: another process was faster', dataset_id)
  except OSError as error:
    logging.warning(
      '%s can not be cached (%s); MINARI_DATASETS_PATH says where',
      dataset_id,
      error,
    )
    return raw
  size = raw.columns['observations'].shape[1]
  return minari_reader.read_minari(dataset_id, size, is_ours=True)
