"""paper/METHOD_TASK.gin has the settings of the published runs.

Those of Ren et al. 2024, but where another source is named.
"""

import pytest

from tfirl.config import gin_bindings
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's names

_GAMES = ('mm', 'bc_reg', 'filter', 'hype', 'hype_filter')
_METHODS = ('bc', *_GAMES, 'hyper')
_TASKS = ('hopper', 'walker2d', 'ant', 'humanoid')
_PAIRS = [(method, task) for method in _METHODS for task in _TASKS]
_MAZES = ('pointmaze', 'antmaze_large_diverse', 'antmaze_large_play')
_MAZES += ('antmaze_large_diverse_d4rl', 'antmaze_large_play_d4rl')
_MAZE_PAIRS = [(m, task) for m in ('bc', *_GAMES) for task in _MAZES]

_FRACTIONS = {
  'hopper': [(0.2, 0.1, 200_000), (0.1, 0.01, 1_000_000)],
  'walker2d': [(0.2, 0.2, 300_000), (0.2, 0.1, 1_000_000)],
  'ant': [(0.2, 0.2, 300_000), (0.2, 0.1, 1_000_000)],
  'humanoid': [(0.2, 0.1, 200_000), (0.1, 0.01, 1_000_000)],
}
_GAME = {
  'tfirl.SacAgent.hidden': (256, 256),
  'tfirl.SacAgent.learning_rate': 7.3e-4,
  'tfirl.SacAgent.gamma': 0.98,
  'tfirl.SacAgent.tau': 0.02,
  'ModelFree.steps_per_round': 64,
  'ModelFree.batch_size': 256,
  'CostTurns.cost_rollout_episodes': 4,
  'CostTurns.cost_updates': 1,
  'CostTurns.window': None,
  'run.eval_every': 50_000,
  'run.eval_episodes': 10,
}

