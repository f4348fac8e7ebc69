"""The folder of one run: ROOT/TASK/METHOD/SEED/.

METHOD is the algorithm's name, or ALGORITHM-nK if it is shown K demonstrated
episodes only (`demo_bindings.method`).

Holds the config, metadata, metrics, checkpoints, policy and videos. Opening
it again resumes the run, unless its config has changed since. A folder may be
moved: nothing in it says where it is.
"""

import contextlib
import datetime
import importlib.metadata
import json
import logging
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gin

from tfirl.config import gin_bindings
from tfirl.machine import closing
from tfirl.storage import (
  atomic_file,
  checkpoint_folders,
  file_lock,
  kept_config,
  last_policy,
  metadata_file,
  run_files,
)
from tfirl.storage.kept_config import RunFolderError

_PACKAGES = (
  'tfirl',
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

_DEMOS = '--demos'


class RunFolder:
  """Paths of one run, its saved config and its lock.

  Use it as a context manager, or call `close` to give the lock back; a killed
  process gives it back too.

  Attributes:
    path: ROOT/TASK/METHOD/SEED.
    checkpoints, videos: folders in it, made by who writes them.
    allow_changes: As it was given.
    resumed: Whether an earlier process had opened the folder.
  """

  def __init__(
    self,
    root: str | os.PathLike,
    task: str,
    method: str,
    seed: int,
    demos: str | None = None,
    allow_changes: bool = False,
  ):
    """Opens the folder, making it if needed, and saves gin's config there.

    Args:
      root: The folder of all runs.
      task: The task's name, such as `hopper`.
      method: The method's name, such as `hype` or `hype-n4`.
      seed: The run's seed.
      demos: What --demos named, None for the task's own demonstrations.
      allow_changes: May go on with another config or other demonstrations, see
        `go_on`; metadata.json then says which bindings changed.

    Raises:
      RunFolderError: another process is using the folder; it was made with
        another config or other demonstrations (names each changed binding;
        a larger budget and what changes nothing that is learned may change);
        or its config.gin was edited, or is lost.
    """
    self.path = Path(root) / task / method / str(seed)
    self.checkpoints = self.path / run_files.CHECKPOINTS
    self.videos = self.path / run_files.VIDEOS
    self.allow_changes = allow_changes
    self.path.mkdir(parents=True, exist_ok=True)
    self._lock_file = _lock(self.path)
    with closing.on_error(self):
      self.resumed = self._open(seed, demos)

  def __enter__(self) -> 'RunFolder':
    return self

  def __exit__(self, *unused_exception) -> None:
    self.close()

  def close(self) -> None:
    """Gives the lock back. The folder must not be written to after that."""
    self._lock_file.close()

  @property
  def has_trained(self) -> bool:
    """Whether the run has had a checkpoint, be it there or not."""
    if (self.path / run_files.COMPLETE).exists():
      return True
    return bool(_read_metadata_file(self._metadata_json).get('has_checkpoint'))

  def checkpoint_to_go_on_from(self) -> Path | None:
    """The newest sound checkpoint; None if the run is new.

    Later ones that are damaged are renamed, and it is said.

    Raises:
      CheckpointError: all of them are damaged.
      RunFolderError: the run has been trained, and they are gone.
    """
    sound, damaged = checkpoint_folders.newest_sound(self.checkpoints)
    for path, wrong in damaged.items():
      aside = checkpoint_folders.set_aside(path)
      logging.warning(
        '%s is damaged: %s. Goes on from %s; the damaged one is %s now',
        *(path, wrong, sound, aside),
      )
    if sound is None and self.has_trained:
      raise RunFolderError(
        f'{self.path} has been trained, and its checkpoints are gone; '
        f'expected {self.checkpoints / "STEP"}. Put them back; or, to train '
        'anew, remove the folder or give another --root_dir'
      )
    return sound

  def keep_config(self, checkpoint: Path) -> None:
    """Copies the config into a new checkpoint."""
    kept_config.copy_into(checkpoint, self._config)

  def note_checkpoint(self) -> None:
    """Says that there has been a checkpoint, for those that may get lost."""
    if not self._has_noted:
      self.record(has_checkpoint=True)
      self._has_noted = True

  def forget_config(self) -> None:
    """Lets the next launch have another config, if nothing is to resume."""
    if not self.has_trained and not checkpoint_folders.found(self.checkpoints):
      (self.path / run_files.CONFIG).unlink(missing_ok=True)

  def write_operative_config(self) -> None:
    """Saves what gin's configurables have been called with up to now."""
    atomic_file.write_text(
      self.path / run_files.OPERATIVE_CONFIG, gin.operative_config_str()
    )

  def record(self, **facts: Any) -> None:
    """Adds `facts`, JSON-able, to metadata.json; resuming keeps them.

    Raises RunFolderError if metadata.json is missing or damaged.
    """
    self._write_metadata({**_read_metadata_file(self._metadata_json), **facts})

  def recorded(self, name: str) -> Any:
    """A fact that `record` was given, by whichever launch; None if none.

    Raises RunFolderError as `record`.
    """
    return _read_metadata_file(self._metadata_json).get(name)

  def mark_complete(self, steps: int) -> None:
    """Says that the run has used up its budget and left all its results.

    An exit code does not: a stopped run ends with 0 as well.
    """
    complete = self.path / run_files.COMPLETE
    if not complete.exists():
      atomic_file.write_text(complete, json.dumps({'steps': steps}) + '\n')

  def go_on(self, **facts: Any) -> None:
    """What this launch has changed is the run's own from now on, and so are
    `facts`, as of `record`; a larger budget takes `mark_complete` back, and
    what was seen of the policy that was the last.

    Until then the folder says what was trained with: a launch that can't go on
    changes nothing.
    """
    config_gin = self.path / run_files.CONFIG
    self.record(**self._changed, **facts)
    if self._changed:
      atomic_file.write_text(config_gin, self._config)
    for name in (run_files.COMPLETE, last_policy.NAME):
      (self.path / name).unlink(missing_ok=True)

  def _open(self, seed: int, demos: str | None) -> bool:
    atomic_file.remove_leftovers(self.path)
    metadata = self._read_metadata()
    saved = kept_config.read(self.path, metadata, not self._has_begun(metadata))
    changes = [] if saved is None else self._changes(saved, metadata, demos)
    if changes and not self.allow_changes:
      self._check_may_change(saved, changes)
    is_kept = saved is not None and not changes
    self._config = saved if is_kept else gin.config_str()
    self._has_noted = bool(metadata.get('has_checkpoint'))
    launches, launch = metadata.get('launches', []), _describe_launch()
    own = {
      **kept_config.source_of_demos(demos),
      'config_sha256': kept_config.digest(self._config),
    }
    self._changed = {}  # what `go_on` will write
    if changes:
      told = {**launch, 'changes': changes}
      self._changed, own = {**own, 'launches': [*launches, told]}, {}
    facts = {'seed': seed, 'launches': [*launches, launch]}
    self._write_metadata({**metadata, **facts, **own})
    if saved is None:  # last: its presence says that the metadata is there
      atomic_file.write_text(self.path / run_files.CONFIG, self._config)
    return saved is not None

  def _read_metadata(self) -> Mapping[str, Any]:
    """{} in a new folder."""
    is_new = not (self.path / run_files.CONFIG).exists()
    if is_new and not self._metadata_json.exists():
      return {}
    return _read_metadata_file(self._metadata_json)

  def _has_begun(self, metadata: Mapping[str, Any]) -> bool:
    return bool(
      metadata.get('has_checkpoint')
      or (self.path / run_files.COMPLETE).exists()
      or checkpoint_folders.found(self.checkpoints)
    )

  @property
  def _metadata_json(self) -> Path:
    return self.path / metadata_file.NAME

  def _write_metadata(self, metadata: Mapping[str, Any]) -> None:
    text = json.dumps(metadata, indent=2)
    atomic_file.write_text(self._metadata_json, text + '\n')

  def _changes(
    self, saved: str, metadata: Mapping[str, Any], demos: str | None
  ) -> list[str]:
    """A line for each binding, and for --demos, that is not as it was."""
    changes = gin_bindings.diff(saved)
    if not kept_config.is_same_source(metadata, demos):
      changes.append(f'{_DEMOS}: was {metadata.get("demos")}, is {demos}')
    return changes

  def _check_may_change(self, saved: str, changes: Sequence[str]) -> None:
    names = [*kept_config.refused(gin_bindings.changed(saved)), _DEMOS]
    refused = [line for line in changes if line.split(': was ')[0] in names]
    if refused:
      raise RunFolderError(
        f'{self.path} holds a run of another config; resume with the old one, '
        'give another --root_dir, remove the folder, or go on from its '
        'checkpoint all the same with --allow_changes:\n  '
        + '\n  '.join(refused)
      )


def _lock(folder: Path):
  """Takes the folder's lock; the kernel drops it when the process ends."""
  file = open(folder / run_files.LOCK, 'a+')
  if not file_lock.take(file):
    file.seek(0)
    owner = file.read().strip() or 'unknown'
    file.close()
    raise RunFolderError(f'{folder} is in use by another process ({owner})')
  file.truncate(0)
  file.write(f'pid {os.getpid()} on {platform.node()}')
  file.flush()
  return file


def _read_metadata_file(path: Path) -> Mapping[str, Any]:
  try:
    return metadata_file.read(path)
  except ValueError as error:
    raise RunFolderError(str(error)) from error


def _describe_launch() -> dict[str, Any]:
  now = datetime.datetime.now(datetime.UTC)
  return {
    'time': now.isoformat(timespec='seconds'),
    'command': sys.argv,
    'host': platform.node(),
    'python': platform.python_version(),
    'git_commit': _git_commit(),
    'versions': versions(),
  }


def versions() -> dict[str, str]:
  """Of tfirl and what its results depend on."""
  found = {}
  for package in _PACKAGES:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
      found[package] = importlib.metadata.version(package)
  return found


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
