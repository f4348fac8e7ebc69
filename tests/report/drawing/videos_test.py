import os
from pathlib import Path

import imageio
import numpy as np
import pytest

from tfirl.report.drawing import videos
from tfirl.report.reading import runs
from tfirl.report.statistics import aggregate


@pytest.fixture
def film():
  """film(run's folder, name, size): half a second of video."""

  def write(folder, name, size=64):
    path = folder / 'videos' / name
    path.parent.mkdir(exist_ok=True)
    frames = [np.full((size, size, 3), 10 * i, np.uint8) for i in range(15)]
    imageio.mimwrite(path, frames, fps=30)
    return path

  return write


def _curves(tmp_path):
  found, _ = runs.read_runs([str(tmp_path / 'runs')])
  return aggregate.aggregate(found, last=1, reps=20)[0]


def test_the_best_seed_that_was_filmed_beside_the_expert(
  write_run, film, tmp_path
):
  for seed, value in enumerate((10.0, 30.0, 20.0)):
    folder = write_run('hopper', 'mm', seed, [0, 9], [0.0, value])
    if seed != 1:
      film(folder, 'final.mp4', size=640)
  film(folder, 'expert.mp4')
  folder = write_run('hopper', 'hype', 0, [0, 9], [0.0, 90.0])
  film(folder, 'final.mp4')
  write_run('ant', 'mm', 0, [0, 9], [0.0, 1.0])  # without any
  found, notes = videos.shrink_all(_curves(tmp_path), str(tmp_path))
  assert notes == [] and list(found) == ['hopper']
  captions = [caption for caption, _ in found['hopper']]
  assert captions == ['expert', 'hype, seed 0', 'mm, seed 2']
  for _, path in found['hopper']:
    frames = imageio.mimread(path)
    assert frames[0].shape == (240, 240, 3) and 6 <= len(frames) <= 9


def test_a_copy_is_made_anew_only_of_another_video(write_run, film, tmp_path):
  folder = write_run('hopper', 'mm', 0, [0, 9], [0.0, 1.0])
  source = film(folder, 'final.mp4')
  curves = _curves(tmp_path)
  ((_, path),) = videos.shrink_all(curves, str(tmp_path))[0]['hopper']
  for seconds in (10, -10):  # another run's may be older
    of_copy = os.stat(path)
    with open(path, 'wb') as file:
      file.write(b'as it was')
    os.utime(path, ns=(of_copy.st_atime_ns, of_copy.st_mtime_ns))
    videos.shrink_all(curves, str(tmp_path))
    with open(path, 'rb') as file:
      assert file.read() == b'as it was'
    other = os.path.getmtime(source) + seconds
    os.utime(source, (other, other))
    videos.shrink_all(curves, str(tmp_path))
    assert len(imageio.mimread(path)) > 5


def test_of_a_report_that_was_killed_there_is_no_half_copy(
  write_run, film, tmp_path, monkeypatch
):
  folder = write_run('hopper', 'mm', 0, [0, 9], [0.0, 1.0])
  film(folder, 'final.mp4')

  def write_half(command, **unused):
    Path(command[-1]).write_bytes(b'half')
    raise KeyboardInterrupt

  monkeypatch.setattr(videos.subprocess, 'run', write_half)
  with pytest.raises(KeyboardInterrupt):
    videos.shrink_all(_curves(tmp_path), str(tmp_path))
  assert [path.name for path in tmp_path.glob('*.mp4')] == []


def test_what_is_no_video_is_left_out_and_told(write_run, tmp_path):
  folder = write_run('hopper', 'mm', 0, [0, 9], [0.0, 1.0])
  (folder / 'videos').mkdir()
  (folder / 'videos' / 'final.mp4').write_bytes(b'no video')
  found, (note,) = videos.shrink_all(_curves(tmp_path), str(tmp_path))
  assert found == {}
  assert 'mm/0/videos/final.mp4: left out, ffmpeg says' in note


def test_what_stays_large_is_left_out_and_told(
  write_run, film, tmp_path, monkeypatch
):
  film(write_run('hopper', 'mm', 0, [0, 9], [0.0, 1.0]), 'final.mp4')
  monkeypatch.setattr(videos, '_MOST_BYTES', 100)
  for _ in range(2):  # the copy is there, and no better
    found, (note,) = videos.shrink_all(_curves(tmp_path), str(tmp_path))
    assert found == {} and 'even when small, more than 100' in note
