"""Real processes of `python -m tfirl.launch` on a tiny game in Hopper."""

import csv
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from tfirl.storage import checkpoints

_PATH = os.pathsep.join(map(os.path.abspath, sys.path))
_TIMEOUT_S = 120

# Two rounds before the first gradient step; blocks that rounds don't fill.
TINY = {
  'run.real_steps': None,  # whichever the file binds
  'run.env_steps': 960,
  'run.eval_every': 32,
  'run.eval_episodes': 1,
  'run.checkpoint_every': 320,
  'run.record_video': False,
  'ModelFree.steps_per_round': 16,
  'ModelFree.batch_size': 8,
  'ModelFree.initial_steps': 32,
  'WarmStart.bc_steps': 0,
  'WarmStart.critic_steps': 0,
  'CostTurns.cost_update_period': 64,
  'CostTurns.cost_rollout_episodes': 1,
  'tfirl.SacAgent.hidden': (8,),
  'CostNetwork.layers': (8,),
  'CostLearner.batch_size': 32,
  'policy/table.rows_per_item': 5,
  'expert/table.rows_per_item': 32,
}


# 4 steps a round and 8 updates; fits at 40, 60, 80, 100 and 120 steps, of two
# epochs each, then 60 rollouts in chunks of 25; checkpoints at 60 and 120.
HYPER_TINY = {
  'run.real_steps': None,  # whichever the file binds
  'run.env_steps': 120,
  'run.eval_every': 20,
  'run.eval_episodes': 1,
  'run.checkpoint_every': 60,
  'run.record_video': False,
  'ModelBased.initial_steps': 40,
  'WarmStart.bc_steps': 0,
  'WarmStart.critic_steps': 0,
  'ModelBased.steps_per_round': 4,
  'ModelBased.policy_updates_per_step': 2,
  'ModelBased.batch_size': 8,
  'ModelBased.dynamics_update_period': 20,
  'ModelBased.demos_in_hybrid': False,
  'Imagination.rollouts_per_step': 3,
  'Imagination.epoch_length': 20,
  'ModelEnv.chunk_rows': 25,
  'CostTurns.cost_update_period': 30,
  'CostTurns.cost_rollout_episodes': 1,
  'tfirl.SacAgent.hidden': (8,),
  'tfirl.SacAgent.use_ema': True,
  'CostNetwork.layers': (8,),
  'CostLearner.batch_size': 32,
  'GaussianEnsemble.layers': (8,),
  'DynamicsTrainer.batch_size': 8,
  'DynamicsTrainer.max_epochs': 2,
  'policy/table.rows_per_item': 5,
  'expert/table.rows_per_item': 32,
  'hybrid/table.rows_per_item': 16,
  'learner/table.rows_per_item': 4,
}


