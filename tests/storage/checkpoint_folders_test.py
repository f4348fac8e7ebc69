"""Damage to any file of a checkpoint is found out, and the one before taken."""

import os
import shutil

import pytest

from tfirl.storage import checkpoint_folders
from tfirl.storage.checkpoint_folders import CheckpointError

_FILES = {'variables.index': b'abc', 'reverb/DONE': b'', 'tables.json': b'{1}'}


def _write(folder, step):
  checkpoint = folder / str(step)
  (checkpoint / 'reverb').mkdir(parents=True)
  for name, data in _FILES.items():
    (checkpoint / name).write_bytes(data + str(step).encode())
  checkpoint_folders.write_manifest(checkpoint)
  return checkpoint


def test_a_sound_one_has_no_damage(tmp_path):
  assert checkpoint_folders.damage(_write(tmp_path, 5)) == ''
  assert checkpoint_folders.newest_sound(tmp_path) == (tmp_path / '5', {})


@pytest.mark.parametrize('name', [*_FILES, 'manifest.json'])
def test_every_flipped_byte_and_lost_file_is_noticed(tmp_path, name):
  path = _write(tmp_path, 60) / name
  data = path.read_bytes()
  for i in range(len(data)):
    path.write_bytes(data[:i] + bytes([data[i] ^ 0x10]) + data[i + 1 :])
    wrong = checkpoint_folders.damage(tmp_path / '60')
    assert wrong, i
    if name != 'manifest.json':
      assert name in wrong
  path.write_bytes(data[:-1])
  assert checkpoint_folders.damage(tmp_path / '60')
  path.unlink()
  assert f'{name} is missing' in checkpoint_folders.damage(tmp_path / '60')


def test_the_newest_sound_one_is_taken_and_the_others_set_aside(tmp_path):
  kept, damaged = _write(tmp_path, 9), _write(tmp_path, 60)
  (damaged / 'tables.json').unlink()
  found, wrong = checkpoint_folders.newest_sound(tmp_path)
  assert found == kept
  assert wrong == {damaged: 'tables.json is missing'}
  assert checkpoint_folders.set_aside(damaged) == tmp_path / 'damaged-60'
  assert checkpoint_folders.found(tmp_path) == {9: kept}
  (_write(tmp_path, 60) / 'tables.json').unlink()  # and once more
  checkpoint_folders.set_aside(damaged)
  assert sorted(os.listdir(tmp_path)) == ['9', 'damaged-60']


def test_without_a_sound_one_all_are_named_and_stay(tmp_path):
  for step in (9, 60):
    (_write(tmp_path, step) / 'tables.json').unlink()
  with pytest.raises(CheckpointError) as info:
    checkpoint_folders.newest_sound(tmp_path)
  for step in (9, 60):
    assert f'{tmp_path / str(step)}: tables.json is missing' in str(info.value)
  assert sorted(os.listdir(tmp_path)) == ['60', '9']


def test_a_lost_manifest_is_damage_unless_none_has_one(tmp_path):
  """Checkpoints of before there were manifests are read still."""
  for step in (9, 60):
    _write(tmp_path, step)
  (tmp_path / '60' / 'manifest.json').unlink()
  assert checkpoint_folders.newest_sound(tmp_path)[0] == tmp_path / '9'
  (tmp_path / '9' / 'manifest.json').unlink()
  assert checkpoint_folders.newest_sound(tmp_path) == (tmp_path / '60', {})


def test_none_where_there_is_none(tmp_path):
  assert checkpoint_folders.newest_sound(tmp_path / 'absent') == (None, {})


def test_one_that_was_being_replaced_counts(tmp_path):
  _write(tmp_path, 3)
  os.rename(tmp_path / '3', tmp_path / 'old-3')
  found, _ = checkpoint_folders.newest_sound(tmp_path)
  assert found == tmp_path / 'old-3'
  (found / 'tables.json').unlink()
  assert checkpoint_folders.set_aside(found) == tmp_path / 'damaged-3'


def test_a_checkpoint_may_be_moved(tmp_path):
  _write(tmp_path / 'a', 7)
  shutil.move(tmp_path / 'a', tmp_path / 'b')
  assert checkpoint_folders.damage(tmp_path / 'b' / '7') == ''


def test_reads_a_file_only_if_it_is_as_it_was_written(tmp_path):
  checkpoint = _write(tmp_path, 7)
  assert checkpoint_folders.read_sound(checkpoint, 'tables.json') == '{1}7'
  assert checkpoint_folders.read_sound(checkpoint, 'config.gin') is None
  (checkpoint / 'tables.json').write_text('{2}7')
  assert checkpoint_folders.read_sound(checkpoint, 'tables.json') is None