_HYPER = {
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
  'CostTurns.window': None,
}
_HYPER_PER_TASK = {
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
_ON_MAZES = {
  'Td3BcAgent.hidden': (256, 256),
  'Td3BcAgent.learning_rate': 3e-4,
  'Td3BcAgent.gamma': 0.99,
  'Td3BcAgent.tau': 0.005,
  'Td3BcAgent.alpha': 2.5,
  'Td3BcAgent.policy_noise': 0.2,
  'Td3BcAgent.policy_noise_clip': 0.5,
  'Td3BcAgent.policy_update_period': 2,
  'WarmStart.bc_steps': 10_000,
  'ModelFree.anneal_learning_rate': False,
  'ModelFree.steps_per_round': 64,
  'ModelFree.batch_size': 256,
  'CostTurns.cost_update_period': 5000,
  'CostTurns.cost_rollout_episodes': 4,
  'CostTurns.cost_updates': 1,
  'CostLearner.learning_rate': 8e-3,
  'CostTurns.window': None,
}
_BUDGET_ON_MAZES = {
  'run.eval_every': 25_000,
  'run.eval_episodes': 25,
}
_HYPER_ON_MAZES = {
  'run.env_steps': 150_000,
  'run.eval_every': 10_000,
  'run.eval_episodes': 25,
  'WarmStart.bc_steps': 10_000,
  'ModelBased.initial_steps': 10_000,
  'ModelBased.policy_updates_per_step': 20,
  'ModelBased.steps_per_round': 1,
  'ModelBased.dynamics_update_period': 2000,
  'ModelBased.learning_rate_horizon': 600_000,
  'Imagination.rollouts_per_step': 400,
  'Imagination.num_epochs_retained': 2,
  'BackwardStarts.reset_window': 0.1,
  'BackwardStarts.walk_steps': 150_000,
  'truncated_linear.first': 20,
  'truncated_linear.last': 100,
  'truncated_linear.minimum': 1,
  'truncated_linear.maximum': 25,
  'GaussianEnsemble.num_members': 7,
  'GaussianEnsemble.layers': (200,) * 4,
  'GaussianEnsemble.clip_mean': None,
  'DynamicsModel.num_elites': 5,
  'Td3BcAgent.learning_rate': 3e-4,
  'Td3BcAgent.bc_weight': 0.0,
  'Td3BcAgent.use_ema': True,
  'Td3BcAgent.critic_clip_norm': 1.0,
  'Td3BcAgent.weight_decay': 1e-4,
  'CostTurns.cost_update_period': 2000,
  'CostTurns.window': None,
  'CostLearner.learning_rate': 8e-3,
  'CostNetwork.num_members': 1,
}


def _bound(name, default):
  try:
    return gin_bindings.value_of(name)
  except gin_bindings.BindingError:
    return default


def _check(values):
  for name, value in values.items():
    assert gin_bindings.value_of(name) == value, name


@pytest.mark.parametrize(('method', 'task'), _PAIRS)
def test_mujoco(method, task):
  gin_bindings.parse([f'paper/{method}_{task}.gin'])
  if method in _GAMES:
    resets = _bound('ExpertReset.reset_prob', 0.0)
    assert resets == (0.5 if 'filter' in method else 0.0)
    bc_weight = {'hopper': 1.0, 'walker2d': 0.5, 'ant': 1.0, 'humanoid': 0.5}
    assert _bound('tfirl.SacAgent.bc_weight', 0.0) == (
      bc_weight[task] if method == 'bc_reg' else 0.0
    )
    period = gin_bindings.value_of('CostTurns.cost_update_period')
    assert period == (5000 if task == 'hopper' else 10_000)
    assert _bound('expert_fraction/piecewise_linear.segments', None) == (
      _FRACTIONS[task] if method in ('hype', 'hype_filter') else None
    )
    _check(_GAME)
  if method == 'hyper':
    _check({**_HYPER, **_HYPER_PER_TASK[task]})
    # As many of both a step, however many steps are in a round.
    assert gin_bindings.value_of('ModelBased.policy_updates_per_step') == (
      30 if task in ('hopper', 'ant') else 10
    )
    assert gin_bindings.value_of('Task.is_healthy').__name__ == task
  unit = 'updates' if method == 'bc' else 'env_steps'
  assert gin_bindings.value_of(f'run.{unit}') == (
    150_000 if method == 'hyper' else 1_000_000
  )


@pytest.mark.parametrize(('method', 'task'), _MAZE_PAIRS)
def test_mazes(method, task):
  gin_bindings.parse([f'paper/{method}_{task}.gin'])
  bound = gin_bindings.value_of
  _check(_BUDGET_ON_MAZES)
  assert bound('run.updates' if method == 'bc' else 'run.env_steps') == 500_000
  assert bound('Task.env_kwargs')['continuing_task'] is False
  assert _bound('Task.tremble_probability', 0.0) == 0.0  # hands are steady
  assert bound('load_demonstrations.max_transitions') == 100_000
  if method in _GAMES:
    _check(_ON_MAZES)
    assert bound('ModelFree.make_agent').__name__ == 'Td3BcAgent'
    resets = _bound('ExpertReset.reset_prob', 0.0)
    assert resets == float('filter' in method)
    # On batches that hold expert rows, and for bc_reg.
    assert bound('Td3BcAgent.bc_weight') == float(
      method in ('bc_reg', 'hype', 'hype_filter')
    )
    if method in ('hype', 'hype_filter'):
      assert bound('expert_fraction/piecewise_linear.segments') == [
        (0.5, 0.5, 1)
      ]
    else:
      assert _bound('ModelFree.expert_fraction', None) is None


@pytest.mark.parametrize('task', _MAZES)
def test_hyper_on_mazes(task):
  gin_bindings.parse([f'paper/hyper_{task}.gin'])
  _check(_HYPER_ON_MAZES)
  # Not the task's own answer, the goal.
  assert gin_bindings.value_of('Task.is_healthy').__name__ == 'never'


@pytest.mark.parametrize('task', _MAZES)
def test_pretraining(task):
  gin_bindings.parse([f'paper/pretrain_dynamics_{task}.gin'])
  _check(
    {
      'PretrainDynamics.num_bins': 50,
      'GaussianEnsemble.num_members': 7,
      'DynamicsModel.num_elites': 5,
      'GaussianEnsemble.layers': (200,) * 4,
      'DynamicsTrainer.learning_rate': 3e-4,
      'DynamicsTrainer.weight_decay': 5e-5,
      'DynamicsTrainer.batch_size': 256,
      'DynamicsTrainer.patience': 10,
      'DynamicsTrainer.holdout_share': 0.2,
    }
  )
