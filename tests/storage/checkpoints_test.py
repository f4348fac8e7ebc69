"""Checkpoints are whole or absent, and bring everything back."""

import contextlib
import itertools
import os
import resource
import subprocess
import sys

import disks
import numpy as np
import pytest
import tensorflow as tf

from tfirl.storage import checkpoint_folders
from tfirl.storage.checkpoints import (
  CheckpointError,
  Checkpoints,
  PythonState,
  latest,
  restore_parts,
)


class _Counter:
  """State in Python, as a run's clocks and generators are."""

  def __init__(self):
    self.state = {}

  def trackable(self):
    return PythonState(lambda: self.state, self._set)

  def _set(self, state):
    self.state = state


@contextlib.contextmanager
def _file_size_limit(limit):
  """The kernel refuses to let any file grow beyond `limit` bytes."""
  soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
  try:
    yield
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _names(folder):
  return sorted(os.listdir(folder))


def test_variables_optimizer_and_python_state_come_back(tmp_path):
  rng = np.random.default_rng(3)
  counter = _Counter()
  counter.state = {
    'rng': rng.bit_generator.state,  # holds integers of 128 bits
    'steps': np.int64(12),
    'mean': np.array([0.1, 1e-300]),
  }
  variable = tf.Variable([1.0, 2.0])
  optimizer = tf.keras.optimizers.legacy.Adam(0.1)
  optimizer.apply_gradients([(tf.constant([1.0, -1.0]), variable)])
  parts = {'v': variable, 'opt': optimizer, 'counter': counter.trackable()}
  checkpoints = Checkpoints(tmp_path, parts)
  path = checkpoints.save(5)
  saved, drawn = variable.numpy(), rng.random(4)
  optimizer.apply_gradients([(tf.constant([5.0, 5.0]), variable)])
  counter.state = {}

  checkpoints.restore(path)

  np.testing.assert_array_equal(variable.numpy(), saved)
  assert optimizer.iterations.numpy() == 1
  assert counter.state['steps'] == 12
  assert counter.state['mean'] == [0.1, 1e-300]
  again = np.random.default_rng()
  again.bit_generator.state = counter.state['rng']
  np.testing.assert_array_equal(again.random(4), drawn)


def test_keeps_the_latest_by_number_not_by_name(tmp_path):
  checkpoints = Checkpoints(tmp_path, {'v': tf.Variable(0.0)}, max_to_keep=2)
  for step in (8, 9, 10, 100):
    checkpoints.save(step)
  assert _names(tmp_path) == ['10', '100']
  assert latest(tmp_path) == tmp_path / '100'


def test_latest_of_nothing_is_none(tmp_path):
  assert latest(tmp_path) is None
  assert latest(tmp_path / 'absent') is None


def test_same_step_is_replaced(tmp_path):
  variable = tf.Variable(1.0)
  checkpoints = Checkpoints(tmp_path, {'v': variable})
  checkpoints.save(3)
  variable.assign(2.0)
  checkpoints.save(3)
  variable.assign(9.0)
  checkpoints.restore(latest(tmp_path))
  assert variable.numpy() == 2.0
  assert _names(tmp_path) == ['3']


def test_replacement_cut_short_leaves_the_old_one(tmp_path):
  variable = tf.Variable(1.0)
  Checkpoints(tmp_path, {'v': variable}).save(3)
  os.rename(tmp_path / '3', tmp_path / 'old-3')  # killed between two renames
  variable.assign(9.0)
  checkpoints = Checkpoints(tmp_path, {'v': variable})
  checkpoints.restore(latest(tmp_path))
  assert variable.numpy() == 1.0
  checkpoints.save(4)
  assert _names(tmp_path) == ['4']


def test_hooks_write_into_the_checkpoint(tmp_path):
  def save_hook(folder):
    (folder / 'tables').mkdir()
    (folder / 'tables' / 'rows.txt').write_text('17')

  checkpoints = Checkpoints(tmp_path, {'v': tf.Variable(0.0)}, [save_hook])
  path = checkpoints.save(1)
  assert (path / 'tables' / 'rows.txt').read_text() == '17'


