"""What environments answer when they are asked for a picture."""

import imageio
import numpy as np
import pytest

from tfirl.evaluation import video
from tfirl.evaluation.evaluate import evaluate


def _film(env, path):
  """An episode of two to four steps."""
  evaluate(env, lambda observation, _: observation, 1, 0, video_path=str(path))
  return imageio.mimread(path)


def _nothing(_):
  raise NotImplementedError


def _no_gl(_):
  raise RuntimeError('no GL')


@pytest.mark.parametrize('suffix', ['gif', 'mp4'])
@pytest.mark.parametrize(
  ('render', 'words'),
  [
    (_nothing, r'is not implemented; expected an \[H, W, 3\] array'),
    (_no_gl, ': RuntimeError: no GL$'),
    (lambda _: 'picture', 'gave a str; expected an'),
    (lambda _: [], 'gave a list; expected an'),
    (lambda _: [[1, 2], [3]], 'gave a list; expected an'),
    (lambda _: np.zeros([3, 8, 8]), r'gave an array of shape \(3, 8, 8\), flo'),
  ],
)
def test_no_picture_is_told_by_video_and_environment(
  make_env, monkeypatch, tmp_path, render, words, suffix
):
  monkeypatch.setattr(make_env, 'render', render)
  path = tmp_path / f'a.{suffix}'
  where = rf'^video {path}: CountingEnvironment\.render\(\) ?'
  with pytest.raises(video.PictureError, match=where + words):
    _film(make_env(), path)
  assert list(tmp_path.iterdir()) == []


def test_pictures_of_two_sizes_are_told(make_env, monkeypatch, tmp_path):
  def render(env):
    return np.zeros([32 + 16 * env._steps, 32, 3], np.uint8)

  monkeypatch.setattr(make_env, 'render', render)
  env = make_env()
  env.gym.metadata['render_fps'] = 30
  with pytest.raises(video.PictureError, match='a.mp4: .* of one size'):
    _film(env, tmp_path / 'a.mp4')
  assert list(tmp_path.iterdir()) == []


def test_of_a_list_of_frames_the_last_is_shown(make_env, monkeypatch, tmp_path):
  def render(_):
    return [np.full([32, 32, 3], grey, np.uint8) for grey in (0, 50, 100)]

  monkeypatch.setattr(make_env, 'render', render)
  frames = _film(make_env(), tmp_path / 'a.mp4')
  assert [round(frame.mean() / 50) for frame in frames] == [2] * len(frames)


def test_a_picture_may_be_a_list_of_rows(make_env, monkeypatch, tmp_path):
  picture = np.full([32, 32, 3], 100, np.uint8).tolist()
  monkeypatch.setattr(make_env, 'render', lambda _: picture)
  frames = _film(make_env(), tmp_path / 'a.mp4')
  assert [round(frame.mean() / 50) for frame in frames] == [2] * len(frames)


@pytest.mark.parametrize('fps', [None, 0, float('nan'), 'fast', np.float32(30)])
def test_a_rate_that_is_none_is_30_steps_a_second(make_env, tmp_path, fps):
  env = make_env()
  env.gym.metadata = {'render_fps': fps}
  assert len(_film(env, tmp_path / 'a.mp4')) == 2 + env.seeds[0] % 3


def test_an_environment_without_metadata_is_filmed(make_env, tmp_path):
  env = make_env()
  env.gym.metadata = None
  assert _film(env, tmp_path / 'a.mp4')
