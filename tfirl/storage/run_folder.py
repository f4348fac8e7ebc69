"""The folder of one run: ROOT/TASK/METHOD/SEED/.

METHOD is the algorithm's name, or ALGORITHM-nK if it is shown K demonstrated
episodes only (`few_demos.method`).

Holds the config, metadata, metrics, checkpoints, policy and videos. Opening
it again resumes the run, unless its config has changed since.
"""

import contextlib
import datetime
import fcntl
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gin

from tfirl.config import gin_bindings
from tfirl.storage import atomic_file

_PACKAGES = (
  'tensorflow',
  'tf-agents',
  'dm-reverb',
  'tensorflow-probability',
  'gin-config',
  'numpy',
  'gymnasium',
  'mujoco',
  'gymnasium-robotics',
  'minari',
)

# In a run's folder when there is nothing left to do.
COMPLETE_FILE = 'complete.json'


class RunFolderError(RuntimeError):
  """The run folder is in use, or belongs to another config."""


class RunFolder:
  """Paths of one run, its saved config and its lock.

  Use it as a context manager, or call `close` to give the lock back; a killed
  process gives it back too.

  Attributes:
    path: ROOT/TASK/METHOD/SEED.
    checkpoints, policy, videos: folders in it, made by who writes them.
    resumed: Whether an earlier process had opened the folder.
  """

  def __init__(
    self,
    root: str | os.PathLike,
    task: str,
    method: str,
    seed: int,
    demos: str | None = None,
  ):
    """Opens the folder, making it if needed, and saves gin's config there.

    Args:
      root: The folder of all runs.
      task: The task's name, such as `hopper`.
      method: The method's name, such as `hype` or `hype-n4`.
      seed: The run's seed.
      demos: What --demos named, None for the task's own demonstrations.

    Raises:
      RunFolderError: another process is using the folder, or it was made with
        another config or other demonstrations; names each changed binding.
    """
    self.path = Path(root) / task / method / str(seed)
    self.checkpoints = self.path / 'checkpoints'
    self.policy = self.path / 'policy'
    self.videos = self.path / 'videos'
    self.path.mkdir(parents=True, exist_ok=True)
    self._lock_file = _lock(self.path)
    try:
      self.resumed = self._open(seed, demos)
    except BaseException:
      self.close()
      raise

  def __enter__(self) -> 'RunFolder':
    return self

  def __exit__(self, *unused_exception) -> None:
    self.close()

  def close(self) -> None:
    """Gives the lock back. The folder must not be written to after that."""
    self._lock_file.close()

  def forget_config(self) -> None:
    """Lets the next launch have another config: there is nothing to resume."""
    (self.path / 'config.gin').unlink(missing_ok=True)

  def write_operative_config(self) -> None:
    """Saves what gin's configurables have been called with up to now."""
    atomic_file.write_text(
      self.path / 'operative_config.gin', gin.operative_config_str()
    )

  def record(self, **facts: Any) -> None:
    """Adds `facts`, JSON-able, to metadata.json; resuming keeps them.

    Raises RunFolderError if metadata.json is missing or damaged.
    """
    self._write_metadata({**_read_json(self._metadata_json), **facts})

  def recorded(self, name: str) -> Any:
    """A fact that `record` was given, by whichever launch; None if none.

    Raises RunFolderError as `record`.
    """
    return _read_json(self._metadata_json).get(name)

  def mark_complete(self, steps: int) -> None:
    """Says that the run has used up its budget and left all its results.

    An exit code does not: a stopped run ends with 0 as well.
    """
    complete = self.path / COMPLETE_FILE
    if not complete.exists():
      atomic_file.write_text(complete, json.dumps({'steps': steps}) + '\n')

  def _open(self, seed: int, demos: str | None) -> bool:
    config = self.path / 'config.gin'
    resumed = config.exists()
    metadata = {}
    if resumed:
      metadata = _read_json(self._metadata_json)
      self._check_unchanged(config, metadata.get('demos'), demos)
    launches = [*metadata.get('launches', []), _describe_launch()]
    self._write_metadata(
      {**metadata, 'seed': seed, 'demos': demos, 'launches': launches}
    )
    if not resumed:  # last: its presence says that the metadata is there
      atomic_file.write_text(config, gin.config_str())
    return resumed

  @property
  def _metadata_json(self) -> Path:
    return self.path / 'metadata.json'

  def _write_metadata(self, metadata: Mapping[str, Any]) -> None:
    text = json.dumps(metadata, indent=2)
    atomic_file.write_text(self._metadata_json, text + '\n')

  def _check_unchanged(
    self, config: Path, old_demos: str | None, demos: str | None
  ) -> None:
    changes = gin_bindings.diff(config)
    if old_demos != demos:
      changes.append(f'--demos: was {old_demos}, is {demos}')
    if changes:
      raise RunFolderError(
        f'{self.path} holds a run of another config; resume with the old one, '
        'give another --root_dir or remove the folder:\n  '
        + '\n  '.join(changes)
      )


def _lock(folder: Path):
  """Takes the folder's lock; the kernel drops it when the process ends."""
  file = open(folder / '.lock', 'a+')
  try:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
  except BlockingIOError as error:
    file.seek(0)
    owner = file.read().strip() or 'unknown'
    file.close()
    raise RunFolderError(
      f'{folder} is in use by another process ({owner})'
    ) from error
  file.truncate(0)
  file.write(f'pid {os.getpid()} on {platform.node()}')
  file.flush()
  return file


def _read_json(path: Path) -> Mapping[str, Any]:
  try:
    return json.loads(path.read_text())
  except (OSError, ValueError) as error:
    raise RunFolderError(
      f'{path} is missing or damaged ({error}); expected the JSON object that '
      'a launch writes'
    ) from error


def _describe_launch() -> dict[str, Any]:
  now = datetime.datetime.now(datetime.UTC)
  return {
    'time': now.isoformat(timespec='seconds'),
    'command': sys.argv,
    'host': platform.node(),
    'python': platform.python_version(),
    'git_commit': _git_commit(),
    'versions': _versions(),
  }


def _versions() -> dict[str, str]:
  versions = {}
  for package in _PACKAGES:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
      versions[package] = importlib.metadata.version(package)
  return versions


def _git_commit() -> str | None:
  """The source's commit, `-dirty` if it was changed; None in a wheel."""
  checkout = Path(__file__).resolve().parents[2]
  if not (checkout / '.git').exists():
    return None  # a wheel; the commit of a repository around it says nothing
  command = ['git', 'describe', '--always', '--dirty', '--abbrev=40']
  with contextlib.suppress(OSError, subprocess.SubprocessError):
    return subprocess.run(
      [*command, '--exclude=*'],
      cwd=checkout,
      capture_output=True,
      check=True,
      text=True,
      timeout=10,
    ).stdout.strip()
  return None
