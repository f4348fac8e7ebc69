"""What TensorBoard is shown of a run: between evaluations, too."""

import logging

import gymnasium
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import metadata, plugin_data_pb2

_ENV_ID = 'TfirlEcho-v0'


def _read(run):
  return event_accumulator.EventAccumulator(
    str(run.path), size_guidance={event_accumulator.TENSORS: 0}
  ).Reload()


def _curve(events, tag):
  return [
    (event.step, float(tf.make_ndarray(event.tensor_proto)))
    for event in events.Tensors(tag)
  ]


def test_points_between_evaluations(run):
  run(env_steps=60, eval_every=60, log_every=20)
  events = _read(run)
  # A round is ten steps and five of rollouts: real steps are the x.
  assert [x for x, _ in _curve(events, 'train/toy_loss')] == [0, 30, 60, 90]
  assert [x for x, _ in _curve(events, 'eval/return_mean')] == [0, 90]
  returns = _curve(events, 'train/training_return')
  # An episode a round, which returns its number; two rounds a point.
  assert returns == [(30, 1.5), (60, 2.5), (90, 3.5)]
  speeds = [speed for _, speed in _curve(events, 'clock/steps_per_s')]
  assert len(speeds) == 3 and min(speeds) > 0
  # metrics.csv has a row an evaluation, as ever, with all episodes before it.
  assert run.steps() == [0, 60]
  assert run.last_row()['training_return'] == '3.5'


def test_episodes_of_training_count_once(run):
  """In the evaluation after them: rounds 1 and 2, then 3 and 4."""
  run(env_steps=40, eval_every=20, log_every=10)
  assert run.steps() == [0, 20, 40]
  assert run.last_row()['training_return'] == '3.5'


def test_settings_are_hyper_parameters(run):
  run(env_steps=10)
  content = _read(run).SummaryMetadata(metadata.SESSION_START_INFO_TAG)
  data = plugin_data_pb2.HParamsPluginData.FromString(
    content.plugin_data.content
  )
  found = data.session_start_info.hparams
  assert found['Task.env_id'].string_value == _ENV_ID
  assert found['method'].string_value == 'counting'
  assert found['seed'].number_value == 7


@pytest.mark.parametrize('films', [True, False])
def test_videos_of_evaluations_by_choice(run, films):
  run(env_steps=20, eval_every=20, eval_video=films)
  names = [p.name for p in sorted((run.path / 'videos').glob('*'))]
  assert names == (['eval_0.mp4', 'eval_20.mp4'] if films else [])
  events = _read(run)
  is_shown = 'eval/video' in events.Tags()['tensors']
  assert is_shown == films
  if films:
    assert [event.step for event in events.Tensors('eval/video')] == [0, 30]


def test_what_a_filmed_environment_raises_is_not_taken_for_a_video(
  run, monkeypatch, caplog
):
  """A robot that loses its connection once is not played again, unasked."""
  real, calls = gymnasium.registry[_ENV_ID].entry_point.step, []

  def step(env, action):
    calls.append(action)
    if len(calls) == 2:
      raise ConnectionError('the arm is gone')
    return real(env, action)

  monkeypatch.setattr(gymnasium.registry[_ENV_ID].entry_point, 'step', step)
  with pytest.raises(ConnectionError, match='the arm is gone'):
    run(env_steps=20, eval_video=True)
  assert len(calls) == 2 and 'no video' not in caplog.text


def test_without_a_renderer_evaluations_go_on(run, monkeypatch, caplog):
  def render(unused_env):
    raise RuntimeError('no GL')

  monkeypatch.setattr(gymnasium.registry[_ENV_ID].entry_point, 'render', render)
  run.script.returns = [1.5]
  with caplog.at_level(logging.WARNING):
    run(env_steps=20, eval_every=20, eval_video=True)
  assert caplog.text.count('no video (RuntimeError: no GL)') == 1
  means = [mean for (mean,) in run.rows('eval_return_mean')]
  assert means == pytest.approx([1.5, 1.5])
