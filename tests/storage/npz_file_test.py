import gc
import os
import sys

import disks
import numpy as np
import pytest

from tfirl.storage import atomic_file, npz_file

_WRITERS = {
  'storage/npz_file.py',
  'demos/formats/containers/pickles.py',  # which tells users how
  'demos/recorder.py',  # which runs where tfirl can't be installed
  'replay/saving.py',  # into a checkpoint, which is renamed when it is whole
}

_READERS = {
  'costs/learned_reward.py',  # which is copied where tfirl can't be installed
  'demos/formats/containers/pickles.py',  # which tells users how
  'replay/saving.py',  # of a checkpoint that is as it was written
}


@pytest.mark.parametrize('compressed', [False, True])
def test_writes_what_is_read_back(tmp_path, compressed):
  path = tmp_path / 'a.npz'
  npz_file.write(path, {'a': np.zeros(10_000), 'b': np.array('x')}, compressed)
  found = npz_file.read(path, 'a test')
  assert found['b'] == 'x' and not found['a'].any()
  assert (path.stat().st_size < 5_000) == compressed
  assert os.listdir(tmp_path) == ['a.npz']


@pytest.mark.parametrize('compressed', [False, True])
def test_a_kill_leaves_the_old_file_and_what_is_removed(
  tmp_path, monkeypatch, compressed
):
  path = tmp_path / 'a.npz'
  path.write_bytes(b'old')
  seen = []

  def look(unused_fd):
    seen.extend(set(os.listdir(tmp_path)) - {'a.npz'})
    raise OSError(28, 'No space left on device')

  monkeypatch.setattr(os, 'fsync', look)
  with pytest.raises(OSError, match=r'No space left .*a\.npz'):
    npz_file.write(path, {'a': np.zeros(3)}, compressed)
  assert path.read_bytes() == b'old' and os.listdir(tmp_path) == ['a.npz']
  (name,) = seen
  # As of a process that is no more.
  left = tmp_path / name.replace(str(os.getpid()), str(2**31 - 1))
  left.touch()
  atomic_file.remove_leftovers(tmp_path)
  assert not left.exists()


@pytest.mark.parametrize('compressed', [False, True])
def test_a_full_disk_is_told_once(tmp_path, compressed):
  told = []
  rng = np.random.default_rng(0)
  with (
    disks.needed(tmp_path / 'disk', '64k') as folder,
    pytest.MonkeyPatch.context() as patch,
  ):
    patch.setattr(sys, 'unraisablehook', told.append)
    with pytest.raises(OSError, match=r'No space left .*a\.npz'):
      npz_file.write(folder / 'a.npz', {'a': rng.normal(size=9999)}, compressed)
    gc.collect()
    assert not told and not os.listdir(folder)


def test_what_is_no_numbers_is_not_written(tmp_path):
  """It would be a pickle, which nobody reads."""
  with pytest.raises(ValueError, match='allow_pickle'):
    npz_file.write(tmp_path / 'a.npz', {'a': np.array([{}])})
  assert not os.listdir(tmp_path)


def _files_with(words, root):
  folder = root / 'tfirl'
  return {
    str(path.relative_to(folder))
    for path in folder.rglob('*.py')
    if words in path.read_text(encoding='utf-8')
  }


def test_nobody_else_writes_one(root):
  """In place, half of it may be left, and no report be made of the run."""
  assert _files_with('np.savez', root) == _WRITERS


def test_nobody_reads_one_that_claims_what_it_will(root):
  """`np.load` takes the memory that a header claims, and then looks."""
  assert _files_with('np.load(', root) == _READERS
