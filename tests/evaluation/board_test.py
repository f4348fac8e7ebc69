"""TensorBoard's file, read back as TensorBoard reads it."""

import io
import os

import imageio
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import metadata, plugin_data_pb2

from tfirl.evaluation import board, video


def _read(folder):
  return event_accumulator.EventAccumulator(
    str(folder), size_guidance={event_accumulator.TENSORS: 0}
  ).Reload()


def test_curves(tmp_path):
  shown = board.Board(str(tmp_path))
  shown.scalars({'train/loss': 2.0, 'train/none': None}, 64)
  shown.scalars({'train/loss': 1.0, 'train/none': float('nan')}, 128)
  shown.close()
  events = _read(tmp_path)
  found = events.Tensors('train/loss')
  assert [event.step for event in found] == [64, 128]
  assert [tf.make_ndarray(e.tensor_proto) for e in found] == [2.0, 1.0]
  assert events.Tags()['tensors'] == ['train/loss']


def test_settings_are_in_the_hparams_tab(tmp_path):
  shown = board.Board(str(tmp_path))
  values = {'run.eval_every': 64, 'a.b': '@f', 'c.d': 0.5, 'e.f': True}
  shown.settings(values)
  shown.close()
  content = _read(tmp_path).SummaryMetadata(metadata.SESSION_START_INFO_TAG)
  data = plugin_data_pb2.HParamsPluginData.FromString(
    content.plugin_data.content
  )
  found = data.session_start_info.hparams
  assert {name: value.WhichOneof('kind') for name, value in found.items()} == {
    'run.eval_every': 'number_value',
    'a.b': 'string_value',
    'c.d': 'number_value',
    'e.f': 'bool_value',
  }
  assert found['c.d'].number_value == 0.5


class _Env:
  """Pictures that grow brighter."""

  def __init__(self):
    self._level = 0

  def render(self):
    self._level += 1
    return np.full((480, 320, 3), self._level, np.uint8)


def test_a_video_is_an_animated_picture(tmp_path):
  path = str(tmp_path / 'x.mp4')
  env = _Env()
  with video.VideoWriter(path, 30.0) as writer:
    for _ in range(150):
      writer.add(env)
  shown = board.Board(str(tmp_path))
  shown.video('eval/video', path, 128)
  shown.close()
  (event,) = _read(tmp_path).Tensors('eval/video')
  width, height, gif = tf.make_ndarray(event.tensor_proto).tolist()
  frames = imageio.mimread(io.BytesIO(gif))
  assert event.step == 128
  assert (int(width), int(height)) == (160, 240)
  assert np.asarray(frames[0]).shape[:2] == (240, 160)
  assert 60 <= len(frames) <= 100
  levels = [np.asarray(frame)[..., 0].mean() for frame in frames]
  assert levels[-1] > levels[0] + 80


def test_a_full_disk_names_the_folder(tmp_path, monkeypatch):
  shown = board.Board(str(tmp_path))

  def full_disk(*_, **__):
    raise tf.errors.ResourceExhaustedError(None, None, 'No space left')

  monkeypatch.setattr(tf.summary, 'scalar', full_disk)
  with pytest.raises(OSError, match=f'{tmp_path}: .*TensorB.*No space left'):
    shown.scalars({'a': 1.0}, 0)
  assert os.listdir(tmp_path)
