"""The loop around an algorithm: evaluations, checkpoints, resuming."""

import logging
import time

import gymnasium
import numpy as np
import pytest
import tensorflow as tf

from tfirl.algorithms.parts import clock as clock_lib
from tfirl.algorithms.parts import sources
from tfirl.config import gin_bindings
from tfirl.demos.border import RawDemonstrations
from tfirl.demos.formats import npz
from tfirl.runs import leaving
from tfirl.storage import checkpoints
from tfirl.storage.run_folder import RunFolderError

_ENV_ID = 'TfirlEcho-v0'  # conftest's


def test_evaluates_at_the_start_and_every_period(run):
  run.script.returns = [-1.5, 0.0, 1.5]
  algorithm = run()
  assert algorithm.rounds == 6
  assert algorithm.finished_in == [run.path]
  assert algorithm.closed
  found = run.rows('env_steps', 'updates', 'rollout_steps', 'eval_return_mean')
  expected = [(0, 0, 0, -1.5), (20, 20, 10, 1.5), (40, 40, 20, 1.5)]
  np.testing.assert_allclose(found, [*expected, (60, 60, 30, 1.5)], atol=1e-6)
  assert run.rows('rows_toy', 'toy_loss', 'eval_episodes')[1] == (20, 0, 2)
  assert algorithm.recorded_in == 4 * [run.path]


def test_wall_time_has_what_an_algorithm_is_made_of(run):
  """A clone, say, which is most of the time to a good policy."""
  run.script.while_made = lambda: time.sleep(0.5)
  run(env_steps=20)
  assert run.rows('wall_s')[0][0] >= 0.5


def test_evaluates_the_last_policy_whatever_the_period(run):
  run(env_steps=50)
  assert run.steps() == [0, 20, 40, 50]


def test_checkpoints_every_period_and_at_the_end(run):
  run(env_steps=80)
  assert run.checkpoints() == [60, 80]
  tables = run.path / 'checkpoints' / '80' / 'tables'
  assert tables.read_text() == '80'


def test_policy_is_exported_with_the_checkpoint(run):
  run.script.returns = [0.0, 1.5]
  run(env_steps=30)
  model = tf.saved_model.load(str(run.path / 'policy'))
  np.testing.assert_allclose(model.action(tf.zeros([1, 1])), [[0.5]], 1e-6)


@pytest.mark.parametrize(
  'error', [OSError('No space'), tf.errors.UnknownError(None, None, 'No space')]
)
def test_a_policy_that_cannot_be_exported_ends_the_run(run, monkeypatch, error):
  def full_disk(*unused_arguments):
    raise error

  monkeypatch.setattr(leaving.Leaver, 'write_policy', full_disk)
  with pytest.raises(checkpoints.CheckpointError, match='No space') as info:
    run()
  kept = run.path / 'checkpoints' / '30'
  said = f'the policy of step 30 could not be written to {run.path} (the last'
  assert said in str(info.value)
  assert f'checkpoint: {kept})' in str(info.value)
  assert run.checkpoints() == [30]


def test_stops_after_the_round_with_a_checkpoint(run):
  run(stop_after=4)
  assert run.checkpoints() == [30, 40]
  assert run.steps() == [0, 20, 40]


def test_a_round_that_was_stopped_half_way_is_not_the_last(run):
  """A fit of a model, say, whose steps spend the budget at once."""

  def leave(algorithm):
    algorithm.is_unfinished = algorithm.rounds == 6

  run.script.after_round = leave
  assert run(stop_after=6).finished_in == []
  assert not (run.path / 'complete.json').exists()
  second = run()
  assert (second.rounds, second.finished_in) == (1, [run.path])
  assert (run.path / 'complete.json').exists()


def test_what_goes_on_with_a_round_may_take_no_step(run):
  """It ends with an evaluation of its own, and a checkpoint."""

  def leave(algorithm):
    if algorithm.restore_from is not None:  # the steps were taken before
      algorithm.clock.env_steps -= 10
      algorithm.clock.rollout_steps -= 5
    algorithm.is_unfinished = algorithm.clock.updates == 60

  run.script.after_round = leave
  run(stop_after=6)
  assert run.rows('env_steps', 'updates')[-1] == (60, 60)
  assert run().rounds == 1
  assert run.rows('env_steps', 'updates')[-1] == (60, 70)
  assert run().weight.numpy() == 7  # of the checkpoint
  assert run.checkpoints() == [30, 60]