@pytest.mark.parametrize('error', [OSError(28, 'No space left'), TypeError()])
def test_failing_hook_keeps_the_old_checkpoint(tmp_path, error):
  def save_hook(folder):
    if folder.name.endswith('2'):
      (folder / 'half').write_text('written')
      raise error

  variable = tf.Variable(1.0)
  checkpoints = Checkpoints(tmp_path, {'v': variable}, [save_hook])
  checkpoints.save(1)
  variable.assign(2.0)
  with pytest.raises(CheckpointError, match='checkpoint 2 could not') as info:
    checkpoints.save(2)
  assert info.value.__cause__ is error
  assert str(tmp_path / '1') in str(info.value)
  assert _names(tmp_path) == ['1']
  checkpoints.restore(latest(tmp_path))
  assert variable.numpy() == 1.0
  checkpoints.save(3)  # and it goes on when there is room again
  assert latest(tmp_path) == tmp_path / '3'


def test_interrupt_passes_and_leaves_nothing_half_written(tmp_path):
  def save_hook(folder):
    raise KeyboardInterrupt

  checkpoints = Checkpoints(tmp_path, {'v': tf.Variable(1.0)}, [save_hook])
  with pytest.raises(KeyboardInterrupt):
    checkpoints.save(1)
  assert _names(tmp_path) == []


def test_file_that_cannot_grow_keeps_the_old_checkpoint(tmp_path):
  variable = tf.Variable(tf.ones([200_000]))  # 800 kB
  checkpoints = Checkpoints(tmp_path, {'v': variable})
  checkpoints.save(1)
  variable.assign(2 * variable)
  with _file_size_limit(100_000), pytest.raises(CheckpointError, match='MB'):
    checkpoints.save(2)
  assert _names(tmp_path) == ['1']
  checkpoints.restore(latest(tmp_path))
  assert variable.numpy().sum() == 200_000


def test_full_disk_keeps_the_old_checkpoint(tmp_path):
  """On a real file system of 1.2 MB; where none can be mounted, on a quota.

  A file size limit stands in for the full disk without root's rights.
  """
  disk = tmp_path / 'disk'
  variable = tf.Variable(tf.ones([200_000]))
  with disks.mounted(disk, '1200k') as mounted:
    full = contextlib.nullcontext() if mounted else _file_size_limit(100_000)
    checkpoints = Checkpoints(disk / 'checkpoints', {'v': variable})
    checkpoints.save(1)
    variable.assign(2 * variable)
    with full, pytest.raises(CheckpointError) as info:
      checkpoints.save(2)
    expected = 'No space left on device' if mounted else 'could not be written'
    assert expected in str(info.value)
    assert _names(disk / 'checkpoints') == ['1']
    checkpoints.restore(latest(disk / 'checkpoints'))
    assert variable.numpy().sum() == 200_000


def test_killed_while_writing_leaves_the_old_one(tmp_path):
  script = (
    'import os, signal, sys\n'
    'import tensorflow as tf\n'
    'from tfirl.storage.checkpoints import Checkpoints\n'
    'def hook(folder):\n'
    '  if folder.name == "tmp-2":\n'
    '    os.kill(os.getpid(), signal.SIGKILL)\n'
    'c = Checkpoints(sys.argv[1], {"v": tf.Variable(4.0)}, [hook])\n'
    'c.save(1)\n'
    'c.save(2)\n'
  )
  done = subprocess.run([sys.executable, '-c', script, tmp_path])
  assert done.returncode == -9
  assert _names(tmp_path) == ['1', 'tmp-2']
  assert latest(tmp_path) == tmp_path / '1'
  variable = tf.Variable(0.0)
  Checkpoints(tmp_path, {'v': variable}).restore(latest(tmp_path))
  assert variable.numpy() == 4.0
  assert _names(tmp_path) == ['1']


class _KilledError(BaseException):
  """Nothing handles it, as nothing does a SIGKILL."""


