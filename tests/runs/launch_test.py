"""What surrounds a run: its gin, folder, seeds, signals and errors."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import types

import numpy as np
import pytest
import tensorflow as tf

from tfirl.algorithms.parts import cost_turns
from tfirl.config import gin_bindings
from tfirl.config.gin_files import BindingError
from tfirl.runs import launch
from tfirl.storage.checkpoints import CheckpointError
from tfirl.storage.run_folder import RunFolderError

_PATH = os.pathsep.join(map(os.path.abspath, sys.path))
_CONFIG = """
Task.name = 'toytask'
Task.env_id = 'Hopper-v5'
run.algorithm = 'toy'
run.make_algorithm = @ModelFree
run.env_steps = 8
run.eval_every = 8
run.checkpoint_every = 8
"""


@pytest.fixture
def given(tmp_path, monkeypatch):
  """A gin file in the working folder, and a run that records its calls."""
  monkeypatch.chdir(tmp_path)
  (tmp_path / 'toy.gin').write_text(_CONFIG)
  calls = []

  def run(run_folder, task, seed, demos, stop, on_evaluation):
    del task, on_evaluation
    draws = random.random(), np.random.rand(), float(tf.random.uniform([]))
    steps = gin_bindings.value_of('run.env_steps')
    calls.append((run_folder, seed, demos, stop(), steps, draws))

  monkeypatch.setattr(launch, 'experiment', types.SimpleNamespace(run=run))
  return calls


def _launch(
  bindings=(), seed=3, demos=None, gin_files=('toy.gin',), num_demos=None
):
  launch.launch(
    list(gin_files),
    list(bindings),
    'runs',
    seed,
    demos,
    lambda: False,
    num_demos,
  )


def test_run_gets_its_folder_seed_demos_and_stop(given, tmp_path):
  _launch(['run.env_steps = 9'], demos='d.npz')
  ((run_folder, seed, demos, stopped, steps, _),) = given
  assert run_folder.path.resolve() == tmp_path / 'runs/toytask/toy/3'
  assert (seed, demos, stopped, steps) == (3, 'd.npz', False, 9)
  names = set(os.listdir(run_folder.path))
  assert {'config.gin', 'operative_config.gin', 'metadata.json'} <= names
  assert 'env_steps = 9' in (run_folder.path / 'config.gin').read_text()


def test_what_every_run_needs_is_asked_for_before_there_is_a_folder(given):
  config = pathlib.Path('toy.gin').read_text()
  pathlib.Path('toy.gin').write_text(config.replace('run.eval_every', '#'))
  with pytest.raises(BindingError, match='^run.eval_every is not bound, and'):
    _launch()
  assert not given and not os.path.exists('runs')


def test_what_a_call_lacks_is_told_in_our_words(given, monkeypatch):
  def run(*unused_arguments):
    cost_turns.CostTurns(None, None, 0, 1)

  monkeypatch.setattr(launch.experiment, 'run', run)
  with pytest.raises(BindingError, match='^CostTurns.cost_update_period is no'):
    _launch()


def test_few_demonstrations_are_another_method(given, tmp_path):
  _launch()
  _launch(num_demos=4)
  _launch(['load_demonstrations.num_episodes = 4'])
  paths = [call[0].path.relative_to('runs') for call in given]
  assert list(map(str, paths)) == ['toytask/toy/3'] + 2 * ['toytask/toy-n4/3']
  assert given[2][0].resumed
  config = (tmp_path / 'runs/toytask/toy-n4/3/config.gin').read_text()
  assert 'load_demonstrations.num_episodes = 4' in config
  with pytest.raises(ValueError, match='num_episodes is 0'):
    _launch(['load_demonstrations.num_episodes = 0'])
  assert len(os.listdir('runs/toytask')) == 2


def test_one_seed_seeds_all_global_generators(given):
  _launch(seed=3)
  _launch(seed=3)
  _launch(seed=4)
  first, second, other = (call[-1] for call in given)
  assert first == second
  assert all(a != b for a, b in zip(first, other, strict=True))


def test_seed_of_64_bits_is_taken():
  launch.seed_everything(2**40 + 1)
  first = np.random.rand()
  launch.seed_everything(2**40 + 2)
  assert np.random.rand() != first


def test_first_weights_do_not_depend_on_what_keras_was_told_before():
  def first_weights():
    launch.seed_everything(3)
    layer = tf.keras.layers.Dense(2)
    layer.build((None, 3))
    return layer.kernel.numpy()

  tf.keras.utils.set_random_seed(7)
  np.testing.assert_array_equal(first_weights(), first_weights())


def test_changed_config_is_refused(given):
  _launch()
  with pytest.raises(RunFolderError, match='run.env_steps: was 8, is 7'):
    _launch(['run.env_steps = 7'])
  assert len(given) == 1


def test_a_larger_budget_is_no_change(given):
  _launch()
  _launch(['run.env_steps = 9'])
  assert [call[4] for call in given] == [8, 9]
  assert given[1][0].resumed


def test_help_names_all_sources_of_demonstrations(monkeypatch):
  said = {}

  def define(name, default, text, **unused):
    said[name] = text

  for kind in ('bool', 'boolean', 'integer', 'multi_string', 'string'):
    monkeypatch.setattr(launch.flags, f'DEFINE_{kind}', define)
  launch.define_flags()
  for source in ('.npz', '.hdf5', '.csv', 'd4rl:', 'minari:'):
    assert source in said['demos']


def test_missing_gin_file_flag(given):
  with pytest.raises(ValueError, match='--gin_file is missing'):
    _launch(gin_files=[])


def test_task_not_bound(given, tmp_path):
  (tmp_path / 'bare.gin').write_text("run.algorithm = 'toy'")
  with pytest.raises(ValueError, match='Task.name'):
    _launch(gin_files=['bare.gin'])


def test_error_of_the_run_leaves_a_traceback_and_frees_the_folder(
  given, monkeypatch, tmp_path
):
  def fail(*unused):
    raise CheckpointError('disk is full')

  monkeypatch.setattr(launch.experiment, 'run', fail)
  with pytest.raises(CheckpointError):
    _launch()
  error_txt = tmp_path / 'runs/toytask/toy/3/error.txt'
  text = error_txt.read_text()
  assert 'disk is full' in text and 'Traceback' in text
  monkeypatch.setattr(launch.experiment, 'run', lambda *unused: None)
  _launch()
  assert not error_txt.exists()


@pytest.mark.parametrize('has_checkpoint', [False, True])
def test_config_of_a_failed_run_may_change_until_it_has_a_checkpoint(
  given, monkeypatch, has_checkpoint
):
  def fail(run_folder, *unused):
    if has_checkpoint:
      (run_folder.checkpoints / '100').mkdir(parents=True)
    raise ValueError('a binding too many')

  monkeypatch.setattr(launch.experiment, 'run', fail)
  with pytest.raises(ValueError, match='too many'):
    _launch(['run.eval_episodes = 2'])
  monkeypatch.setattr(launch.experiment, 'run', lambda *unused: None)
  if has_checkpoint:
    with pytest.raises(RunFolderError, match='run.eval_episodes'):
      _launch()
  else:
    _launch()


@pytest.mark.parametrize(
  'number', [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
)
def test_first_signal_asks_to_stop_and_second_is_not_caught(number, capfd):
  before = signal.getsignal(number)
  with launch.StopSignal() as stop:
    assert not stop()
    signal.raise_signal(number)
    assert stop()
    # A terminal that is closed sends SIGHUP by the shell and by itself.
    is_hangup = number == signal.SIGHUP
    second = signal.SIG_IGN if is_hangup else signal.SIG_DFL
    assert signal.getsignal(number) == second
  assert signal.getsignal(number) == before
  assert 'stopping after this round' in capfd.readouterr().err


@pytest.mark.parametrize(
  ('number', 'error'),
  [
    (signal.SIGTERM, SystemExit),
    (signal.SIGHUP, SystemExit),
    (signal.SIGINT, KeyboardInterrupt),
  ],
)
def test_a_signal_before_the_first_round_ends_the_run(number, error, capfd):
  """A clone is being made, perhaps for minutes, and nothing is to be saved."""
  before = signal.getsignal(number)
  with pytest.raises(error) as info, launch.StopSignal():
    signal.raise_signal(number)
  assert signal.getsignal(number) == before
  assert 'nothing was trained yet' in capfd.readouterr().err
  if error is SystemExit:
    assert info.value.code == 128 + number


@pytest.mark.parametrize('number', [signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_is_ignored_stays_so(number):
  """As by nohup."""
  before = signal.signal(number, signal.SIG_IGN)
  try:
    with launch.StopSignal() as stop:
      signal.raise_signal(number)
      assert not stop()
    assert signal.getsignal(number) == signal.SIG_IGN
  finally:
    signal.signal(number, before)


def _command(script_or_module, *arguments):
  return subprocess.Popen(
    [sys.executable, *script_or_module, *arguments],
    # This test works in a folder of its own; tfirl may not be installed.
    env=os.environ | {'PYTHONPATH': _PATH},
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
  )


@pytest.mark.parametrize(
  ('flags', 'words'),
  [
    (['--gin_file=toyy.gin'], ["gin file 'toyy.gin' not found", 'toy.gin']),
    (['--gin_file=toy.gin', '--num_demos=0'], ['--num_demos is 0; expected']),
  ],
)
def test_user_error_is_one_line_and_exit_code_1(given, flags, words):
  process = _command(('-m', 'tfirl.launch'), *flags)
  _, error = process.communicate(timeout=120)
  assert process.returncode == 1
  assert 'Traceback' not in error
  (line,) = [line for line in error.splitlines() if line.startswith('error:')]
  assert all(word in line for word in words)


def test_sigterm_ends_the_process_with_0_after_its_round(given, tmp_path):
  script = (
    'import pathlib, time, types\n'
    'from absl import app\n'
    'from tfirl.runs import launch\n'
    'def run(run_folder, task, seed, demos, stop, on_evaluation):\n'
    '  print("ready", flush=True)\n'
    '  while not stop():\n'
    '    time.sleep(0.01)\n'
    '  (run_folder.path / "saved").touch()\n'
    'launch.experiment = types.SimpleNamespace(run=run)\n'
    'launch.define_flags()\n'
    'app.run(launch.main)\n'
  )
  process = _command(('-c', script), '--gin_file=toy.gin', '--seed=5')
  assert process.stdout.readline() == 'ready\n'
  time.sleep(0.1)
  process.terminate()
  _, error = process.communicate(timeout=60)
  assert process.returncode == 0, error
  assert (tmp_path / 'runs/toytask/toy/5/saved').exists()


def test_demonstrations_at_home_are_the_same_file(given, tmp_path, monkeypatch):
  monkeypatch.setenv('HOME', str(tmp_path))
  (tmp_path / 'mine.npz').write_text('')
  _launch(demos='~/mine.npz')
  _launch(demos='mine.npz')
  assert given[0][2] == str(tmp_path / 'mine.npz')