@dataclasses.dataclass
class Run:
  """One run folder and the command that fills it.

  Attributes:
    root: of all runs; the process works there.
    log: path of what the latest process wrote to stderr.
    demos: path of the demonstrations.
    bindings: name -> value, of the command.
    start_warm, call_warm: the fixtures.
    algorithm: the command's.
    gin_folder: of its gin file; '' for the recipes, whose cost takes no steps.
    environment: variables of the process.
    flags: more of them, of the command.
  """

  root: os.PathLike
  log: os.PathLike
  demos: os.PathLike
  bindings: dict
  start_warm: Callable
  call_warm: Callable
  algorithm: str = 'hype'
  gin_folder: str = 'paper/'
  environment: dict = dataclasses.field(default_factory=dict)
  flags: tuple[str, ...] = ()

  @property
  def path(self):
    return self.root / 'hopper' / self.algorithm / '0'

  @property
  def checkpoints(self):
    return self.path / 'checkpoints'

  @property
  def errors(self):
    """What the latest process wrote to stderr."""
    return self.log.read_text()

  def start(self, *, prelude='', **changes):
    """Starts the process.

    Args:
      prelude: Python that runs in it first.
      **changes: bindings by name.
    """
    bindings = {**self.bindings, **changes}
    words = [
      'tfirl.launch',
      f'--gin_file={self.gin_folder}{self.algorithm}_hopper.gin',
      *(f'--gin_bindings={k} = {v!r}' for k, v in bindings.items()),
      *(f'--root_dir={self.root}', f'--demos={self.demos}'),
      *self.flags,
    ]
    return self.start_command(words, prelude)

  def start_command(self, words, prelude=''):
    """Starts any module, whose run has this folder."""
    open(self.log, 'w').close()
    return self.start_warm(
      words,
      cwd=self.root,
      env=self._env(),
      stdout=os.devnull,
      stderr=self.log,
      prelude=prelude,
    )

  def finish(self, process=None, **changes):
    """Waits for the process to end. Returns: its exit code."""
    process = process or self.start(**changes)
    try:
      return process.wait(_TIMEOUT_S)
    except subprocess.TimeoutExpired:
      process.kill()
      pytest.fail(f'still running after {_TIMEOUT_S} s: {self.errors}')

  def call(self, module, *args):
    """Runs `python -m tfirl.MODULE RUN ARGS`. Returns: the done process."""
    words = f'tfirl.{module}', self.path, *args
    where = {'cwd': self.root, 'env': self._env(), 'timeout': _TIMEOUT_S}
    return self.call_warm(*words, **where)

  def _env(self):
    """The process works elsewhere, and tfirl may not be installed."""
    own = {'PYTHONPATH': _PATH, 'TF_CPP_MIN_LOG_LEVEL': '3'}
    return os.environ | own | self.environment

  def pause_when(self, process, condition):
    """Leaves the process stopped by SIGSTOP at a moment of `condition()`."""
    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline:
      time.sleep(0.02)
      process.send_signal(signal.SIGSTOP)
      if process.poll() is not None:
        pytest.fail(f'ended early, with {process.returncode}: {self.errors}')
      if condition():
        return
      process.send_signal(signal.SIGCONT)
    process.kill()
    pytest.fail(f'condition not met in {_TIMEOUT_S} s: {self.errors}')

  def rows(self):
    """Rows of metrics.csv as text, [] before there are any."""
    try:
      with open(self.path / 'metrics.csv', newline='') as file:
        return list(csv.DictReader(file))
    except FileNotFoundError:
      return []

  def last_row_step(self):
    return max((int(row['env_steps']) for row in self.rows()), default=-1)

  def checkpoint_step(self):
    """Step of the latest checkpoint, -1 without one."""
    latest = checkpoints.latest(self.checkpoints)
    return -1 if latest is None else int(latest.name)

  def saved(self):
    """What the latest checkpoint says: clocks and sizes by name."""
    latest = checkpoints.latest(self.checkpoints)
    reader = tf.train.load_checkpoint(str(latest / 'variables'))
    keys = reader.get_variable_to_shape_map()
    (state_key,) = [key for key in keys if key.startswith('state/')]
    (rounds_key,) = [key for key in keys if key.startswith('cost/_rounds/')]
    state = json.loads(reader.get_tensor(state_key))
    tables = json.loads((latest / 'tables.json').read_text())
    with np.load(latest / 'partial_policy.npz') as arrays:
      partial_rows = len(arrays['rows'])
    return {
      **state['clock'],
      'cost_turns': int(reader.get_tensor(rounds_key)),
      'policy_rows': tables['policy']['size'],
      'partial_policy_rows': partial_rows,
      'expert_rows': tables['expert']['size'],
    }


@pytest.fixture
def run(tmp_path, hopper_demos, start_warm, call_warm):
  """A run that has not been started."""
  warm = start_warm, call_warm
  return Run(tmp_path, tmp_path / 'stderr', hopper_demos, dict(TINY), *warm)


@pytest.fixture
def hyper_run(run):
  """Likewise, of HyPER."""
  return dataclasses.replace(run, algorithm='hyper', bindings=dict(HYPER_TINY))


@pytest.fixture
def iq_learn_run(run):
  """Likewise, of IQ-Learn, which has no cost and no published file."""
  bindings = {
    name: value
    for name, value in TINY.items()
    if not name.startswith(('Cost', 'WarmStart'))
  }
  return dataclasses.replace(
    run, algorithm='iq_learn', gin_folder='', bindings=bindings
  )