@contextlib.contextmanager
def _killed_at(number):
  """Call `number` of all that change the disk is not made, nor any later."""
  calls = itertools.count()

  def until_then(change):
    def changes(*args, **kwargs):
      if next(calls) >= number:
        raise _KilledError
      return change(*args, **kwargs)

    return changes

  with pytest.MonkeyPatch.context() as patch:
    for name in ('mkdir', 'rename', 'replace', 'unlink', 'rmdir', 'fsync'):
      patch.setattr(os, name, until_then(getattr(os, name)))
    yield


@pytest.mark.parametrize(('step', 'names'), [(3, '23'), (4, '34')])
def test_killed_anywhere_in_a_save_the_next_ones_go_well(tmp_path, step, names):
  """In place of the latest checkpoint, or behind it."""
  variable = tf.Variable(0.0)
  for number in itertools.count():
    folder = tmp_path / str(number)
    variable.assign(1.0)
    checkpoints = Checkpoints(folder, {'v': variable})
    checkpoints.save(2)
    checkpoints.save(3)
    variable.assign(2.0)
    with contextlib.suppress(_KilledError), _killed_at(number):
      checkpoints.save(step)
      break
    sound, damaged = checkpoint_folders.newest_sound(folder)
    variable.assign(9.0)
    again = Checkpoints(folder, {'v': variable})
    again.restore(sound)
    assert variable.numpy() in (1.0, 2.0) and not damaged
    left = [int(name.removeprefix('old-')) for name in _names(folder)]
    assert len(set(left)) == len(left), number
    again.save(step)
    assert _names(folder) == list(names), number
  assert number > 10  # two renames, and a file's removal at least


@pytest.mark.parametrize('names', [('v',), ('v', 'w', 'x')])
def test_checkpoint_of_other_parts_is_refused(tmp_path, names):
  saved = {'v': tf.Variable(1.0), 'w': tf.Variable(1.0)}
  path = Checkpoints(tmp_path, saved).save(1)
  others = {name: tf.Variable(0.0) for name in names}
  with pytest.raises(CheckpointError, match='does not fit'):
    Checkpoints(tmp_path, others).restore(path)


def test_damaged_checkpoint_is_named(tmp_path):
  checkpoints = Checkpoints(tmp_path, {'v': tf.Variable(tf.ones([1000]))})
  path = checkpoints.save(1)
  for data in path.glob('*.data*'):
    os.truncate(data, 10)
  with pytest.raises(CheckpointError, match=str(path)):
    checkpoints.restore(path)


def test_state_that_json_cannot_hold_is_refused(tmp_path):
  state = PythonState(lambda: {'x': object()}, lambda state: None)
  with pytest.raises(CheckpointError, match='object in the state'):
    Checkpoints(tmp_path, {'s': state}).save(1)


def test_python_state_comes_back_after_the_variables(tmp_path):
  variable = tf.Variable(3.0)
  seen = []
  parts = {
    'a': PythonState(lambda: 0, lambda _: seen.append(variable.numpy())),
    'v': variable,
    'z': PythonState(lambda: 0, lambda _: seen.append(variable.numpy())),
  }
  checkpoints = Checkpoints(tmp_path, parts)
  path = checkpoints.save(1)
  variable.assign(5.0)
  checkpoints.restore(path)
  assert seen == [3.0, 3.0]


class _Part(tf.Module):
  def __init__(self, value):
    super().__init__()
    self.weight = tf.Variable(value)


def test_some_parts_of_a_checkpoint(tmp_path):
  saved = {'model': _Part([1.0, 2.0]), 'agent': _Part(3.0)}
  state = _Counter().trackable()
  path = Checkpoints(tmp_path, {**saved, 'clock': state}).save(7)
  model = _Part([0.0, 0.0])
  assert restore_parts(path, {'model': model}) == []
  np.testing.assert_array_equal(model.weight, [1.0, 2.0])
  other = _Part([0.0, 0.0])
  assert restore_parts(path, {'model': other, 'end': _Part(0.0)}) == ['end']
  np.testing.assert_array_equal(other.weight, [0.0, 0.0])
  with pytest.raises(CheckpointError, match='7 does not fit model: .*[Ss]hape'):
    restore_parts(path, {'model': _Part([0.0])})
