"""Every ALGORITHM_TASK.gin builds, takes two rounds and says what it is.

Those of the mazes: gin_matrix_maze_test.py.
"""

import csv
import math

import gin
import pytest

from tfirl import gin_bindings, gin_files, launch
from tfirl.demos import npz, rollouts
from tfirl.envs import suites

_TASKS = ('hopper', 'walker2d', 'ant', 'humanoid')
_GAMES = ('mm', 'bc_reg', 'filter', 'hype', 'hype_filter')
_ALGORITHMS = ('bc', *_GAMES, 'hyper', 'expert')
_PAIRS = [(a, t) for a in _ALGORITHMS for t in _TASKS]
_MAZES = ('pointmaze', 'antmaze_large_diverse', 'antmaze_large_play')
_MAZE_ALGORITHMS = ('bc', *_GAMES, 'hyper', 'pretrain_dynamics', 'expert')
_MAZE_PAIRS = [(a, t) for a in _MAZE_ALGORITHMS for t in _MAZES]

# Settings of the published runs (Ren et al. 2024).
_FRACTIONS = {
  'hopper': [(0.2, 0.1, 200_000), (0.1, 0.01, 1_000_000)],
  'walker2d': [(0.2, 0.2, 300_000), (0.2, 0.1, 1_000_000)],
  'ant': [(0.2, 0.2, 300_000), (0.2, 0.1, 1_000_000)],
  'humanoid': [(0.2, 0.1, 200_000), (0.1, 0.01, 1_000_000)],
}
_PUBLISHED = {
  'tfirl.SacAgent.hidden': (256, 256),
  'tfirl.SacAgent.learning_rate': 7.3e-4,
  'tfirl.SacAgent.gamma': 0.98,
  'tfirl.SacAgent.tau': 0.02,
  'ModelFree.steps_per_round': 64,
  'ModelFree.batch_size': 256,
  'CostRounds.cost_rollout_episodes': 4,
  'CostRounds.cost_updates': 1,
  'cost_rollout/ExpertReset.reset_prob': 0.0,
  'run.eval_every': 50_000,
  'run.eval_episodes': 10,
}

_PUBLISHED_HYPER = {
  'ModelBased.batch_size': 256,
  'ModelBased.dynamics_update_period': 125,
  'Imagination.rollouts_per_step': 400,
  'Imagination.expert_reset_fraction': 0.5,
  'tfirl.SacAgent.gamma': 0.99,
  'tfirl.SacAgent.tau': 0.005,
  'tfirl.SacAgent.target_update_period': 4,
  'GaussianEnsemble.num_members': 7,
  'DynamicsModel.num_elites': 5,
  'DynamicsTrainer.batch_size': 256,
  'DynamicsTrainer.learning_rate': 3e-4,
  'DynamicsTrainer.weight_decay': 5e-5,
  'CostNetwork.num_members': 7,
  'CostNetwork.reduce': 'min',
  'CostRounds.cost_rollout_episodes': 4,
  'CostRounds.cost_updates': 1,
}
_PUBLISHED_HYPER_PER_TASK = {
  'hopper': {
    'tfirl.SacAgent.hidden': (512, 512),
    'tfirl.SacAgent.learning_rate': 3e-4,
    'tfirl.SacAgent.target_entropy': 1.0,
    'GaussianEnsemble.layers': (400, 400, 400, 400),
    'GaussianEnsemble.clip_mean': None,
    'CostRounds.cost_update_period': 30_000,
  },
  'walker2d': {
    'tfirl.SacAgent.hidden': (1024, 1024),
    'tfirl.SacAgent.learning_rate': 1e-4,
    'tfirl.SacAgent.fixed_alpha': 0.2,
    'tfirl.SacAgent.use_ema': True,
    'GaussianEnsemble.layers': (200, 200, 200, 200),
    'GaussianEnsemble.clip_mean': 40.0,
    'ModelBased.learning_rate_horizon': 10_000,
    'CostRounds.cost_update_period': 10_000,
    'CostNetwork.clip': 40.0,
    'CostLearner.weight_decay': 1e-3,
  },
  'ant': {
    'tfirl.SacAgent.hidden': (1024, 1024),
    'tfirl.SacAgent.learning_rate': 1e-4,
    'tfirl.SacAgent.fixed_alpha': 0.2,
    'GaussianEnsemble.layers': (400, 400, 400, 400),
    'GaussianEnsemble.clip_mean': 40.0,
    'CostRounds.cost_update_period': 6000,
    'CostNetwork.clip': 40.0,
    'CostLearner.weight_decay': 1e-3,
  },
  'humanoid': {
    'tfirl.SacAgent.hidden': (1024, 1024),
    'tfirl.SacAgent.learning_rate': 1e-4,
    'tfirl.SacAgent.use_ema': True,
    'GaussianEnsemble.layers': (400, 400, 400, 400),
    'ModelBased.learning_rate_horizon': 10_000,
    'CostRounds.cost_update_period': 10_000,
  },
}

