"""A run's config.gin: whether it is still the run's own, and what may change.

Each checkpoint has a copy of it, with its digest, so that a config.gin that was
removed or edited since is noticed.
"""

import hashlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfirl.config import gin_bindings, lasting, text_file
from tfirl.storage import atomic_file, checkpoint_folders, run_files


class RunFolderError(RuntimeError):
  """The run folder is in use, damaged, or belongs to another config."""


def digest(text: str) -> str:
  """What metadata.json keeps of a config."""
  return hashlib.sha256(text.encode()).hexdigest()


def read(run: Path, metadata: Mapping[str, Any], is_new: bool) -> str | None:
  """The config that the run in the folder `run` goes on with.

  Args:
    run: ROOT/TASK/METHOD/SEED.
    metadata: of metadata.json; {} without one.
    is_new: whether the run has never had a checkpoint.

  Returns:
    Its text, None if the folder holds no run yet. A config.gin that was
    removed is written again, from the newest checkpoint.

  Raises:
    RunFolderError: it was edited, is no text, or was removed and nothing has a
      copy.
  """
  path = run / run_files.CONFIG
  checkpoint, kept = _of_newest_checkpoint(run / run_files.CHECKPOINTS)
  if path.exists():
    known = [metadata.get('config_sha256'), kept and digest(kept)]
    try:
      text = text_file.read(path, 'the config that the run was trained with')
    except ValueError as error:
      raise RunFolderError(str(error)) from error
    if kept is not None and digest(text) not in known:
      _check_not_edited(path, checkpoint, kept)
    return text
  if kept is not None:
    logging.warning('%s was missing; it is as %s has it', path, checkpoint)
    atomic_file.write_text(path, kept)
    return kept
  if not is_new:
    raise RunFolderError(
      f'{path} is missing, and no checkpoint has a copy; expected the config '
      'that the run was trained with. Put it back, or remove the folder'
    )
  return None


def copy_into(checkpoint: Path, text: str) -> None:
  """Writes the copy of a new checkpoint."""
  (checkpoint / run_files.CONFIG).write_text(text)


def refused(changes: Mapping[str, tuple[str, str]]) -> list[str]:
  """The names of those changes that make it another run.

  Args:
    changes: what `gin_bindings.changed` gives.
  """
  return [name for name, change in changes.items() if not _may(name, *change)]


def source_of_demos(demos: str | None) -> dict[str, str | None]:
  """What metadata.json keeps of --demos: as it was given, and a file's path."""
  is_file = demos is not None and os.path.exists(demos)
  return {
    'demos': demos,
    'demos_path': os.path.realpath(demos) if is_file else None,
  }


def is_same_source(metadata: Mapping[str, Any], demos: str | None) -> bool:
  """Whether --demos is what it was, though perhaps spelled otherwise."""
  before = metadata.get('demos')
  if before == demos:
    return True
  if before is None or demos is None:
    return False
  path = metadata.get('demos_path') or os.path.realpath(before)
  return os.path.realpath(demos) == path


def _may(name: str, old: str, new: str) -> bool:
  if name in lasting.FREE:
    return True
  if name == 'run.most_steps' and new in ('None', 'not bound'):
    return True
  is_length = name in lasting.LENGTHS and old.isdecimal() and new.isdecimal()
  return is_length and int(new) > int(old)


def _of_newest_checkpoint(folder: Path) -> tuple[Path | None, str | None]:
  """The newest checkpoint with a sound copy, and the copy."""
  by_step = checkpoint_folders.found(folder)
  for step in sorted(by_step, reverse=True):
    text = checkpoint_folders.read_sound(by_step[step], run_files.CONFIG)
    if text is not None:
      return by_step[step], text
  return None, None


def _check_not_edited(path: Path, checkpoint: Path, kept: str) -> None:
  edits = gin_bindings.diff(kept, path)
  if edits:
    raise RunFolderError(
      f'{path} was edited since {checkpoint}; expected the config that the run '
      f'was trained with. Put {checkpoint / path.name} back in its place:\n  '
      + '\n  '.join(edits)
    )
