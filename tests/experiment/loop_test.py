"""The loop around an algorithm: evaluations, checkpoints, resuming, errors."""

import csv
import logging
import math
import types

import gin
import gymnasium
import numpy as np
import pytest
import tensorflow as tf
from gymnasium import spaces

from tfirl import (
  acting,
  budget,
  checkpoints,
  experiment,
  gin_bindings,
  session,
)
from tfirl.agents import export
from tfirl.algorithms import clock as clock_lib
from tfirl.demos import npz
from tfirl.demos.border import RawDemonstrations
from tfirl.envs import suites
from tfirl.run_folder import RunFolder

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

  def __init__(self, load_demos, seed, restore_from, script):
    super().__init__()
    self.load_demos, self.seed, self.restore_from = (
      load_demos,
      seed,
      restore_from,
    )
    self.clock = clock_lib.Clock()
    self.losses = {'toy_loss': 0.0}
    self.num_traces = 1
    self.rounds = 0
    self.closed = False
    self.recorded_in, self.finished_in = [], []
    self.weight = tf.Variable(0.0)
    self._script = script
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
    self.weight.assign_add(1.0)
    self._set_policy()
    self._script.after_round(self)

  def trackables(self):
    def set_state(state):
      self.clock = clock_lib.Clock(**state)

    get_state = lambda: vars(self.clock)  # noqa: E731
    return {
      'net': self,
      'state': checkpoints.PythonState(get_state, set_state),
    }

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
  gin_bindings.parse([], [f"suites.load.env_id = '{_ENV_ID}'"])
  yield
  gin.clear_config()
  del gymnasium.registry[_ENV_ID]


