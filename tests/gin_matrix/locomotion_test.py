"""Every ALGORITHM_TASK.gin builds, takes two rounds and says what it is.

Those of the mazes: maze_test.py.
"""

import pytest

from tfirl import gin_bindings, gin_files

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
  'CostTurns.cost_rollout_episodes': 4,
  'CostTurns.cost_updates': 1,
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
  'CostTurns.cost_rollout_episodes': 4,
  'CostTurns.cost_updates': 1,
}
_PUBLISHED_HYPER_PER_TASK = {
  'hopper': {
    'tfirl.SacAgent.hidden': (512, 512),
    'tfirl.SacAgent.learning_rate': 3e-4,
    'tfirl.SacAgent.target_entropy': 1.0,
    'GaussianEnsemble.layers': (400, 400, 400, 400),
    'GaussianEnsemble.clip_mean': None,
    'CostTurns.cost_update_period': 30_000,
  },
  'walker2d': {
    'tfirl.SacAgent.hidden': (1024, 1024),
    'tfirl.SacAgent.learning_rate': 1e-4,
    'tfirl.SacAgent.fixed_alpha': 0.2,
    'tfirl.SacAgent.use_ema': True,
    'GaussianEnsemble.layers': (200, 200, 200, 200),
    'GaussianEnsemble.clip_mean': 40.0,
    'ModelBased.learning_rate_horizon': 10_000,
    'CostTurns.cost_update_period': 10_000,
    'CostNetwork.clip': 40.0,
    'CostLearner.weight_decay': 1e-3,
  },
  'ant': {
    'tfirl.SacAgent.hidden': (1024, 1024),
    'tfirl.SacAgent.learning_rate': 1e-4,
    'tfirl.SacAgent.fixed_alpha': 0.2,
    'GaussianEnsemble.layers': (400, 400, 400, 400),
    'GaussianEnsemble.clip_mean': 40.0,
    'CostTurns.cost_update_period': 6000,
    'CostNetwork.clip': 40.0,
    'CostLearner.weight_decay': 1e-3,
  },
  'humanoid': {
    'tfirl.SacAgent.hidden': (1024, 1024),
    'tfirl.SacAgent.learning_rate': 1e-4,
    'tfirl.SacAgent.use_ema': True,
    'GaussianEnsemble.layers': (400, 400, 400, 400),
    'ModelBased.learning_rate_horizon': 10_000,
    'CostTurns.cost_update_period': 10_000,
  },
}


def test_one_file_a_pair():
  found = {path.name for path in gin_files.gin_folder().glob('*.gin')}
  pairs = {f'{a}_{t}.gin' for a, t in _PAIRS + _MAZE_PAIRS}
  # A short name, and the ant behind the demonstrations of AntMaze.
  assert found == {*pairs, 'hyper_antmaze.gin', 'expert_antmaze.gin'}


@pytest.mark.parametrize(('algorithm', 'task'), _PAIRS)
def test_takes_two_rounds(algorithm, task, run, demos):
  smaller = ['tfirl.SacAgent.hidden = (16,)'] if algorithm == 'hyper' else []
  run([f'{algorithm}_{task}.gin'], algorithm, smaller, demos[task])


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
    period = gin_bindings.value_of('CostTurns.cost_update_period')
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
  unit = 'updates' if algorithm == 'bc' else 'env_steps'
  assert gin_bindings.value_of(f'run.{unit}') == (
    150_000 if algorithm == 'hyper' else 1_000_000
  )


def test_walker2ds_small_scale_is_hyper_at_twice_the_steps():
  files = ['hyper_walker2d.gin', 'scale/cpu_hyper_walker2d.gin']
  gin_bindings.parse(files, [])
  assert gin_bindings.value_of('run.env_steps') == 40_000
  assert gin_bindings.value_of('CostLearner.match_time')
  cost_rate = gin_bindings.value_of('cost_rate/piecewise_linear.segments')
  assert cost_rate == [(1.0, 1.0, 28), (1.0, 0.1, 76)]


@pytest.mark.parametrize(('algorithm', 'task'), _PAIRS)
def test_takes_the_small_scale(algorithm, task):
  scales = ['scale/cpu_bc.gin' if algorithm == 'bc' else 'scale/cpu.gin']
  unit = 'updates' if algorithm == 'bc' else 'env_steps'
  if algorithm == 'hyper':
    scales = ['scale/cpu_hyper.gin']
  if algorithm in _GAMES:
    scales.append('scale/cpu_model_free.gin')
  if algorithm in ('hype', 'hype_filter'):
    scales.append('scale/cpu_hype.gin')
  for scale in scales:
    gin_bindings.parse([f'{algorithm}_{task}.gin', scale], [])
    assert gin_bindings.value_of(f'run.{unit}') == (
      20_000 if algorithm == 'hyper' else 100_000
    )
    assert gin_bindings.value_of('run.algorithm') == algorithm
  if algorithm in _GAMES:
    assert gin_bindings.value_of('CostTurns.cost_updates') == 5
  if algorithm in ('hype', 'hype_filter'):
    segments = gin_bindings.value_of(
      'expert_fraction/piecewise_linear.segments'
    )
    assert segments == [(0.5, 0.1, 50_000), (0.1, 0.01, 100_000)]


def test_the_ant_that_steers_takes_two_rounds(run, tmp_path):
  row = run(['expert_antmaze.gin'], 'expert', [], None)
  assert row['eval_success'] == ''  # it has no single goal
  assert (tmp_path / 'ant_steering' / 'expert' / '0' / 'best_policy').is_dir()


def test_expert_rows_in_another_method_are_refused(run, demos):
  """The file would make HyPE of what is stored and plotted as mm."""
  with pytest.raises(gin_bindings.UnusedBindingError, match='expert_fraction'):
    run(['mm_hopper.gin', 'scale/cpu_hype.gin'], 'mm', [], demos['hopper'])


def _bound(name, default):
  try:
    return gin_bindings.value_of(name)
  except gin_bindings.BindingError:
    return default