_STEPS_PER_ROUND = 64
_STEPS = 2 * _STEPS_PER_ROUND
# Both players move within two rounds, the table opens after the first.
_START_AT_ONCE = {
  'bc': [],
  'hyper': [
    'ModelBased.initial_steps = 124',
    'ModelBased.policy_updates_per_step = 2',
    'ModelBased.batch_size = 32',
    'ModelBased.dynamics_update_period = 126',
    'Imagination.rollouts_per_step = 4',
    'DynamicsTrainer.batch_size = 64',
    'DynamicsTrainer.max_epochs = 1',
    'GaussianEnsemble.layers = (16,)',
    'tfirl.SacAgent.hidden = (16,)',
    'CostRounds.cost_update_period = 8',
    'policy/table.rows_per_item = 4',
    'expert/table.rows_per_item = 4',
    'hybrid/table.rows_per_item = 16',
    'learner/table.rows_per_item = 16',
  ],
  'expert': [f'Expert.initial_steps = {_STEPS_PER_ROUND}'],
  **dict.fromkeys(
    _GAMES,
    [
      f'ModelFree.initial_steps = {_STEPS_PER_ROUND}',
      f'CostRounds.cost_update_period = {_STEPS_PER_ROUND}',
    ],
  ),
}
_SHORT = [
  f'run.env_steps = {_STEPS}',
  f'run.eval_every = {_STEPS}',
  f'run.checkpoint_every = {_STEPS}',
  'run.eval_episodes = 1',
  'run.record_video = False',
]


def _write_demos(task, path):
  """Some hundreds of random steps, as demonstrations of the task."""
  gin_bindings.parse([f'tasks/{task}.gin'], [])
  env = suites.load(tremble_probability=0.0)
  size = env.action_spec().shape[0]
  npz.save_npz(
    rollouts.record(
      env,
      lambda unused_observation, rng: rng.uniform(-1, 1, size),
      num_episodes=30,  # short: a random policy falls at once
      seed=0,
      full_length_only=False,
      stochastic=True,
    ),
    str(path),
  )
  env.close()


@pytest.fixture(scope='module')
def demos(tmp_path_factory):
  """Task -> path of its demonstrations."""
  folder = tmp_path_factory.mktemp('demos')
  paths = {task: folder / f'{task}.npz' for task in _TASKS}
  for task, path in paths.items():
    _write_demos(task, path)
  return paths


@pytest.fixture(autouse=True)
def no_config():
  """Leaves gin as other tests expect it."""
  yield
  gin.clear_config()


def test_one_file_a_pair():
  found = {path.name for path in gin_files.gin_folder().glob('*.gin')}
  pairs = {f'{a}_{t}.gin' for a, t in _PAIRS + _MAZE_PAIRS}
  # A short name, and the ant behind the demonstrations of AntMaze.
  assert found == {*pairs, 'hyper_antmaze.gin', 'expert_antmaze.gin'}


@pytest.mark.parametrize(('algorithm', 'task'), _PAIRS)
def test_takes_two_rounds(algorithm, task, demos, tmp_path):
  launch.launch(
    [f'{algorithm}_{task}.gin'],
    [*_SHORT, *_START_AT_ONCE[algorithm]],
    str(tmp_path),
    seed=0,
    demos=str(demos[task]),
    stop=lambda: False,
  )

  run = tmp_path / task / algorithm / '0'
  with open(run / 'metrics.csv', newline='') as file:
    row = list(csv.DictReader(file))[-1]
  if algorithm == 'hyper':
    # 2 a step, in the rounds that end at step 124 or later.
    per_round = gin_bindings.value_of('ModelBased.steps_per_round')
    assert int(row['updates']) == 2 * (_STEPS - 124 + per_round)
    assert float(row['imagined_rows']) > 0
  else:
    # The round that fills the table's first rows trains on them too.
    assert int(row['updates']) == _STEPS
  assert int(row['env_steps']) == (0 if algorithm == 'bc' else _STEPS)
  is_game = algorithm in (*_GAMES, 'hyper')
  assert (int(row['rollout_steps']) > 0) == is_game
  assert math.isfinite(float(row['eval_return_mean']))
  losses = {name: value for name, value in row.items() if 'loss' in name}
  assert losses
  assert all(math.isfinite(float(value)) for value in losses.values())
  assert (run / 'policy').is_dir()
  if algorithm in _GAMES:
    is_hybrid = algorithm in ('hype', 'hype_filter')
    assert (float(row['expert_fraction']) > 0) == is_hybrid


