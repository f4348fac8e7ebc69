import os

import pytest

from tfirl.storage import atomic_file


def test_replaces_the_whole_file(tmp_path):
  path = tmp_path / 'a.json'
  atomic_file.write_text(path, 'a long first text')
  atomic_file.write_text(path, 'short')
  assert path.read_text() == 'short'
  assert os.listdir(tmp_path) == ['a.json']


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