class _Runner:
  """Calls `experiment.run` on one run folder, a process's worth each time."""

  def __init__(self, root):
    self.root = root
    self.path = root / 'toy' / 'counting' / '7'
    self.script = types.SimpleNamespace(
      returns=[0.0],
      budget_units=budget.STEPS,
      after_round=lambda algorithm: None,
    )

  def __call__(self, stop_after=math.inf, demos=None, **changes):
    """Returns: the algorithm, when the run is over; 60 env steps by default."""
    made = []

    def make_algorithm(load_demos, seed, restore_from):
      made.append(_Counting(load_demos, seed, restore_from, self.script))
      return made[0]

    make_algorithm.budget_units = self.script.budget_units
    if not changes.keys() & set(budget.UNITS):
      changes['env_steps'] = 60
    settings = {
      'task': 'toy',
      'algorithm': 'counting',
      'make_algorithm': make_algorithm,
      'eval_every': 20,
      'eval_episodes': 2,
      'checkpoint_every': 30,
      'record_video': False,
      **changes,
    }
    with RunFolder(self.root, 'toy', 'counting', 7) as run_folder:
      experiment.run(
        run_folder,
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

  def checkpoints(self):
    return sorted(int(p.name) for p in (self.path / 'checkpoints').iterdir())


@pytest.fixture
def run(tmp_path, monkeypatch):
  # TensorFlow has started: the environment sizes its threads.
  monkeypatch.setenv('TF_NUM_INTRAOP_THREADS', '0')
  return _Runner(tmp_path)


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
  def full_disk(policy, folder):
    raise error

  monkeypatch.setattr(export, 'save_policy', full_disk)
  with pytest.raises(checkpoints.CheckpointError, match='No space') as info:
    run()
  kept = run.path / 'checkpoints' / '30'
  assert f'written to {run.path / "policy"} (the last good' in str(info.value)
  assert f'checkpoint: {kept})' in str(info.value)
  assert run.checkpoints() == [30]


def test_stops_after_the_round_with_a_checkpoint(run):
  run(stop_after=4)
  assert run.checkpoints() == [30, 40]
  assert run.steps() == [0, 20, 40]


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


def test_budget_may_be_in_updates(run):
  run.script.budget_units = budget.UPDATES
  run(updates=40)
  run(updates=60)
  assert run.rows('real_steps', 'updates') == [(0, n) for n in (0, 20, 40, 60)]


def test_budget_may_be_of_all_real_steps(run):
  """15 a round: 10 of training, 5 for the cost; all periods count both."""
  assert run(real_steps=70).rounds == 5
  assert run.rows('real_steps', 'env_steps', 'rollout_steps') == [
    (0, 0, 0),
    (30, 20, 10),
    (45, 30, 15),
    (60, 40, 20),
    (75, 50, 25),
  ]
  assert run.checkpoints() == [60, 75]


def test_a_resumed_run_counts_no_step_twice(run):
  """Killed in its sixth round; the checkpoint is of the third."""

  def fail(algorithm):
    if algorithm.clock.real_steps == 90:
      raise KeyboardInterrupt

  run.script.after_round = fail
  with pytest.raises(KeyboardInterrupt):
    run(real_steps=120, checkpoint_every=40)
  assert run.rows('real_steps') == [(0,), (30,), (45,), (60,)]
  assert run.checkpoints() == [45]
  run.script.after_round = lambda algorithm: None
  # Three rounds were kept, and five are left of eight.
  algorithm = run(real_steps=120, checkpoint_every=40)
  assert (algorithm.rounds, algorithm.clock.real_steps) == (5, 120)
  found = run.rows('real_steps', 'env_steps', 'rollout_steps')
  rounds = (0, 2, 3, 4, 6, 7, 8)
  assert found == [(15 * n, 10 * n, 5 * n) for n in rounds]


@pytest.mark.parametrize(
  ('spent', 'unit'), [({'real_steps': 30}, 'real'), ({'env_steps': 20}, 'env')]
)
def test_a_budget_that_is_spent_on_resume_is_said(run, capsys, spent, unit):
  assert run(**spent).rounds == 2
  assert 'is spent' not in capsys.readouterr().err
  rows = run.rows('real_steps', 'wall_s')
  assert run(**spent).rounds == 0
  total = spent[f'{unit}_steps']
  lines = capsys.readouterr().err.replace('\r', '\n').splitlines()
  assert [line for line in lines if 'is spent' in line] == [
    f'counting toy 7: the budget, {total} {unit} steps, is spent ({total} '
    'taken): nothing is left to train'
  ]
  assert run.rows('real_steps', 'wall_s') == rows


def test_speed_is_in_real_steps_whatever_the_budget(run, monkeypatch):
  clock = iter(range(10_000))
  monotonic = lambda: float(next(clock))  # noqa: E731
  monkeypatch.setattr(
    session, 'time', types.SimpleNamespace(monotonic=monotonic)
  )
  run(env_steps=20)
  # Two rounds of 15 steps in what the clock shows to be a second each.
  assert run.last_row()['steps_per_s'] == '15'


@pytest.mark.parametrize(
  ('units', 'bound', 'message'),
  [
    (budget.STEPS, {'env_steps': None}, 'found no budget; expected run.real'),
    (
      budget.STEPS,
      {'env_steps': 60, 'real_steps': 90},
      'to use run.real_steps, bind run.env_steps = None',
    ),
    (
      budget.UPDATES,
      {'env_steps': 60},
      'found run.env_steps = 60; expected run.updates, for counting counts',
    ),
  ],
)
def test_another_budget_ends_the_run_before_it_is_built(
  run, units, bound, message
):
  run.script.budget_units = units
  built = []
  make = lambda *args, **kwargs: built.append(args)  # noqa: E731
  make.budget_units = units
  with pytest.raises(ValueError, match=message):
    run(**bound, make_algorithm=make)
  assert not built and not (run.path / 'metrics.csv').exists()


def test_best_policy_is_kept_across_a_resumption(run):
  run.script.returns = [0.0, 0.0, 1.5, 0.0, 0.9, 0.0]
  run(env_steps=30, keep_best=True)
  run(env_steps=60, keep_best=True)
  means = [mean for (mean,) in run.rows('eval_return_mean')]
  np.testing.assert_allclose(means, [0, 1.5, 0, 0.9, 0], atol=1e-6)
  model = tf.saved_model.load(str(run.path / 'best_policy'))
  np.testing.assert_allclose(model.action(tf.zeros([1, 1])), [[0.5]], 1e-6)


def test_without_a_renderer_the_run_still_ends_well(run, monkeypatch, caplog):
  def render(unused_env):
    raise RuntimeError('no GL library')

  monkeypatch.setattr(EchoEnv, 'render', render)
  with caplog.at_level(logging.WARNING):
    run(record_video=True)
  assert 'no video (RuntimeError: no GL library)' in caplog.text
  assert run.checkpoints() == [30, 60]


def _lose(algorithm):
  algorithm.losses['toy_loss'] = math.inf


def _break_policy(algorithm):
  algorithm.policy.layers[0][1][0] = math.nan


def _fail_check(unused_algorithm):
  tf.debugging.check_numerics(tf.constant(math.nan), 'Critic loss')


def _overflow(unused_algorithm):
  raise FloatingPointError('cost round 3')


def _break_weight(algorithm):
  algorithm.weight.assign(math.nan)


@pytest.mark.parametrize(
  'harm, message',
  [
    (_lose, 'step 50: toy_loss is inf'),
    (_break_policy, "step 50: the sum of the policy's layer 0 is nan"),
    (_fail_check, 'step 50: .*Critic loss'),
    (_overflow, 'step 50: cost round 3'),
    (_break_weight, 'step 60: net, Variable.* is nan'),  # seen when saved
  ],
)
def test_what_is_not_finite_ends_the_run(run, harm, message):
  def after_round(algorithm):
    if algorithm.clock.env_steps == 50:
      harm(algorithm)

  run.script.after_round = after_round
  with pytest.raises(FloatingPointError, match=message) as info:
    run()
  kept = run.path / 'checkpoints' / '30'
  assert f'The last good checkpoint is {kept}' in str(info.value)
  assert run.checkpoints() == [30]


def test_other_errors_of_tensorflow_are_not_called_a_loss(run):
  def after_round(unused_algorithm):
    tf.reshape(tf.zeros([3]), [2])

  run.script.after_round = after_round
  with pytest.raises(tf.errors.InvalidArgumentError):
    run()


def test_unused_binding_ends_the_run_before_its_first_round(run):
  binding = 'run.eval_stochastic = True'
  gin_bindings.parse(
    [],
    [f"suites.load.env_id = '{_ENV_ID}'", binding, f'typo/{binding}'],
  )
  rounds = []
  run.script.after_round = rounds.append
  with pytest.raises(gin_bindings.UnusedBindingError) as info:
    run()
  assert 'typo/run.eval_stochastic' in str(info.value)
  assert not rounds


def test_demonstrations_are_the_embedded_ones_unless_named(run):
  algorithm = run(env_steps=10)
  env = suites.load()
  with pytest.raises((ValueError, FileNotFoundError), match='toy'):
    algorithm.load_demos(env)


@pytest.mark.parametrize('kwargs', [{}, {'frame_skip': 4}])
def test_demonstrations_of_other_env_kwargs_are_a_warning(
  run, tmp_path, caplog, kwargs
):
  column = np.zeros((2, 1), np.float32)
  columns = dict.fromkeys(
    ('observations', 'actions', 'next_observations'), column
  )
  columns.update(dict.fromkeys(('terminals', 'timeouts'), np.ones(2, bool)))
  path = str(tmp_path / 'demos.npz')
  npz.save_npz(RawDemonstrations(path, columns, _ENV_ID, kwargs), path)
  algorithm = run(env_steps=10, demos=path)
  with caplog.at_level(logging.WARNING):
    assert len(algorithm.load_demos(suites.load())) == 2
  expected = f'{path}: env_kwargs: found {kwargs}, expected {{}}'
  assert (expected in caplog.text) == bool(kwargs)
  assert len(caplog.records) == bool(kwargs)


def test_algorithm_gets_the_seed(run):
  assert run(env_steps=10).seed == 7
