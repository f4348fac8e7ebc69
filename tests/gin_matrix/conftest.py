"""Two rounds of any gin file, on demonstrations of random actions."""

import csv
import math

import gin
import pytest

from tfirl import few_demos, gin_bindings, launch
from tfirl.demos import npz
from tfirl.envs import suites

_GAMES = ('mm', 'bc_reg', 'filter', 'hype', 'hype_filter')
_STEPS_PER_ROUND = 64
_STEPS = 2 * _STEPS_PER_ROUND
_SHORT = [
  f'run.eval_every = {_STEPS}',
  f'run.checkpoint_every = {_STEPS}',
  'run.eval_episodes = 1',
  'run.record_video = False',
]
# Whichever the file binds.
_STEP_BUDGET = ['run.real_steps = None', f'run.env_steps = {_STEPS}']
# Both players move within two rounds, the table opens after the first.
_START_AT_ONCE = {
  'bc': [f'run.updates = {_STEPS}'],
  'expert': [*_STEP_BUDGET, f'Expert.initial_steps = {_STEPS_PER_ROUND}'],
  **dict.fromkeys(
    _GAMES,
    [
      *_STEP_BUDGET,
      f'ModelFree.initial_steps = {_STEPS_PER_ROUND}',
      f'CostTurns.cost_update_period = {_STEPS_PER_ROUND}',
    ],
  ),
  'hyper': [
    *_STEP_BUDGET,
    'ModelBased.initial_steps = 124',
    'ModelBased.policy_updates_per_step = 2',
    'ModelBased.batch_size = 32',
    'ModelBased.dynamics_update_period = 126',
    'Imagination.rollouts_per_step = 4',
    'DynamicsTrainer.batch_size = 64',
    'DynamicsTrainer.max_epochs = 1',
    'GaussianEnsemble.layers = (16,)',
    'CostTurns.cost_update_period = 8',
    'policy/table.rows_per_item = 4',
    'expert/table.rows_per_item = 4',
    'hybrid/table.rows_per_item = 16',
    'learner/table.rows_per_item = 16',
  ],
}


class _Demos(dict):
  """Task -> path of its demonstrations, recorded when first asked for."""

  def __init__(self, folder, record):
    super().__init__()
    self._folder = folder
    self._record = record

  def __missing__(self, task):
    gin_bindings.parse([f'tasks/{task}.gin'], [])
    with suites.load(tremble_probability=0.0) as env:
      # But for mazes they are short: a random policy falls at once.
      raw = self._record(env, 30 if env.maze is None else 1)
    self[task] = str(self._folder / f'{task}.npz')
    npz.save_npz(raw, self[task])
    return self[task]


@pytest.fixture(scope='session')
def demos(record_random, tmp_path_factory):
  return _Demos(tmp_path_factory.mktemp('demos'), record_random)


@pytest.fixture(autouse=True)
def no_config():
  """Leaves gin as other tests expect it."""
  yield
  gin.clear_config()


@pytest.fixture
def run(tmp_path):
  """`run(gin_files, algorithm, bindings, demos)`: two rounds in `tmp_path`.

  Checks what holds for all, unless `stop` ends it early. Returns: the last row
  of metrics.csv.
  """

  def run(gin_files, algorithm, bindings, demos, num_demos=None, stop=None):
    launch.launch(
      gin_files,
      [*_SHORT, *_START_AT_ONCE[algorithm], *bindings],
      str(tmp_path),
      seed=0,
      demos=demos,
      stop=stop or (lambda: False),
      num_demos=num_demos,
    )
    method = few_demos.method()
    (path,) = tmp_path.glob(f'*/{method}/0/metrics.csv')
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
  if algorithm == 'hyper':
    # 2 a step, in the rounds that end at step 124 or later.
    per_round = gin_bindings.value_of('ModelBased.steps_per_round')
    updates = 2 * (_STEPS - 124 + per_round)
    assert float(row['imagined_rows']) > 0
  assert int(row['updates']) == updates
  assert int(row['env_steps']) == (0 if algorithm == 'bc' else _STEPS)
  assert int(row['real_steps']) == (
    int(row['env_steps']) + int(row['rollout_steps'])
  )
  is_game = algorithm in (*_GAMES, 'hyper')
  assert (int(row['rollout_steps']) > 0) == is_game
  assert math.isfinite(float(row['eval_return_mean']))
  losses = {name: value for name, value in row.items() if 'loss' in name}
  assert losses
  assert all(math.isfinite(float(value)) for value in losses.values())
  if algorithm in _GAMES:
    is_hybrid = algorithm in ('hype', 'hype_filter')
    assert (float(row['expert_fraction']) > 0) == is_hybrid