@pytest.mark.parametrize(('algorithm', 'task'), _PAIRS)
def test_says_what_it_is(algorithm, task):
  """The variants of the game differ by these bindings and no others."""
  gin_bindings.parse([f'{algorithm}_{task}.gin'], [])

  assert gin_bindings.value_of('run.algorithm') == algorithm
  assert gin_bindings.value_of('run.task') == task
  if algorithm in _GAMES:
    resets = _bound('ExpertReset.reset_prob', 0.0)
    assert resets == (0.5 if 'filter' in algorithm else 0.0)
    bc_weight = {'hopper': 1.0, 'walker2d': 0.5, 'ant': 1.0, 'humanoid': 0.5}
    assert _bound('tfirl.SacAgent.bc_weight', 0.0) == (
      bc_weight[task] if algorithm == 'bc_reg' else 0.0
    )
    period = gin_bindings.value_of('CostRounds.cost_update_period')
    assert period == (5000 if task == 'hopper' else 10_000)
    assert _bound('expert_fraction/piecewise_linear.segments', None) == (
      _FRACTIONS[task] if algorithm in ('hype', 'hype_filter') else None
    )
    for name, value in _PUBLISHED.items():
      assert gin_bindings.value_of(name) == value, name
  if algorithm == 'hyper':
    for name, value in {
      **_PUBLISHED_HYPER,
      **_PUBLISHED_HYPER_PER_TASK[task],
    }.items():
      assert gin_bindings.value_of(name) == value, name
    # As many of both a step, however many steps are in a round.
    assert gin_bindings.value_of('ModelBased.policy_updates_per_step') == (
      30 if task in ('hopper', 'ant') else 10
    )
    assert gin_bindings.value_of('ModelEnv.is_healthy').__name__ == task
  assert gin_bindings.value_of('run.env_steps') == (
    150_000 if algorithm == 'hyper' else 1_000_000
  )


@pytest.mark.parametrize(('algorithm', 'task'), _PAIRS)
def test_takes_the_small_scale(algorithm, task):
  scales = ['scale/cpu.gin']
  if algorithm == 'hyper':
    scales = ['scale/cpu_hyper.gin']
  if algorithm in _GAMES:
    scales.append('scale/cpu_model_free.gin')
  if algorithm in ('hype', 'hype_filter'):
    scales.append('scale/cpu_hype.gin')
  for scale in scales:
    gin_bindings.parse([f'{algorithm}_{task}.gin', scale], [])
    assert gin_bindings.value_of('run.env_steps') == (
      20_000 if algorithm == 'hyper' else 100_000
    )
    assert gin_bindings.value_of('run.algorithm') == algorithm
  if algorithm in _GAMES:
    assert gin_bindings.value_of('CostRounds.cost_updates') == 5
  if algorithm in ('hype', 'hype_filter'):
    segments = gin_bindings.value_of(
      'expert_fraction/piecewise_linear.segments'
    )
    assert segments == [(0.5, 0.1, 50_000), (0.1, 0.01, 100_000)]


def test_the_ant_that_steers_takes_two_rounds(tmp_path):
  launch.launch(
    ['expert_antmaze.gin'],
    [*_SHORT, *_START_AT_ONCE['expert']],
    str(tmp_path),
    seed=0,
    demos=None,
    stop=lambda: False,
  )
  run = tmp_path / 'ant_steering' / 'expert' / '0'
  with open(run / 'metrics.csv', newline='') as file:
    row = list(csv.DictReader(file))[-1]
  assert int(row['updates']) == int(row['env_steps']) == _STEPS
  assert math.isfinite(float(row['eval_return_mean']))
  assert row['eval_success'] == ''  # it has no single goal
  assert (run / 'best_policy').is_dir()


def test_expert_rows_in_another_method_are_refused(demos, tmp_path):
  """The file would make HyPE of what is stored and plotted as mm."""
  with pytest.raises(gin_bindings.UnusedBindingError, match='expert_fraction'):
    launch.launch(
      ['mm_hopper.gin', 'scale/cpu_hype.gin'],
      _SHORT,
      str(tmp_path),
      seed=0,
      demos=str(demos['hopper']),
      stop=lambda: False,
    )


def _bound(name, default):
  try:
    return gin_bindings.value_of(name)
  except gin_bindings.BindingError:
    return default
