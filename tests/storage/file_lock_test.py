"""Who looks at a lock is in nobody's way."""

import fcntl
import threading

from tfirl.storage import file_lock


def test_held_as_long_as_the_file_is_open(tmp_path):
  path = tmp_path / '.lock'
  assert not file_lock.is_held(path)
  with open(path, 'a+') as file, open(path, 'a+') as other:
    assert file_lock.try_lock(file) and file_lock.is_held(path)
    assert not file_lock.try_lock(other)
    assert not file_lock.take(other, wait_s=0.1)
  assert not file_lock.is_held(path)


def test_who_only_looks_does_not_keep_it_from_being_taken(tmp_path):
  with open(tmp_path / '.lock', 'a+') as looking:
    fcntl.flock(looking, fcntl.LOCK_SH)
    threading.Timer(0.1, looking.close).start()
    with open(tmp_path / '.lock', 'a+') as file:
      assert not file_lock.try_lock(file)
      assert file_lock.take(file, wait_s=20)