def test_a_round_that_is_stopped_half_way_again_is_kept(run):
  """A fit that goes on counts neither steps nor updates until it is over."""

  def leave(algorithm):
    if algorithm.restore_from is not None:
      algorithm.clock = clock_lib.Clock(**before)
    algorithm.is_unfinished = algorithm.clock.updates == 60

  run.script.after_round = leave
  before = dict(vars(run(stop_after=6).clock))
  weights = [run(stop_after=1).weight.numpy() for _ in range(3)]
  assert weights == [7, 8, 9]
  assert run.checkpoints() == [30, 60]


def test_a_round_that_waits_for_actors_ends_with_a_checkpoint(run):
  def interrupt(algorithm):
    if algorithm.clock.env_steps == 40:
      raise sources.InterruptedRoundError

  run.script.after_round = interrupt
  run()
  assert run.checkpoints() == [30, 40]
  assert run.steps() == [0, 20]
  run.script.after_round = lambda algorithm: None
  assert run().rounds == 2


def test_blocks_that_came_before_a_round_was_stopped_are_kept(run):
  """Its steps aren't counted yet, and the round before had a checkpoint."""

  def interrupt(algorithm):
    if algorithm.rounds == 4:
      algorithm.clock = clock_lib.Clock(**before)
      raise sources.InterruptedRoundError
    before.update(vars(algorithm.clock))

  before = {}
  run.script.after_round = interrupt
  assert run().weight.numpy() == 4
  run.script.after_round = lambda algorithm: None
  assert run(stop_after=0).weight.numpy() == 4
  assert run.checkpoints() == [30]


def test_goes_on_from_the_latest_checkpoint(run):
  first = run(stop_after=4)
  assert first.restore_from is None
  second = run(env_steps=60)
  assert second.restore_from == run.path / 'checkpoints' / '40'
  assert second.rounds == 2
  assert second.weight.numpy() == 6
  assert run.steps() == [0, 20, 40, 60]
  walls = [wall for (wall,) in run.rows('wall_s')]
  assert walls == sorted(walls)


def test_rows_later_than_the_checkpoint_are_made_again(run):
  def fail_at_50(algorithm):
    if algorithm.clock.env_steps == 50:
      raise KeyboardInterrupt

  run.script.after_round = fail_at_50
  with pytest.raises(KeyboardInterrupt):
    run()
  assert run.steps() == [0, 20, 40]
  assert run.checkpoints() == [30]
  run.script.after_round = lambda algorithm: None
  run(stop_after=0)
  assert run.steps() == [0, 20]
  assert run().rounds == 3
  assert run.steps() == [0, 20, 40, 60]


def test_a_run_that_is_over_does_nothing(run):
  run(record_video=True)
  names = ['videos/final.mp4', 'checkpoints/60/tables', 'policy/saved_model.pb']
  before = [(run.path / name).stat().st_mtime_ns for name in names]
  assert run(record_video=True).rounds == 0
  assert [(run.path / name).stat().st_mtime_ns for name in names] == before


def test_best_policy_is_kept_across_a_resumption(run):
  run.script.returns = [0.0, 0.0, 1.5, 0.0, 0.9, 0.0]
  run(env_steps=30, keep_best=True)
  run(env_steps=60, keep_best=True)
  means = [mean for (mean,) in run.rows('eval_return_mean')]
  np.testing.assert_allclose(means, [0, 1.5, 0, 0.9, 0], atol=1e-6)
  model = tf.saved_model.load(str(run.path / 'best_policy'))
  np.testing.assert_allclose(model.action(tf.zeros([1, 1])), [[0.5]], 1e-6)


def test_the_best_policy_may_be_kept_from_some_step_on(run):
  """Of the evaluations since; and no longer, when it is not asked for."""
  run.script.returns = [0.0, 0.0, 1.5, 0.0, 0.9, 0.0, 0.0, 0.0, 2.4]
  run(env_steps=30)
  assert not (run.path / 'best_policy').exists()
  run(env_steps=60, keep_best=True)
  run(env_steps=100)
  model = tf.saved_model.load(str(run.path / 'best_policy'))
  np.testing.assert_allclose(model.action(tf.zeros([1, 1])), [[0.3]], 1e-6)


