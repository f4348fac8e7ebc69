"""What would not fit is refused, with both numbers."""

import pytest

from tfirl.machine import memory


def test_asks_the_kernel():
  with open('/proc/meminfo') as file:
    total = int(file.readline().split()[1]) * 1024
  assert 0 < memory.available_bytes() <= total


def test_more_than_there_is_is_refused(monkeypatch):
  monkeypatch.setattr(memory, 'available_bytes', lambda: 2**30)
  memory.check(int(0.89 * 2**30), 'this')
  with pytest.raises(ValueError, match='this needs 2.00 GiB.*1.00 GiB'):
    memory.check(2**31, 'this')


def test_nothing_is_refused_where_nothing_is_known(monkeypatch):
  monkeypatch.setattr(memory, 'available_bytes', lambda: None)
  memory.check(2**60, 'this')


def test_a_file_may_take_a_share_of_what_is_there_and_no_more(monkeypatch):
  for available, most in ((2**30, int(0.3 * 2**30)), (2**40, 2**32)):
    monkeypatch.setattr(memory, 'available_bytes', lambda n=available: n)
    assert memory.most_of_a_file() == most
  monkeypatch.setattr(memory, 'available_bytes', lambda: None)
  assert memory.most_of_a_file() == 2**32


def test_reads_a_cgroups_limit(tmp_path):
  (tmp_path / 'memory.max').write_text('1000\n')
  (tmp_path / 'memory.current').write_text('300\n')
  (tmp_path / 'memory.stat').write_text('anon 100\ninactive_file 50\n')
  assert memory._cgroup_available(tmp_path) == 750  # files' pages make room
  (tmp_path / 'memory.max').write_text('max\n')
  assert memory._cgroup_available(tmp_path) is None
  assert memory._cgroup_available(tmp_path / 'missing') is None


def test_a_small_file_is_read_however_full_the_memory_is(monkeypatch):
  for available, most in (
    (0, 2**26),
    (2**30, int(0.3 * 2**30)),
    (2**50, 2**32),
  ):
    monkeypatch.setattr(memory, 'available_bytes', lambda a=available: a)
    assert memory.most_of_a_file() == most


def test_reads_meminfo(tmp_path):
  path = tmp_path / 'meminfo'
  path.write_text('MemTotal: 9 kB\nMemAvailable:   12 kB\n')
  assert memory._meminfo_available(path) == 12 * 1024
  assert memory._meminfo_available(tmp_path / 'missing') is None
