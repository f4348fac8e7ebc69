"""A run that can't go on says why, exits with 1 and keeps its checkpoint."""

import os
import resource
import shlex
import signal

import disks

from tfirl.storage import checkpoints


def _error_line(run):
  """The one message; there may be no traceback on the terminal."""
  assert 'Traceback' not in run.errors
  (line,) = [x for x in run.errors.splitlines() if x.startswith('error: ')]
  return line


def test_non_finite_loss(run):
  """Checkpoints at 32 and 64; training starts, and fails, at 96. The command
  that the message ends with goes on from there.
  """
  too_high = {'tfirl.SacAgent.learning_rate': 1e30}
  settings = {
    'ModelFree.initial_steps': 96,
    'run.checkpoint_every': 32,
    'run.env_steps': 128,
  }
  assert run.finish(**settings, **too_high) == 1
  error = _error_line(run)
  for part in (
    'step 96, round 6: ',
    'expected finite numbers',
    f'Demonstrations: {run.demos}',
    'Perhaps too high: tfirl.SacAgent.learning_rate = 1e+30',
    f'last good checkpoint is {run.checkpoints / "64"}',
  ):
    assert part in error
  assert run.saved()['env_steps'] == 64
  assert 'FloatingPointError' in (run.path / 'error.txt').read_text()

  words = shlex.split(error.split('with a lower rate: ')[1])
  assert words[:3] == ['python', '-m', 'tfirl.launch']
  assert words[-2:] == [
    '--gin_bindings=tfirl.SacAgent.learning_rate = 1e+29',
    '--allow_changes',
  ]
  words[-2] = '--gin_bindings=tfirl.SacAgent.learning_rate = 1e-3'
  assert run.finish(run.start_command(words[2:])) == 0, run.errors
  assert run.saved()['updates'] == 128 - 80
  config = (run.path / 'config.gin').read_text()
  assert 'learning_rate = 0.001' in config


def test_starved_table_ends_within_its_timeout(run):
  """Only whole blocks can be sampled: 32 steps hold none of 40."""
  code = run.finish(
    **{
      'policy/table.rows_per_item': 40,
      'policy/table.timeout_ms': 1000,
    }
  )
  assert code == 1
  error = _error_line(run)
  assert "table 'policy'" in error and 'within 1000 ms' in error


def test_misspelled_scope(run):
  assert run.finish(**{'polcy/table.capacity': 1000}) == 1
  error = run.errors
  assert 'unused gin binding: polcy/table.capacity = 1000' in error
  assert 'did you mean policy' in error
  assert 'Traceback' not in error
  # The mistake can be mended: the folder is not bound to it.
  assert checkpoints.latest(run.checkpoints) is None
  assert not (run.path / 'config.gin').exists()


def test_full_disk(run, tmp_path):
  """Full after the first checkpoint; a file size limit, if none is mounted."""
  with disks.mounted(tmp_path / 'disk', '40m') as mounted:
    run.root = tmp_path / 'disk'
    # No evaluation, so that it is the checkpoint that meets the full disk.
    run.bindings |= {'run.eval_every': 10_000, 'run.env_steps': 640}
    process = run.start()
    run.pause_when(process, lambda: (run.path / 'policy.npz').exists())
    kept = run.checkpoint_step()
    assert kept > 0
    if mounted:
      disks.fill(run.root)
    else:
      limit = 30_000  # more than the log, less than Reverb's rows
      resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    process.send_signal(signal.SIGCONT)
    assert run.finish(process) == 1
    (run.root / 'filler').unlink(missing_ok=True)
    error = _error_line(run)
    assert f'checkpoint {kept + 320} could not be written' in error
    assert f'the last good one: {run.checkpoints / str(kept)}' in error
    assert run.saved()['env_steps'] == kept
    assert os.listdir(run.checkpoints) == [str(kept)]
    assert run.finish() == 0, run.errors  # there is room again: it goes on
    assert run.saved()['env_steps'] == 640
