import os
import subprocess

import disks
import pytest

from tfirl.storage import atomic_file


def test_replaces_the_whole_file(tmp_path):
  path = tmp_path / 'a.json'
  atomic_file.write_text(path, 'a long first text')
  atomic_file.write_text(path, 'short')
  assert path.read_text() == 'short'
  assert os.listdir(tmp_path) == ['a.json']


def test_of_a_disk_that_is_read_only_the_file_is_named(tmp_path):
  """Not what it was about to be written to."""
  with disks.needed(tmp_path / 'disk', '64k', 'ro') as folder:
    with pytest.raises(OSError, match=r"Read-only .*/disk/a\.json'$"):
      atomic_file.write_text(folder / 'a.json', 'text')


def test_two_may_write_one_file_at_once(tmp_path):
  """Be they processes of one number, of containers that share a folder."""
  path = tmp_path / 'a.bin'
  with atomic_file.opened(path) as first:
    first.write(b'first')
    atomic_file.write_bytes(path, b'second')
    assert path.read_bytes() == b'second'
  assert path.read_bytes() == b'first'
  assert os.listdir(tmp_path) == ['a.bin']


def test_an_error_leaves_the_old_file_alone(tmp_path, monkeypatch):
  path = tmp_path / 'a.json'
  path.write_text('old')

  def full_disk(unused_fd):
    raise OSError(28, 'No space left on device')

  monkeypatch.setattr(os, 'fsync', full_disk)
  with pytest.raises(OSError, match='No space left'):
    atomic_file.write_text(path, 'new')
  assert path.read_text() == 'old'
  assert os.listdir(tmp_path) == ['a.json']


def test_an_error_names_the_file(tmp_path, monkeypatch):
  def full_disk(unused_fd):
    raise OSError(28, 'No space left on device')

  monkeypatch.setattr(os, 'fsync', full_disk)
  with pytest.raises(OSError, match='No space left') as info:
    atomic_file.write_text(tmp_path / 'a.json', 'new')
  assert info.value.errno == 28 and str(tmp_path / 'a.json') in str(info.value)


def test_what_a_block_raises_is_raised_as_it_is(tmp_path):
  error = OSError('of no number')
  with pytest.raises(OSError) as info:
    with atomic_file.opened(tmp_path / 'a.bin') as file:
      file.write(b'half')
      raise error
  assert info.value is error and not os.listdir(tmp_path)


def test_leftovers_of_the_dead_alone_are_removed(tmp_path):
  dead = subprocess.Popen(['true'])
  dead.wait()
  kept = {f'.a.json.0f.{os.getpid()}.tmp', '.lock', '.x.tmp', 'b.1.tmp'}
  for name in (*kept, f'.a.json.0f.{dead.pid}.tmp'):
    (tmp_path / name).touch()
  atomic_file.remove_leftovers(tmp_path)
  assert set(os.listdir(tmp_path)) == kept
