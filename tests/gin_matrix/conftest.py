"""Two rounds of any gin file, on demonstrations of random actions."""

import csv
import math

import pytest

from tfirl import tasks
from tfirl.config import few_demos, gin_bindings
from tfirl.demos.formats import npz
from tfirl.runs import launch

_GAMES = ('mm', 'bc_reg', 'filter', 'hype', 'hype_filter')
_IN_A_MODEL = ('hyper', 'lamps', 'sysid')
_STEPS = 128  # of budgets/smoke.gin
_QUICKER = ['run.record_video = False']


class _Demos(dict):
  """Task -> path of its demonstrations, recorded when first asked for."""

  def __init__(self, folder, record):
    super().__init__()
    self._folder = folder
    self._record = record

  def __missing__(self, task):
    gin_bindings.parse([f'tasks/{task}.gin'], [])
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
def run(tmp_path):
  """`run(gin_file, algorithm, bindings, demos)`: a smoke run in `tmp_path`.

  Checks what holds for all, unless `stop` ends it early. Returns: the last row
  of metrics.csv.
  """

  def run(gin_file, algorithm, bindings, demos, num_demos=None, stop=None):
    launch.launch(
      [gin_file, 'budgets/smoke.gin'],
      [*_QUICKER, *bindings],
      str(tmp_path),
      seed=0,
      demos=demos,
      stop=stop or (lambda: False),
      num_demos=num_demos,
    )
    (path,) = tmp_path.glob(f'*/{few_demos.method()}/0/metrics.csv')
    with open(path, newline='') as file:
      row = list(csv.DictReader(file))[-1]
    if stop is None:
      _check(row, algorithm)
    assert (path.parent / 'policy').is_dir()
    return row

  return run


def _check(row, algorithm):
  # The round that fills the table's first rows trains on them too.
  updates = _STEPS
  if algorithm in (*_GAMES, 'iq_learn'):
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
  # The recipes' cost learns from training's own rows; the published one acts.
  is_game = algorithm in (*_GAMES, 'hyper')
  rolls_out = is_game and _bound('CostTurns.window', 1) is None
  assert (int(row['rollout_steps']) > 0) == rolls_out
  assert int(row['real_steps']) == env_steps + int(row['rollout_steps'])
  assert math.isfinite(float(row['eval_return_mean']))
  losses = {name: value for name, value in row.items() if 'loss' in name}
  assert losses
  assert all(math.isfinite(float(value)) for value in losses.values())
  if algorithm in _GAMES:
    is_hybrid = algorithm in ('hype', 'hype_filter')
    assert (float(row['expert_fraction']) > 0) == is_hybrid


def _bound(name, default):
  try:
    return gin_bindings.value_of(name)
  except gin_bindings.BindingError:
    return default
