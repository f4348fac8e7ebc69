"""Checkpoints that are there whole or not at all.

A checkpoint is a folder named by its step. It is written under another name
and renamed when all of it is on disk, so a crash or a full disk never damages
the one before it.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfirl.storage import checkpoint_folders
from tfirl.storage.checkpoint_folders import REPLACED, CheckpointError, latest

_VARIABLES = 'variables'
_WRITING = 'tmp-'


class PythonState(tf.train.experimental.PythonState):
  """Puts JSON-able Python state (clocks, random generators) in a checkpoint.

  NumPy scalars become Python numbers and arrays lists; floats and integers of
  any size come back exactly.
  """

  def __init__(
    self, get_state: Callable[[], Any], set_state: Callable[[Any], None]
  ):
    """`get_state` is called at each save, `set_state` at each restore, when
    all variables have been restored.
    """
    super().__init__()
    self._get_state = get_state
    self._set_state = set_state
    self._read: str | None = None

  def serialize(self) -> str:
    """The state as JSON. Raises TypeError for what JSON can't hold."""
    return json.dumps(self._get_state(), default=_jsonable)

  def deserialize(self, string_value: str) -> None:
    """Keeps the state for `take_back`.

    TensorFlow calls this before it restores the variables, which `set_state`
    may want to look at.
    """
    self._read = string_value

  def take_back(self) -> None:
    """Hands what was read to `set_state`."""
    self._set_state(json.loads(self._read))


class Checkpoints:
  """Writes checkpoints FOLDER/STEP and keeps the latest few."""

  def __init__(
    self,
    folder: str | os.PathLike,
    trackables: Mapping[str, Any],
    save_hooks: Sequence[Callable[[Path], None]] = (),
    max_to_keep: int = 2,
  ):
    """Only one process at a time may write to `folder`.

    Args:
      folder: Made if it isn't there; leftovers of a killed save are removed.
      trackables: TensorFlow trackables by name, with all variables built.
      save_hooks: Called with the new checkpoint's folder, to write what is
        not TensorFlow's there (Reverb tables, say).
      max_to_keep: Checkpoints left after a save, the oldest go first.
    """
    self._folder = Path(folder)
    self._checkpoint = tf.train.Checkpoint(**trackables)
    self._python_states = [
      part for part in trackables.values() if isinstance(part, PythonState)
    ]
    self._save_hooks = tuple(save_hooks)
    self._max_to_keep = max_to_keep
    self._folder.mkdir(parents=True, exist_ok=True)
    self._remove_leftovers()

  def save(self, step: int) -> Path:
    """Writes checkpoint `step`, in place of an earlier one of that step.

    Returns: its folder.

    Raises:
      CheckpointError: it could not be written (a full disk, say). What was
        written of it is removed; the checkpoints before it stay as they were.
    """
    writing = self._folder / f'{_WRITING}{step}'
    try:
      writing.mkdir()
      self._checkpoint.write(str(writing / _VARIABLES))
      for save_hook in self._save_hooks:
        save_hook(writing)
      checkpoint_folders.write_manifest(writing)
      _flush_to_disk(writing)
      _move_into_place(writing, self._folder / str(step))
    except BaseException as error:
      free_bytes = shutil.disk_usage(self._folder).free
      shutil.rmtree(writing, ignore_errors=True)
      if not isinstance(error, Exception):
        raise  # Ctrl-C
      raise CheckpointError(
        self._failure_text(step, error, free_bytes)
      ) from error
    self._prune()
    return self._folder / str(step)

  def restore(self, path: str | os.PathLike) -> None:
    """Reads a checkpoint's variables and Python state into the trackables.

    Raises:
      CheckpointError: it is damaged, or holds more or less than they do.
    """
    try:
      status = self._checkpoint.read(str(Path(path) / _VARIABLES))
      status.assert_consumed()
      for state in self._python_states:
        state.take_back()
    except Exception as error:  # damage shows as any of a dozen types
      raise CheckpointError(
        f'checkpoint {path} does not fit this program: {error}'
      ) from error

  def _remove_leftovers(self) -> None:
    """What a kill has left: one half written, or replaced by one that is there.

    One whose replacement never came is no leftover, but a checkpoint.
    """
    kept = set(checkpoint_folders.found(self._folder).values())
    for prefix in (_WRITING, REPLACED):
      for path in set(self._folder.glob(f'{prefix}*')) - kept:
        shutil.rmtree(path)

  def _prune(self) -> None:
    for replaced in self._folder.glob(f'{REPLACED}*'):
      shutil.rmtree(replaced)
    for old in sorted(checkpoint_folders.found(self._folder))[
      : -self._max_to_keep
    ]:
      shutil.rmtree(self._folder / str(old))

  def _failure_text(self, step: int, error: Exception, free_bytes: int) -> str:
    # TensorFlow's messages begin with the name of an internal node.
    reason = re.sub(r'\{\{.*?\}\} ?', '', str(error))
    kept = latest(self._folder) or 'there is none'
    return (
      f'checkpoint {step} could not be written to {self._folder} with '
      f'{free_bytes / 1e6:.1f} MB free (the last good one: {kept}): '
      f'{type(error).__name__}: {reason}'
    )


def restore_parts(
  path: str | os.PathLike, parts: Mapping[str, Any]
) -> list[str]:
  """Reads some of the trackables of a checkpoint, and leaves the others.

  Args:
    path: of the checkpoint.
    parts: trackables, under the names that they were saved by.

  Returns: names of those that it does not hold; then nothing is read.

  Raises:
    CheckpointError: it is damaged, or what it holds is of another shape.
  """
  prefix = str(Path(path) / _VARIABLES)
  try:
    names = [name for name, _ in tf.train.list_variables(prefix)]
    missing = [
      part
      for part in parts
      if not any(name.startswith(f'{part}/') for name in names)
    ]
    if not missing:
      status = tf.train.Checkpoint(**parts).read(prefix)
      status.assert_existing_objects_matched().expect_partial()
  except Exception as error:  # damage shows as any of a dozen types
    raise CheckpointError(
      f'checkpoint {path} does not fit {", ".join(parts)}: {error}'
    ) from error
  return missing


def _move_into_place(writing: Path, place: Path) -> None:
  """Renames; a full folder can't be renamed onto, so it steps aside first."""
  if place.exists():
    os.rename(place, place.with_name(f'{REPLACED}{place.name}'))
  os.rename(writing, place)
  _flush(place.parent)


def _flush_to_disk(folder: Path) -> None:
  """fsync of every file: some file systems report a full disk only here."""
  for path in [*folder.rglob('*'), folder]:
    _flush(path)


def _flush(path: Path) -> None:
  descriptor = os.open(path, os.O_RDONLY)
  try:
    os.fsync(descriptor)
  finally:
    os.close(descriptor)


def _jsonable(value: Any) -> Any:
  if isinstance(value, np.ndarray):
    return value.tolist()
  if isinstance(value, np.generic):
    return value.item()
  raise TypeError(
    f'{type(value).__name__} in the state of a checkpoint; '
    'expected numbers, strings, lists and dicts'
  )
