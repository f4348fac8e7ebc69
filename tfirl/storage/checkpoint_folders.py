"""Folders of checkpoints on disk: which there are, and which are sound.

A checkpoint is a folder named by its step. Its manifest.json holds the digest
of every other file in it, so that a flipped byte or a lost file is found out
before anything is restored. Nothing here imports TensorFlow.
"""

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from tfirl.storage import atomic_file

REPLACED = 'old-'
_DAMAGED = 'damaged-'
_MANIFEST = 'manifest.json'


class CheckpointError(RuntimeError):
  """A checkpoint could not be written, or does not fit what it is read into."""


def found(folder: Path) -> dict[int, Path]:
  """Checkpoints by step.

  One that was being replaced when the process died counts, unless the new one
  had arrived.
  """
  by_step = {}
  for prefix in (REPLACED, ''):
    for path in folder.glob(f'{prefix}*'):
      if re.fullmatch(rf'{prefix}\d+', path.name):
        by_step[int(path.name.removeprefix(prefix))] = path
  return by_step


def latest(folder: str | os.PathLike) -> Path | None:
  """The whole checkpoint of the highest step in `folder`, None without one."""
  by_step = found(Path(folder))
  return by_step[max(by_step)] if by_step else None


def newest_sound(
  folder: str | os.PathLike,
) -> tuple[Path | None, dict[Path, str]]:
  """The checkpoint to go on from.

  Checkpoints of before there were manifests are taken as they are, where no
  other has one.

  Returns:
    Its folder, None if there is no checkpoint at all; and what is wrong with
    each later one.

  Raises:
    CheckpointError: there are some, and all are damaged.
  """
  by_step = found(Path(folder))
  is_old = not any((path / _MANIFEST).exists() for path in by_step.values())
  damaged = {}
  for step in sorted(by_step, reverse=True):
    path = by_step[step]
    wrong = '' if is_old else damage(path)
    if not wrong:
      return path, damaged
    damaged[path] = wrong
  if damaged:
    listed = '\n  '.join(f'{path}: {text}' for path, text in damaged.items())
    raise CheckpointError(
      f'no checkpoint of {folder} is sound:\n  {listed}\nPut back what is '
      'missing, or remove the run folder to train anew'
    )
  return None, {}


def set_aside(path: Path) -> Path:
  """Renames a damaged checkpoint so that it no longer counts as one."""
  aside = path.with_name(f'{_DAMAGED}{path.name.removeprefix(REPLACED)}')
  shutil.rmtree(aside, ignore_errors=True)
  os.rename(path, aside)
  return aside


def write_manifest(folder: Path) -> None:
  """Writes the digests of all that is in a new checkpoint."""
  digests = {
    str(path.relative_to(folder)): _digest(path)
    for path in sorted(folder.rglob('*'))
    if path.is_file()
  }
  atomic_file.write_text(folder / _MANIFEST, _manifest_text(digests))


def damage(folder: Path) -> str:
  """What is wrong with the checkpoint, '' if each file is as it was written."""
  try:
    digests = _read_digests(folder)
    for name, digest in digests.items():
      if not (folder / name).is_file():
        return f'{name} is missing'
      if _digest(folder / name) != digest:
        return f'{name} is not as it was written (its SHA-256 differs)'
  except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
    return f'{_MANIFEST} is missing or damaged ({error})'
  return ''


def read_sound(folder: Path, name: str) -> str | None:
  """The text of one file of a checkpoint; None if it is not as written."""
  path = folder / name
  try:
    is_sound = _read_digests(folder)[name] == _digest(path)
    return path.read_text() if is_sound else None
  except (AttributeError, KeyError, OSError, TypeError, ValueError):
    return None


def _manifest_text(digests: dict[str, str]) -> str:
  return json.dumps({'sha256': digests}, indent=1) + '\n'


def _read_digests(folder: Path) -> dict[str, str]:
  """Raises one of a few errors if the manifest is not as it was written."""
  text = (folder / _MANIFEST).read_text()
  digests = json.loads(text)['sha256']
  if text != _manifest_text(digests):
    raise ValueError('not laid out as it was written')
  return digests


def _digest(path: Path) -> str:
  with open(path, 'rb') as file:
    return hashlib.file_digest(file, 'sha256').hexdigest()
