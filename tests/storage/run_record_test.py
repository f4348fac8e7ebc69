"""Records of runs are whole."""

import shutil

import pytest

from tfirl.storage import run_record


@pytest.fixture
def run(tmp_path):
  """A folder of a run that failed."""
  folder = tmp_path / 'runs' / 'hopper' / 'mm' / '0'
  (folder / 'checkpoints').mkdir(parents=True)
  for name in ('metrics.csv', 'config.gin', 'error.txt', 'policy.npz'):
    (folder / name).write_text(name)
  return folder


def test_what_is_small_is_kept(run, tmp_path):
  record = tmp_path / 'kept' / 'hopper' / 'mm' / '0'
  run_record.keep(run, record)
  names = sorted(path.name for path in record.iterdir())
  assert names == ['config.gin', 'error.txt', 'metrics.csv']
  assert (record / 'config.gin').read_text() == 'config.gin'


def test_a_full_disk_or_a_kill_leaves_no_half_a_record(
  run, tmp_path, monkeypatch
):
  record = tmp_path / 'kept' / '0'
  copy = shutil.copy

  def copy_one(source, target):
    if source.name != 'metrics.csv':
      raise OSError('no space left')
    copy(source, target)

  monkeypatch.setattr(shutil, 'copy', copy_one)
  with pytest.raises(OSError, match='no space'):
    run_record.keep(run, record)
  assert list(record.parent.iterdir()) == []
  monkeypatch.undo()
  (record.parent / '.0.tmp').mkdir()  # of what was killed
  run_record.keep(run, record)
  assert [path.name for path in record.parent.iterdir()] == ['0']
