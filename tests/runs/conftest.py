"""An algorithm that counts, and what runs it in a folder of its own."""

import csv
import json
import math
import types

import gymnasium
import numpy as np
import pytest
import tensorflow as tf
from gymnasium import spaces

from tfirl import acting, tasks
from tfirl.algorithms.parts import clock as clock_lib
from tfirl.config import budget, gin_bindings
from tfirl.runs import experiment
from tfirl.storage import checkpoints
from tfirl.storage.run_folder import RunFolder

_ENV_ID = 'TfirlEcho-v0'


class EchoEnv(gymnasium.Env):
  """Pays what the first action says, for three steps."""

  observation_space = spaces.Box(-1.0, 1.0, (1,))
  action_space = spaces.Box(-1.0, 1.0, (1,))
  metadata = {'render_modes': ['rgb_array'], 'render_fps': 30}

  def __init__(self, render_mode=None):
    self.render_mode = render_mode

  def reset(self, *, seed=None, options=None):
    super().reset(seed=seed)
    return np.zeros(1), {}

  def step(self, action):
    return np.zeros(1), float(action[0]), False, False, {}

  def render(self):
    return np.zeros((32, 32, 3), np.uint8)


class _Counting(tf.Module):
  """An algorithm of ten steps a round that follows a script.

  Attributes:
    rounds: how many it ran in this process.
    returns: its policy's return after each round, the last one from then on.
  """

  def __init__(self, demos, seed, restore_from, script):
    super().__init__()
    self.demos, self.seed, self.restore_from = demos, seed, restore_from
    self.clock = clock_lib.Clock()
    self.losses = {'toy_loss': 0.0}
    self.cost = None
    self.is_unfinished = False
    self.num_traces = 1
    self.rounds = 0
    self.closed = False
    self.recorded_in, self.finished_in = [], []
    self._returns_of_training = []
    self.weight = tf.Variable(0.0)
    self._script = script
    script.while_made()
    self._set_policy()

  def _set_policy(self):
    at = min(self.clock.updates // 10, len(self._script.returns) - 1)
    bias = np.float32([np.arctanh(self._script.returns[at] / 3)])
    self.policy = acting.MlpPolicy([(np.zeros((1, 1), np.float32), bias)], 1)

  def run_round(self):
    self.rounds += 1
    self.clock.updates += 10
    if self._script.budget_units == budget.STEPS:
      self.clock.env_steps += 10
      self.clock.rollout_steps += 5
    self._returns_of_training.append(float(self.rounds))
    self.weight.assign_add(1.0)
    self._set_policy()
    self._script.after_round(self)

  def trackables(self):
    def get_state():
      return {'clock': vars(self.clock), 'is_unfinished': self.is_unfinished}

    def set_state(state):
      self.clock = clock_lib.Clock(**state['clock'])
      self.is_unfinished = state['is_unfinished']

    return {
      'net': self,
      'state': checkpoints.PythonState(get_state, set_state),
    }

  def training_episodes(self):
    ended = self._returns_of_training
    return {'training_return': np.mean(ended)} if ended else {}

  def forget_training_episodes(self):
    self._returns_of_training = []

  def save_tables(self, folder):
    (folder / 'tables').write_text(str(self.clock.env_steps))

  def table_sizes(self):
    return {'toy': self.clock.env_steps}

  def write_records(self, folder):
    self.recorded_in.append(folder)

  def finish(self, folder):
    self.finished_in.append(folder)

  def close(self):
    self.closed = True


@pytest.fixture(autouse=True)
def task():
  """The toy environment, bound as a task's gin file would."""
  gymnasium.register(_ENV_ID, EchoEnv, max_episode_steps=3)
  gin_bindings.parse([], ["Task.name = 'toy'", f"Task.env_id = '{_ENV_ID}'"])
  yield
  del gymnasium.registry[_ENV_ID]


class _Runner:
  """Calls `experiment.run` on one run folder, a process's worth each time."""

  def __init__(self, root):
    self.root = root
    self.path = root / 'toy' / 'counting' / '7'
    self.script = types.SimpleNamespace(
      returns=[0.0],
      budget_units=budget.STEPS,
      learns_from_demos=False,
      after_round=lambda algorithm: None,
      while_made=lambda: None,
    )

  def __call__(
    self, stop_after=math.inf, demos=None, allow_changes=False, **changes
  ):
    """Returns: the algorithm, when the run is over; 60 env steps by default."""
    made = []

    def make_algorithm(task, demos, seed, restore_from):
      made.append(_Counting(demos, seed, restore_from, self.script))
      return made[0]

    make_algorithm.budget_units = self.script.budget_units
    make_algorithm.learns_from_demos = self.script.learns_from_demos
    if not changes.keys() & set(budget.UNITS):
      changes['env_steps'] = 60
    settings = {
      'algorithm': 'counting',
      'make_algorithm': make_algorithm,
      'eval_every': 20,
      'eval_episodes': 2,
      'checkpoint_every': 30,
      'record_video': False,
      **changes,
    }
    folder = self.root, 'toy', 'counting', 7, None, allow_changes
    with RunFolder(*folder) as run_folder:
      experiment.run(
        run_folder,
        tasks.make_task(),
        7,
        demos,
        lambda: made[0].rounds >= stop_after,
        **settings,
      )
    return made[0]

  def rows(self, *names):
    """Columns of metrics.csv as numbers, one tuple a row."""
    rows = self._read_rows()
    return [tuple(float(row[name]) for name in names) for row in rows]

  def last_row(self):
    """Of metrics.csv, as text by column."""
    return self._read_rows()[-1]

  def _read_rows(self):
    with open(self.path / 'metrics.csv', newline='') as file:
      return list(csv.DictReader(file))

  def steps(self):
    return [step for (step,) in self.rows('env_steps')]

  def digest(self):
    """Of the demonstrations, as metadata.json has it."""
    metadata = json.loads((self.path / 'metadata.json').read_text())
    return metadata['demonstrations']['digest']

  def checkpoints(self):
    return sorted(int(p.name) for p in (self.path / 'checkpoints').iterdir())


@pytest.fixture
def run(tmp_path, monkeypatch):
  # TensorFlow has started: the environment sizes its threads.
  monkeypatch.setenv('TF_NUM_INTRAOP_THREADS', '0')
  return _Runner(tmp_path)
