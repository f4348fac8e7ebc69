"""Of the run's folder: what it should hold, and what is damaged."""

from collections.abc import Callable

from tfirl.diagnosis.evidence import Evidence
from tfirl.diagnosis.finding import Finding
from tfirl.storage import (
  checkpoint_folders,
  kept_config,
  metadata_file,
  policy_file,
  run_files,
)

_ANEW = 'or remove the folder and train anew'


def findings(evidence: Evidence) -> list[Finding]:
  """A finding for each file that is missing or damaged.

  None of a record: what of a run was copied without its .lock, to be read.
  """
  if not (evidence.path / run_files.LOCK).exists():
    return []
  found = [look(evidence) for look in _LOOKS]
  return [finding for finding in found if finding is not None]


def _metadata(evidence: Evidence) -> Finding | None:
  path = evidence.path / metadata_file.NAME
  if path.is_file():
    return None
  return _finding(
    'metadata missing',
    f'there is no {path}: the run can not go on, nor tells what it was given',
    f'the file from a copy, {_ANEW}',
  )


def _config(evidence: Evidence) -> Finding | None:
  path = evidence.path / run_files.CONFIG
  known = evidence.metadata.get('config_sha256')
  remedy = (
    f'the one of a checkpoint, checkpoints/STEP/{path.name}, in its place'
  )
  if not path.is_file():
    if not _has_trained(evidence) and evidence.error is not None:
      return None  # the error's: what it began with is forgotten
    return _finding('config missing', f'there is no {path}', remedy)
  text = path.read_bytes().decode('utf-8', errors='replace')
  if known not in (None, kept_config.digest(text)):
    seen = f'{path} is not as the run wrote it (its SHA-256 differs)'
    return _finding('config damaged', seen, remedy)
  if not any(line.startswith('run.') for line in text.splitlines()):
    seen = f'{path} binds nothing of the run'
    return _finding('config damaged', seen, remedy)
  return None


def _checkpoints(evidence: Evidence) -> Finding | None:
  folder = evidence.path / run_files.CHECKPOINTS
  try:
    sound, damaged = checkpoint_folders.newest_sound(folder)
  except checkpoint_folders.CheckpointError as error:
    seen = f'{str(error).splitlines()[1].strip()}: no other is sound'
    remedy = f'the checkpoint from a copy, {_ANEW}'
    return _finding('checkpoint damaged', seen, remedy)
  if damaged:
    seen = '; '.join(f'{path}: {wrong}' for path, wrong in damaged.items())
    remedy = f'nothing: the run goes on from {sound}, which is sound'
    return _finding('checkpoint damaged', seen, remedy)
  if sound is None and _has_trained(evidence):
    return _finding(
      'checkpoints missing',
      f'there is none in {folder}, and the run has had one: it can not go on',
      f'the folder from a copy, {_ANEW}',
    )
  return None


def _policy(evidence: Evidence) -> Finding | None:
  path = evidence.path / policy_file.FILE
  is_expected = evidence.run is None or evidence.run.has_policy
  if not path.exists() and not (_has_trained(evidence) and is_expected):
    return None
  try:
    policy_file.load(path)
  except (OSError, ValueError) as error:
    state = 'damaged' if path.exists() else 'missing'
    remedy = 'the command of the run again: it leaves its policy anew'
    return _finding(f'policy {state}', str(error), remedy)
  return None


def _has_trained(evidence: Evidence) -> bool:
  is_over = (evidence.path / run_files.COMPLETE).is_file()
  return bool(evidence.metadata.get('has_checkpoint')) or is_over


def _finding(name: str, seen: str, remedy: str) -> Finding:
  return Finding(name, seen, 'any', remedy)


_LOOKS: tuple[Callable[[Evidence], Finding | None], ...] = (
  _metadata,
  _config,
  _checkpoints,
  _policy,
)
