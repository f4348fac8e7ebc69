"""Where D4RL's data sets lie: its cache folder, else its server."""

import logging
import os
import re
import shutil
import tempfile
import urllib.error
import urllib.request

_SERVER = 'http://rail.eecs.berkeley.edu/datasets/offline_rl'
_TIMEOUT_S = 30.0

# First part of a name -> base name of the Gymnasium environment.
_TASKS = {
  'hopper': 'Hopper',
  'walker2d': 'Walker2d',
  'halfcheetah': 'HalfCheetah',
  'ant': 'Ant',
  'antmaze': 'AntMaze',
  'maze2d': 'PointMaze',
}
_LOCOMOTION = re.compile(
  r'(hopper|walker2d|halfcheetah|ant)-'
  r'(random|medium|expert|medium-replay|full-replay|medium-expert)-v([012])'
)
_ANTMAZE = re.compile(r'antmaze-(umaze|medium|large)(-play|-diverse)?-v([02])')
_MAZE2D = re.compile(r'maze2d-(eval-)?(umaze|medium|large)(-dense)?-v1')
_ANTMAZE_SIZES = {'umaze': 'u', 'medium': 'big', 'large': 'hardest'}


def _locomotion_path(task: str, kind: str, version: str) -> str:
  if version != '0':
    file = f'{task}_{kind.replace("-", "_")}-v{version}.hdf5'
    return f'gym_mujoco_v{version}/{file}'
  if kind == 'medium-replay':
    # So D4RL's own table has it, 'walker' and all.
    return f'gym_mujoco/{task.removesuffix("2d")}_mixed.hdf5'
  return f'gym_mujoco/{task}_{kind.replace("-", "_")}.hdf5'


def _antmaze_path(size: str, kind: str, version: str) -> str:
  folder, suffix = {'0': ('ant_maze_new', ''), '2': ('ant_maze_v2', '_fixed')}[
    version
  ]
  return (
    f'{folder}/Ant_maze_{_ANTMAZE_SIZES[size]}-maze_noisy'
    f'_multistart_{kind != "" or size != "umaze"}'
    f'_multigoal_{kind == "-diverse"}_sparse{suffix}.hdf5'
  )


def dataset_url(name: str) -> str:
  """URL of a D4RL data set such as 'hopper-expert-v2'.

  Raises ValueError for a name that D4RL doesn't have.
  """
  if match := _LOCOMOTION.fullmatch(name):
    return f'{_SERVER}/{_locomotion_path(*match.groups())}'
  if match := _ANTMAZE.fullmatch(name):
    size, kind, version = match.groups(default='')
    if (size == 'umaze') == (kind != '-play') or kind == '-diverse':
      return f'{_SERVER}/{_antmaze_path(size, kind, version)}'
  if match := _MAZE2D.fullmatch(name):
    eval_part, size, dense = match.groups(default='')
    dense = dense or '-sparse'
    return f'{_SERVER}/maze2d/maze2d-{eval_part}{size}{dense}-v1.hdf5'
  raise ValueError(
    f'd4rl:{name}: found no such D4RL data set; expected a name such as '
    'hopper-expert-v2, antmaze-large-diverse-v2 or maze2d-large-v1'
  )


def base_env_id(name: str) -> str:
  """Base name of the Gymnasium environment, 'Hopper' of 'hopper-expert-v2'."""
  return _TASKS[name.partition('-')[0]]


def base_of(env_id: str) -> str:
  """The like of an id: 'AntMaze' of 'tfirl/AntMaze_Large_D4RL-v0'."""
  name = env_id.rpartition('/')[2].rpartition('-v')[0]
  return name.partition('_')[0]


def cache_folder() -> str:
  """D4RL's own folder: D4RL_DATASET_DIR, else ~/.d4rl/datasets."""
  default = os.path.join('~', '.d4rl', 'datasets')
  return os.path.expanduser(os.environ.get('D4RL_DATASET_DIR') or default)


def _download(url: str, path: str) -> None:
  """Fetches `url` into `path`, which appears only once it is whole."""
  os.makedirs(os.path.dirname(path), exist_ok=True)
  handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
  try:
    with (
      os.fdopen(handle, 'wb') as file,
      urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response,
    ):
      shutil.copyfileobj(response, file)
      expected = response.headers.get('Content-Length')
      found = file.tell()
    if expected is not None and found != int(expected):
      raise OSError(f'the transfer stopped at {found} of {expected} bytes')
    os.chmod(temporary, 0o644)  # mkstemp makes files for the owner alone
    os.replace(temporary, path)
  except BaseException:
    os.unlink(temporary)
    raise


def find(name: str) -> str:
  """Path of data set `name` in D4RL's cache folder; downloads it if absent.

  Raises:
    ValueError: D4RL has no such data set.
    FileNotFoundError: not there and not to be had; says where to put it.
  """
  url = dataset_url(name)
  path = os.path.join(cache_folder(), os.path.basename(url))
  if os.path.exists(path):
    return path
  logging.info('d4rl:%s: downloading %s to %s', name, url, path)
  try:
    _download(url, path)
  except (urllib.error.URLError, OSError) as error:
    raise FileNotFoundError(
      f'd4rl:{name}: found neither {path} nor could {url} be downloaded '
      f'({error}); expected the file there: fetch it by hand and put it at '
      f'{path}, or set D4RL_DATASET_DIR to the folder that holds it'
    ) from error
  return path
