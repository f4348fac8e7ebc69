"""Stopped, killed, ended or changed: what the same command does next."""

import signal
import time

_PERIOD = 64  # CostTurns.cost_update_period
# Standard error is a terminal that is closed after a second: what is written to
# it then is an error.
_ON_A_TERMINAL = """
import os, threading
terminal, own = os.openpty()
os.dup2(own, 2)
os.close(own)
def close():
  threading.Event().wait(1.0)
  os.close(terminal)
threading.Thread(target=close, daemon=True).start()
"""


def _expected(env_steps, saved):
  """A checkpoint at `env_steps`, however often the run was interrupted.

  The first round takes no gradient step, later ones one a step; a round of
  the cost comes every 64 steps; blocks are of 5 rows. How long the cost's
  rollouts are and how many expert rows there are is not known beforehand.
  """
  return {
    'env_steps': env_steps,
    'updates': env_steps - 16,
    'rollout_steps': saved['rollout_steps'],
    'stale_steps': 0,
    'cost_turns': env_steps // _PERIOD,
    'policy_rows': env_steps // 5 * 5,
    'partial_policy_rows': env_steps % 5,
    'expert_rows': saved['expert_rows'],
  }


def _check_rows(run, last):
  """Evaluations every 32 steps up to `last`, each once and in order."""
  rows = run.rows()
  assert [int(row['env_steps']) for row in rows] == list(range(0, last + 1, 32))
  for row in rows[1:]:
    assert int(row['updates']) == int(row['env_steps']) - 16
    assert int(row['rows_policy']) == int(row['env_steps']) // 5 * 5
    assert row['traces'] == '1'
  for row in rows:
    taken = int(row['env_steps']), int(row['rollout_steps'])
    assert int(row['real_steps']) == sum(taken)
  for name in ('wall_s', 'rollout_steps'):
    values = [float(row[name]) for row in rows]
    assert values == sorted(values)
  assert float(rows[-1]['rollout_steps']) > 0


def _kill(run):
  """kill -9 when there are results later than the checkpoint."""
  process = run.start()
  run.pause_when(
    process, lambda: run.last_row_step() > run.checkpoint_step() > 0
  )
  process.kill()
  assert run.finish(process) == -signal.SIGKILL


def _terminate(run, after):
  """SIGTERM some time after step `after`."""
  process = run.start()
  run.pause_when(process, lambda: run.last_row_step() > after)
  process.terminate()
  process.send_signal(signal.SIGCONT)
  assert run.finish(process) == 0, run.errors
  assert 'SIGTERM: stopping after this round' in run.errors


def _contents(run):
  """Bytes of all that a run's results are."""
  paths = [run.path / 'metrics.csv', *run.checkpoints.rglob('*')]
  return {path: path.read_bytes() for path in paths if path.is_file()}


def _check_what_reads_a_run(run):
  """Its evaluation with a video, and its report."""
  done = run.call('evaluate', '--episodes=1', '--video=x.gif')
  assert done.returncode == 0, done.stderr
  assert '(mean +- std of 1 episodes)' in done.stdout
  assert (run.root / 'x.gif').read_bytes().startswith(b'GIF8')
  done = run.call('report', '--out=report')
  assert done.returncode == 0, done.stderr
  assert '| hopper | hype | 1 |' in done.stdout
  assert (run.root / 'report' / 'index.html').stat().st_size > 10_000


def test_a_run_goes_on_where_its_checkpoint_is(run):
  _kill(run)
  killed_at, killed = run.checkpoint_step(), run.saved()
  assert killed == _expected(killed_at, killed)
  kept = [r for r in run.rows() if int(r['env_steps']) <= killed_at]
  assert len(kept) < len(run.rows())

  _terminate(run, after=run.last_row_step())
  stopped_at, stopped = run.checkpoint_step(), run.saved()
  assert run.last_row_step() <= stopped_at < 960
  assert stopped == _expected(stopped_at, stopped)
  assert stopped['rollout_steps'] >= killed['rollout_steps']
  assert stopped['expert_rows'] == killed['expert_rows']
  assert run.rows()[: len(kept)] == kept  # wall_s and all: not made again
  _check_rows(run, stopped_at // 32 * 32)

  assert run.finish() == 0, run.errors
  ended = run.saved()
  assert ended == _expected(960, ended)
  assert ended['rollout_steps'] > stopped['rollout_steps']
  _check_rows(run, 960)
  # What the runs before took is neither lost nor counted again.
  assert int(run.rows()[-1]['real_steps']) == 960 + ended['rollout_steps']

  before = _contents(run)
  assert run.finish() == 0, run.errors
  assert 'the budget, 960 env steps, is spent (960 taken)' in run.errors
  assert _contents(run) == before

  _check_what_reads_a_run(run)
  assert _contents(run) == before

  assert run.finish(**{'ModelFree.batch_size': 9}) == 1
  assert 'ModelFree.batch_size: was 8, is 9' in run.errors
  assert 'Traceback' not in run.errors
  assert _contents(run) == before


def test_a_terminal_that_is_closed_ends_it_with_a_checkpoint(run):
  """It sends SIGHUP, twice where a shell hands it on, and then takes no text.

  Nor does a pipe whose reader has gone.
  """
  run.bindings['run.env_steps'] = 1_000_000
  process = run.start(prelude=_ON_A_TERMINAL)
  run.pause_when(process, lambda: run.last_row_step() > 320)
  process.send_signal(signal.SIGHUP)
  process.send_signal(signal.SIGCONT)
  time.sleep(0.2)
  process.send_signal(signal.SIGHUP)
  assert run.finish(process) == 0, (run.path / 'error.txt').read_text()
  assert run.checkpoint_step() >= run.last_row_step()
  assert run.checkpoint_step() % 320  # the one of its end