@pytest.mark.parametrize(
  ('error', 'words'),
  [
    (
      RuntimeError('no GL'),
      'no video (RuntimeError: no GL); one of MuJoCo: try MUJOCO_GL=',
    ),
    (ValueError('expected x'), 'Echo-v0.render(): ValueError: expected x)\n'),
    (NotImplementedError(), 'v0.render() is not implemented; expected an [H,'),
  ],
)
def test_without_a_video_the_run_still_ends_well(
  run, monkeypatch, caplog, error, words
):
  def render(unused_env):
    raise error

  monkeypatch.setattr(gymnasium.registry[_ENV_ID].entry_point, 'render', render)
  with caplog.at_level(logging.WARNING):
    run(record_video=True)
  assert words in caplog.text
  assert run.checkpoints() == [30, 60]


def test_unused_binding_ends_the_run_before_its_first_round(run):
  binding = 'run.eval_stochastic = True'
  gin_bindings.parse(
    [],
    [
      "Task.name = 'toy'",
      f"Task.env_id = '{_ENV_ID}'",
      binding,
      f'typo/{binding}',
    ],
  )
  rounds = []
  run.script.after_round = rounds.append
  with pytest.raises(gin_bindings.UnusedBindingError) as info:
    run()
  assert 'typo/run.eval_stochastic' in str(info.value)
  assert not rounds


def test_demonstrations_are_the_embedded_ones_unless_named(run):
  run.script.learns_from_demos = True
  with pytest.raises(ValueError, match='embedded:toy: found no such expert'):
    run(env_steps=10)


def test_who_learns_from_no_one_is_given_none(run):
  assert run(env_steps=10).demos is None


def _write_demos(path, kwargs, action=0.0):
  """Two episodes of a step each, in a place that never moves."""
  column = np.zeros((2, 1), np.float32)
  columns = {
    'observations': column,
    'actions': column + action,
    'next_observations': column,
    'terminals': np.zeros(2, bool),
    'timeouts': np.ones(2, bool),
  }
  npz.save_npz(RawDemonstrations(str(path), columns, _ENV_ID, kwargs), path)
  return str(path)


def test_demonstrations_that_were_replaced_end_a_resumption(run, tmp_path):
  path = tmp_path / 'demos.npz'
  run.script.learns_from_demos = True
  run(stop_after=4, demos=_write_demos(path, {}))
  began_with = run.digest()
  same = run(stop_after=1, demos=_write_demos(path, {}))
  assert same.restore_from is not None
  replaced = _write_demos(path, {}, action=0.5)
  with pytest.raises(
    RunFolderError, match='holds others than the run began with.*, was'
  ):
    run(demos=replaced)
  run(stop_after=1, demos=replaced, allow_changes=True)
  assert run.digest() != began_with


def test_a_spent_run_learned_from_those_that_it_had(run, tmp_path):
  path = tmp_path / 'demos.npz'
  run.script.learns_from_demos = True
  run(demos=_write_demos(path, {}))
  began_with = run.digest()
  replaced = _write_demos(path, {}, action=0.5)
  assert run(demos=replaced, allow_changes=True).rounds == 0
  assert run.digest() == began_with
  run(demos=replaced, allow_changes=True, env_steps=80)
  assert run.digest() != began_with


def test_demonstrations_that_it_could_not_go_on_with_are_not_noted(
  run, tmp_path
):
  """So that the old ones are still those that it began with."""
  path = tmp_path / 'demos.npz'
  run.script.learns_from_demos = True
  run(stop_after=4, demos=_write_demos(path, {}))
  began_with = run.digest()

  def refuse():
    raise ValueError('others')

  run.script.while_made = refuse
  with pytest.raises(ValueError, match='others'):
    run(demos=_write_demos(path, {}, action=0.5), allow_changes=True)
  assert run.digest() == began_with
  run.script.while_made = lambda: None
  assert run(demos=_write_demos(path, {})).restore_from is not None


@pytest.mark.parametrize('kwargs', [{}, {'frame_skip': 4}])
def test_demonstrations_of_other_env_kwargs_are_a_warning(
  run, tmp_path, caplog, kwargs
):
  path = _write_demos(tmp_path / 'demos.npz', kwargs)
  run.script.learns_from_demos = True
  with caplog.at_level(logging.WARNING):
    assert len(run(env_steps=10, demos=path).demos) == 2
  expected = f'{path}: env_kwargs: found {kwargs}, expected {{}}'
  assert (expected in caplog.text) == bool(kwargs)
  assert len(caplog.records) == bool(kwargs)


def test_algorithm_gets_the_seed(run):
  assert run(env_steps=10).seed == 7
