"""The disk is full at each of a run's writes: a real one, of tmpfs."""

import disks
import pytest
import tensorflow as tf

from tfirl.agents import export
from tfirl.evaluation import board
from tfirl.storage import atomic_file, checkpoint_folders, kept_config


@pytest.fixture
def disk(run):
  """Puts the runner's folder on a file system of 4 MB. Returns: the folder."""
  with disks.needed(run.root / 'disk', '4m') as folder:
    run.root, run.path = folder, folder / 'toy' / 'counting' / '7'
    yield folder


def _fills(disk, function, is_due):
  """`function`, before whose call the disk is filled, where `is_due(*args)`."""

  def wrapped(*args, **kwargs):
    if is_due(*args):
      disks.fill(disk)
    return function(*args, **kwargs)

  return wrapped


def _atomic(name):
  return atomic_file, 'write_bytes', lambda path, data: path.name == name


def _has_two(unused_self, path):
  """At the second checkpoint."""
  return str(path).endswith('tmp-60/variables')


# What is written, and what the error names of it: by the function in front of
# whose call the disk is filled.
_WRITES = {
  'metadata.json': (_atomic('metadata.json'), '/metadata.json'),
  'complete.json': (_atomic('complete.json'), '/complete.json'),
  'operative_config.gin': (
    _atomic('operative_config.gin'),
    '/operative_config.gin',
  ),
  'metrics.csv': (_atomic('metrics.csv'), '/metrics.csv'),
  # Its last block may have room for a row: then it is the next metrics.csv.
  'events': (
    (board.Board, 'scalars', lambda *_: True),
    'counting/7',
  ),
  'variables': (
    (tf.train.Checkpoint, 'write', _has_two),
    'checkpoint 60 could not be written to',
  ),
  'config.gin of the checkpoint': (
    (kept_config, 'copy_into', lambda path, text: path.name == 'tmp-60'),
    'checkpoint 60 could not be written to',
  ),
  'manifest.json': (
    (
      checkpoint_folders,
      'write_manifest',
      lambda path: path.name == 'tmp-60',
    ),
    'checkpoint 60 could not be written to',
  ),
  'policy': (
    (export, 'save_policy', lambda policy, path: True),
    'the policy of step',
  ),
}


@pytest.mark.parametrize('written', _WRITES)
def test_the_last_checkpoint_stays_and_the_file_is_named(
  run, disk, monkeypatch, written
):
  run(stop_after=3)
  assert run.checkpoints() == [30]
  (owner, name, is_due), words = _WRITES[written]
  full = _fills(disk, getattr(owner, name), is_due)
  with monkeypatch.context() as patch:
    patch.setattr(owner, name, full)
    with pytest.raises((OSError, RuntimeError)) as info:
      run()
  assert 'No space left on device' in str(info.value)
  assert words in str(info.value) and str(run.path) in str(info.value)
  kept, damaged = checkpoint_folders.newest_sound(run.path / 'checkpoints')
  assert kept.name in ('30', '60') and damaged == {}

  (disk / 'filler').unlink()
  assert run().weight.numpy() == 6  # there is room again: it goes on
  assert run.steps() == [0, 20, 40, 60]
  assert (run.path / 'complete.json').exists()


def test_a_new_run_names_its_config(run, disk, monkeypatch):
  full = _fills(
    disk,
    atomic_file.write_bytes,
    lambda path, data: path.name == 'config.gin',
  )
  with monkeypatch.context() as patch:
    patch.setattr(atomic_file, 'write_bytes', full)
    with pytest.raises(OSError, match='No space left.*config.gin'):
      run()
  (disk / 'filler').unlink()
  assert run().rounds == 6
