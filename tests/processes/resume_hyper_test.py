"""HyPER, killed in the middle of what takes it longest."""

import json
import signal

import pytest
import tensorflow as tf

from tfirl.storage import checkpoints

# The third fit's second epoch.
_IN_A_FIT = """
import os, signal
from tfirl.dynamics import trainer
calls, original = [], trainer.DynamicsTrainer._fit_epochs
class Counted:
  def __init__(self, rng):
    self.rng = rng
  def permuted(self, *args, **kwargs):  # at the beginning of each epoch
    calls.append(1)
    if len(calls) == 6:
      os.kill(os.getpid(), signal.SIGKILL)
    return self.rng.permuted(*args, **kwargs)
def killed(self, *args):
  rng, self._rng = self._rng, Counted(self._rng)
  result = original(self, *args)
  self._rng = rng
  return result
trainer.DynamicsTrainer._fit_epochs = killed
"""
# The second of three chunks after the third fit.
_IN_A_ROLLOUT = """
import os, signal
from tfirl.dynamics import model_env
calls, original = [], model_env.ModelEnv._graph
def killed(self, loop, policy):
  rollout = original(self, loop, policy)
  def chunk(*args):
    calls.append(1)
    if len(calls) == 8:
      os.kill(os.getpid(), signal.SIGKILL)
    return rollout(*args)
  return chunk
model_env.ModelEnv._graph = killed
"""


def _saved(run):
  """What the latest checkpoint says."""
  latest = checkpoints.latest(run.checkpoints)
  reader = tf.train.load_checkpoint(str(latest / 'variables'))

  def value(prefix):
    keys = reader.get_variable_to_shape_map()
    (key,) = [key for key in keys if key.startswith(prefix)]
    return reader.get_tensor(key)

  tables = json.loads((latest / 'tables.json').read_text())
  return {
    **json.loads(value('state/'))['clock'],
    'cost_turns': int(value('cost/_rounds/')),
    'epochs': int(value('trainer/_epochs/')),
    **{name: table['size'] for name, table in tables.items()},
  }


def _expected(env_steps, saved):
  """A checkpoint at `env_steps`, however often the run was interrupted.

  The first updates come with the 40th step; `learner` holds the 60 rollouts of
  one step, in blocks of 4.
  """
  updates = 2 * (env_steps - 36)
  return {
    'env_steps': env_steps,
    'rollout_steps': saved['rollout_steps'],
    'stale_steps': 0,
    'updates': updates,
    'cost_turns': updates // 30,
    'epochs': 2 * (env_steps // 20 - 1),
    'policy': env_steps // 5 * 5,
    'hybrid': 2 * env_steps // 16 * 16,
    'expert': saved['expert'],
    'learner_1': 60,
    **{name: 0 for name in saved if name[:8] == 'learner_' and name[8:] != '1'},
  }


@pytest.mark.parametrize('prelude', [_IN_A_FIT, _IN_A_ROLLOUT])
def test_goes_on_after_a_kill(hyper_run, prelude):
  run = hyper_run
  assert run.finish(run.start(prelude=prelude)) == -signal.SIGKILL, run.errors
  killed = _saved(run)
  assert killed == _expected(60, killed)
  assert run.last_row_step() == 60  # not 80: that round did not end

  assert run.finish() == 0, run.errors
  ended = _saved(run)
  assert ended == _expected(120, ended)
  assert ended['rollout_steps'] > killed['rollout_steps']
  rows = run.rows()
  assert [int(row['env_steps']) for row in rows] == list(range(0, 121, 20))
  assert all(
    int(row['real_steps']) == int(row['env_steps']) + int(row['rollout_steps'])
    for row in rows
  )
  assert int(rows[-1]['real_steps']) == 120 + ended['rollout_steps']
  assert {row['traces'] for row in rows[2:]} == {'1'}
