"""What a run does in a folder to which something was done."""

import logging
import os
import shutil

import pytest
import tensorflow as tf

from tfirl.storage import last_policy
from tfirl.storage.checkpoint_folders import CheckpointError
from tfirl.storage.last_policy import LastPolicy
from tfirl.storage.run_folder import RunFolderError


def _contents(folder):
  """Bytes by path of all files but the lock and what tells of launches."""
  paths = [p for p in folder.rglob('*') if p.is_file()]
  told = ('.lock', 'metadata.json')
  return {p: p.read_bytes() for p in paths if p.name not in told}


@pytest.mark.parametrize('env_steps', [60, 90])
def test_a_finished_run_without_checkpoints_is_not_trained_anew(run, env_steps):
  run()
  shutil.rmtree(run.path / 'checkpoints')
  before = _contents(run.path)
  with pytest.raises(RunFolderError) as info:
    run(env_steps=env_steps)
  assert f'{run.path} has been trained, and its checkp' in str(info.value)
  assert f'expected {run.path / "checkpoints" / "STEP"}' in str(info.value)
  assert _contents(run.path) == before
  assert run.steps() == [0, 20, 40, 60]


def test_nor_is_one_that_was_stopped(run):
  run(stop_after=4)
  shutil.rmtree(run.path / 'checkpoints')
  with pytest.raises(RunFolderError, match='has been trained'):
    run()


def test_one_that_never_had_a_checkpoint_begins_again(run):
  def fail(algorithm):
    raise KeyboardInterrupt

  run.script.after_round = fail
  with pytest.raises(KeyboardInterrupt):
    run()
  run.script.after_round = lambda algorithm: None
  assert run().rounds == 6


@pytest.mark.parametrize('name', ['tables', 'manifest.json', 'config.gin'])
def test_goes_on_from_the_checkpoint_before_a_damaged_one(run, name, caplog):
  run(stop_after=4)
  assert run.checkpoints() == [30, 40]
  newest = run.path / 'checkpoints' / '40'
  data = (newest / name).read_bytes()
  (newest / name).write_bytes(bytes([data[0] ^ 1]) + data[1:])
  with caplog.at_level(logging.WARNING):
    second = run()
  assert second.restore_from == run.path / 'checkpoints' / '30'
  assert second.rounds == 3 and second.weight.numpy() == 6
  assert run.steps() == [0, 20, 40, 60]
  assert f'{newest} is damaged: {name} is' in caplog.text
  assert f'Goes on from {run.path / "checkpoints" / "30"}' in caplog.text
  kept = run.path / 'checkpoints' / 'damaged-40'
  assert (kept / name).read_bytes() != data


def test_a_damaged_end_is_reached_again(run):
  """complete.json does not hold while the run is behind it."""
  run()
  (run.path / 'checkpoints' / '60' / 'variables.index').unlink()
  run(stop_after=1)
  assert not (run.path / 'complete.json').exists()
  assert run().weight.numpy() == 6
  assert (run.path / 'complete.json').exists()


def test_without_a_sound_checkpoint_it_ends_and_leaves_all(run):
  run()
  for step in (30, 60):
    os.truncate(run.path / 'checkpoints' / str(step) / 'variables.index', 3)
  before = _contents(run.path)
  with pytest.raises(
    CheckpointError, match='no checkpoint of .* is sound'
  ) as e:
    run()
  assert 'variables.index is not as it was written' in str(e.value)
  assert _contents(run.path) == before


def test_a_finished_run_can_be_made_longer(run):
  first = run(record_video=True)
  assert first.rounds == 6
  video = run.path / 'videos' / 'final.mp4'
  filmed = video.stat().st_mtime_ns
  assert '"steps": 60' in (run.path / 'complete.json').read_text()
  second = run(env_steps=90, record_video=True)
  assert second.restore_from == run.path / 'checkpoints' / '60'
  assert second.rounds == 3 and second.weight.numpy() == 9
  assert run.steps() == [0, 20, 40, 60, 80, 90]
  assert '"steps": 90' in (run.path / 'complete.json').read_text()
  assert video.stat().st_mtime_ns > filmed  # of the policy that there is now


def test_a_longer_run_is_not_complete_until_it_is(run):
  run()
  last = LastPolicy(100, 0, False, 1.0, 0.0, 9.0)
  last_policy.write(run.path, last)
  run()  # nothing is left to do
  assert last_policy.read(run.path) == last
  run(env_steps=90, stop_after=1)
  assert not (run.path / 'complete.json').exists()
  assert last_policy.read(run.path) is None  # another one is


def test_a_folder_that_was_moved_goes_on(run):
  run(stop_after=4)
  root = run.root.parent / f'{run.root.name}-moved'
  shutil.move(run.root, root)
  run.root, run.path = root, root / 'toy' / 'counting' / '7'
  second = run()
  assert second.restore_from == run.path / 'checkpoints' / '40'
  assert run.steps() == [0, 20, 40, 60]


def test_metrics_that_broke_off_are_mended(run, caplog):
  run(stop_after=4)
  path = run.path / 'metrics.csv'
  path.write_text(path.read_text()[:-4])
  run()
  assert run.steps() == [0, 20, 60]
  assert f'{path}, line 4 breaks off' in caplog.text


def test_a_checkpoint_holds_the_config(run):
  run(stop_after=3)
  kept = run.path / 'checkpoints' / '30' / 'config.gin'
  assert kept.read_text() == (run.path / 'config.gin').read_text()
  assert "Task.name = 'toy'" in kept.read_text()


def _fail_numerics(unused_algorithm):
  @tf.function
  def critic(loss):
    return tf.debugging.check_numerics(loss, 'Critic loss is inf or nan.')

  critic(tf.constant(float('inf')))


def test_a_loss_that_is_not_finite_is_named_with_all_that_may_be_the_cause(
  run, tmp_path
):
  run(stop_after=4)
  run.script.after_round = _fail_numerics
  with pytest.raises(FloatingPointError) as info:
    run()
  message = str(info.value)
  assert message.startswith(
    'step 50, round 5: Critic loss is inf or nan: Tensor had Inf values '
    '(tensor CheckNumerics); expected finite numbers'
  )
  kept = run.path / 'checkpoints' / '40'
  assert f'The last good checkpoint is {kept}' in message
  assert 'Graph execution error' not in message
