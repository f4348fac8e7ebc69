"""Rounds of any gin file, on demonstrations of random actions.

A file whose parts are those of another, so that the graphs of its updates are
the same, need not trace them again: it takes one round, before the first.
"""

import csv
import math

import pytest

from tfirl import tasks
from tfirl.config import demo_bindings, gin_bindings
from tfirl.demos.formats import npz
from tfirl.runs import launch

_GAMES = ('mm', 'bc_reg', 'filter', 'hype', 'hype_filter')
_IN_A_MODEL = ('hyper', 'lamps', 'sysid')
_STEPS = 128  # of budgets/smoke.gin
# More than a block of an expert's rows.
_SHORTER = 'Task.max_episode_steps = 300'
_QUICKER = ['run.record_video = False', _SHORTER]
# In a folder `budgets`, whose files may bind what a method does not have.
_FIRST_ROUND = """
include 'budgets/smoke.gin'
run.eval_every = 1
ModelFree.initial_steps = 1000
ModelBased.initial_steps = 1000
Expert.initial_steps = 1000
WarmStart.bc_steps = 0
CostTurns.cost_update_period = 1000
"""


class _Demos(dict):
  """Task -> path of its demonstrations, recorded when first asked for."""

  def __init__(self, folder, record):
    super().__init__()
    self._folder = folder
    self._record = record

  def __missing__(self, task):
    gin_bindings.parse([f'tasks/{task}.gin'], [_SHORTER])
    with tasks.make_task().make_env(trembles=False) as env:
      # But for mazes and the cheetah they are short: a random policy falls.
      is_long = env.maze is not None or task == 'halfcheetah'
      raw = self._record(env, 1 if is_long else 30)
    self[task] = str(self._folder / f'{task}.npz')
    npz.save_npz(raw, self[task])
    return self[task]


@pytest.fixture(scope='session')
def demos(record_random, tmp_path_factory):
  return _Demos(tmp_path_factory.mktemp('demos'), record_random)


@pytest.fixture
def launched(tmp_path):
  """`launched(gin_file, budget, bindings, demos, stop, num_demos)`: the last
  row of metrics.csv of a run in `tmp_path`.
  """

  def launched(gin_file, budget, bindings, demos, stop, num_demos=None):
    launch.launch(
      [gin_file, budget],
      [*_QUICKER, *_few_critic_steps(gin_file), *bindings],
      str(tmp_path),
      seed=0,
      demos=demos,
      stop=stop,
      num_demos=num_demos,
    )
    (path,) = tmp_path.glob(f'*/{demo_bindings.method()}/0/metrics.csv')
    assert (path.parent / 'policy').is_dir()
    with open(path, newline='') as file:
      return list(csv.DictReader(file))[-1]

  return launched


@pytest.fixture
def run(launched):
  """`run(gin_file, algorithm, bindings, demos)`: a smoke run in `tmp_path`.

  Checks what holds for all, unless `stop` ends it early. Returns: the last row
  of metrics.csv.
  """

  def run(gin_file, algorithm, bindings, demos, num_demos=None, stop=None):
    row = launched(
      gin_file,
      'budgets/smoke.gin',
      bindings,
      demos,
      stop or (lambda: False),
      num_demos,
    )
    if stop is None:
      _check(row, algorithm)
    return row

  return run


@pytest.fixture
def run_first_round(launched, tmp_path, monkeypatch):
  """`run_first_round(gin_file, algorithm, bindings, demos)`: all parts are
  made, no binding is left over, and the policy acts for a round, is evaluated
  and saved; nothing is trained yet. Returns: the last row of metrics.csv.
  """
  monkeypatch.chdir(tmp_path)
  budget = 'budgets/first_round.gin'
  (tmp_path / 'budgets').mkdir()
  (tmp_path / budget).write_text(_FIRST_ROUND)

  def run(gin_file, algorithm, bindings, demos):
    stops = iter([False, True])
    row = launched(gin_file, budget, bindings, demos, lambda: next(stops))
    loop = 'ModelBased' if algorithm in _IN_A_MODEL else 'ModelFree'
    loop = 'Expert' if algorithm == 'expert' else loop
    assert int(row['env_steps']) == _bound(f'{loop}.steps_per_round', 64)
    assert int(row['updates']) == int(row['traces']) == 0
    _check_cost(row, algorithm, has_turns=False)
    return row

  return run


def _check(row, algorithm):
  updates = _STEPS
  if algorithm in (*_GAMES, 'iq_learn'):
    # The round that fills the table's first rows trains on them too.
    updates -= 64 - gin_bindings.value_of('ModelFree.steps_per_round')
    updates *= _bound('ModelFree.updates_per_step', 1)
  env_steps = 0 if algorithm == 'bc' else _STEPS
  if algorithm in _IN_A_MODEL:
    # 2 a step, in the rounds that end at step 100 or later; whole rounds.
    per_round = gin_bindings.value_of('ModelBased.steps_per_round')
    env_steps = math.ceil(_STEPS / per_round) * per_round
    updates = 2 * (env_steps - 100 + per_round)
    assert float(row['imagined_rows']) > 0
    assert ('imagined_reward' in row) == (algorithm != 'hyper')
  assert int(row['updates']) == updates
  assert int(row['env_steps']) == env_steps
  _check_cost(row, algorithm, has_turns=True)
  losses = {name: value for name, value in row.items() if 'loss' in name}
  assert losses
  assert all(math.isfinite(float(value)) for value in losses.values())


def _check_cost(row, algorithm, has_turns):
  # The recipes' cost learns from training's own rows; the published one acts.
  is_game = algorithm in (*_GAMES, 'hyper')
  rolls_out = is_game and _bound('CostTurns.window', 1) is None
  rollout_steps = int(row['rollout_steps'])
  assert (rollout_steps > 0) == (rolls_out and has_turns)
  assert int(row['real_steps']) == int(row['env_steps']) + rollout_steps
  assert math.isfinite(float(row['eval_return_mean']))
  if algorithm in _GAMES:
    is_hybrid = algorithm in ('hype', 'hype_filter')
    assert (float(row['expert_fraction']) > 0) == is_hybrid


def _few_critic_steps(gin_file):
  """Of those that begin by thousands. The budget can't cut them: it would give
  some to those that have none.

  Theirs is the game's own update, and to trace it again takes longest of all:
  a game in the world and one in a model do so.
  """
  gin_bindings.parse([gin_file], [])
  if not _bound('WarmStart.critic_steps', 0):
    return []
  has_some = gin_file in ('hype_filter_hopper.gin', 'hyper_hopper.gin')
  return [f'WarmStart.critic_steps = {6 if has_some else 0}']


def _bound(name, default):
  try:
    return gin_bindings.value_of(name)
  except gin_bindings.BindingError:
    return default
