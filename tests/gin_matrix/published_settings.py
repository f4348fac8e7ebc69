"""The published settings, written down once, by gin's names.

Source: Ren et al. 2024, "Hybrid Inverse Reinforcement Learning", its appendix
and its authors' code (github.com/jren03/garage) where that says more or other;
docs/decisions.md has what was decided where both differ.

A tuple is a row of a table: the values on `TASKS`, all mazes alike. Functions
are called by their names.
"""

from typing import Any

TASKS = ('hopper', 'walker2d', 'ant', 'humanoid', 'maze')
GAMES = ('mm', 'bc_reg', 'filter', 'hype', 'hype_filter')

# Of every run that has demonstrations.
_DEMOS = {
  'run.most_steps': None,
  'Task.tremble_probability': (0.01, 0.01, 0.01, 0.025, 0.0),
  'load_demonstrations.max_transitions': (64_000,) * 4 + (100_000,),
  'load_demonstrations.num_episodes': None,
  'make_encoding.standardize': False,
  'make_encoding.num_frequencies': 0,
}

_CONSTANT_RATE = {'learning_rate/piecewise_linear.segments': [(1.0, 1.0, 1)]}
_MODEL_FREE_BUDGET = {
  'run.eval_every': (50_000,) * 4 + (25_000,),
  'run.eval_episodes': (10,) * 4 + (25,),
}

# The cost and its turns, of all games.
_COST = {
  'CostTurns.window': None,
  'CostTurns.cost_rollout_episodes': 4,
  'CostTurns.cost_updates': 1,
  'CostTurns.first_cost_updates': 0,
  'CostLearner.batch_size': 4096,
  'CostLearner.learning_rate': (8e-4,) * 4 + (8e-3,),
  'CostLearner.learning_rate_scale': 'harmonic',
  'CostLearner.fresh_optimizer': True,
  'CostLearner.gp_weight': 10.0,
  'CostLearner.gp_target': 0.4,
  'CostLearner.loss_fn': 'moment_matching_loss',
  'CostLearner.reward_transform': 'negative',
  'CostLearner.match_time': False,
  'CostLearner.make_level': None,
  'CostNetwork.layers': (256, 256),
  'CostNetwork.head_scale': 1.0,
}

_MODEL_FREE = {
  'run.env_steps': (1_000_000,) * 4 + (500_000,),
  **_CONSTANT_RATE,
  'ModelFree.learning_rate_scale': 'piecewise_linear',
  'ModelFree.initial_steps': 1024,  # ours, in place of random ones
  'ModelFree.steps_per_round': 64,
  'ModelFree.updates_per_step': 1,
  'ModelFree.batch_size': 256,
  'ModelFree.make_agent': ('SacAgent',) * 4 + ('Td3BcAgent',),
  'ModelFree.anneal_learning_rate': (True,) * 4 + (False,),
  'CostTurns.cost_update_period': (5000, 10_000, 10_000, 10_000, 5000),
  'CostTurns.stochastic': True,
  'CostNetwork.num_members': 1,
  'CostNetwork.clip': None,
  'CostLearner.weight_decay': 0.0,
}

_SAC = {
  'tfirl.SacAgent.make_optimizer': 'OptimisticAdam',
  'tfirl.SacAgent.critic_layer_norm': False,
  'tfirl.SacAgent.actor_learning_rate': None,
  'tfirl.SacAgent.initial_alpha': 1.0,
  'tfirl.SacAgent.clone_weight': 0.0,
  'tfirl.SacAgent.use_ema': False,
}
_SAC_MODEL_FREE = {
  **_SAC,
  'tfirl.SacAgent.hidden': (256, 256),
  'tfirl.SacAgent.learning_rate': 7.3e-4,
  'tfirl.SacAgent.scale_alpha_rate': True,
  'tfirl.SacAgent.gamma': 0.98,
  'tfirl.SacAgent.tau': 0.02,
  'tfirl.SacAgent.target_update_period': 1,
  'tfirl.SacAgent.target_entropy': None,  # -dim A
  'tfirl.SacAgent.fixed_alpha': None,
}
_TD3_BC = {
  'Td3BcAgent.make_optimizer': 'OptimisticAdam',
  'Td3BcAgent.learning_rate': 3e-4,
  'Td3BcAgent.actor_learning_rate': None,
  'Td3BcAgent.hidden': (256, 256),
  'Td3BcAgent.gamma': 0.99,
  'Td3BcAgent.tau': 0.005,
  'Td3BcAgent.alpha': 2.5,
  'Td3BcAgent.policy_noise': 0.2,
  'Td3BcAgent.policy_noise_clip': 0.5,
  'Td3BcAgent.policy_update_period': 2,
  'Td3BcAgent.exploration_noise': 0.0,
  'Td3BcAgent.critic_layer_norm': False,
  'Td3BcAgent.use_ema': False,
  'Td3BcAgent.clone_weight': 0.0,
  'WarmStart.bc_steps': 10_000,
  'WarmStart.bc_trains_critics': True,
  'WarmStart.actor_starts_at': 0,
}
_TD3_BC_MODEL_FREE = {
  **_TD3_BC,
  'Td3BcAgent.critic_clip_norm': None,
  'Td3BcAgent.weight_decay': 0.0,
}

# What tells one model-free method from another.
_RESETS = (0.5,) * 4 + (1.0,)
_AS_HOPPER = [(0.2, 0.1, 200_000), (0.1, 0.01, 1_000_000)]
_AS_WALKER = [(0.2, 0.2, 300_000), (0.2, 0.1, 1_000_000)]
_FRACTIONS = (_AS_HOPPER, _AS_WALKER, _AS_WALKER, _AS_HOPPER, [(0.5, 0.5, 1)])
_BC_WEIGHTS = (1.0, 0.5, 1.0, 0.5, 1.0)
_ON_EXPERT_ROWS = (0.0,) * 4 + (1.0,)  # TD3+BC's, of batches that hold some

_ENSEMBLE = {
  'GaussianEnsemble.num_members': 7,
  'GaussianEnsemble.log_variance_bounds': (-10.0, 0.5),
  'GaussianEnsemble.learn_log_variance_bounds': False,
  'DynamicsModel.num_elites': 5,
  'DynamicsTrainer.learning_rate': 3e-4,
  'DynamicsTrainer.weight_decay': 5e-5,
  'DynamicsTrainer.batch_size': 256,
  'DynamicsTrainer.patience': 10,
  'DynamicsTrainer.min_improvement': 0.01,
  'DynamicsTrainer.max_epochs': None,
  'DynamicsTrainer.holdout_share': 0.2,
  'DynamicsTrainer.holdout_most_rows': None,
}
_400, _200 = (400,) * 4, (200,) * 4
_HYPER = {
  **_ENSEMBLE,
  **_CONSTANT_RATE,
  'run.env_steps': 150_000,
  'run.eval_every': 10_000,
  'run.eval_episodes': (10,) * 4 + (25,),
  'Task.is_healthy': ('hopper', 'walker2d', 'ant', 'humanoid', 'never'),
  'ModelBased.make_agent': ('SacAgent',) * 4 + ('Td3BcAgent',),
  'ModelBased.initial_steps': (1000,) * 4 + (10_000,),
  'ModelBased.batch_size': 256,
  # 20 updates every 2 steps are 10 a step.
  'ModelBased.steps_per_round': (1, 2, 1, 2, 1),
  'ModelBased.policy_updates_per_step': (30, 10, 30, 10, 20),
  'ModelBased.dynamics_update_period': (125,) * 4 + (2000,),
  'ModelBased.learning_rate_scale': 'piecewise_linear',
  'LearnedDynamics.growth_between_fits': 0.0,
  'ModelBased.demos_in_hybrid': True,
  'ModelBased.expert_in_hybrid': True,
  'hybrid/table.capacity': 150_000,
  'PolicyBatches.expert_fraction': (0.0,) * 4 + (0.5,),
  'ModelBased.stochastic': False,
  # On mazes it restarts every 2,000: a rate that is as good as constant.
  'ModelBased.learning_rate_horizon': (None, 10_000, None, 10_000, 600_000),
  'ModelBased.fresh_optimizer': (False, True, False, True, False),
  'GaussianEnsemble.layers': (_400, _200, _400, _400, _200),
  'GaussianEnsemble.clip_mean': (None, 40.0, 40.0, None, None),
  'DynamicsTrainer.cosine_half_period': (None, 30_000, None, None, 30_000),
  'DynamicsTrainer.cosine_floor': (0.0, 1e-9, 0.0, 0.0, 1e-9),
  'Imagination.rollouts_per_step': 400,
  'Imagination.epoch_length': 1000,
  'Imagination.rollout_length': 'truncated_linear',
  'truncated_linear.first': 20,
  'truncated_linear.last': (100, 100, 100, 300, 100),
  'truncated_linear.minimum': 1,
  'truncated_linear.maximum': 25,
  # On mazes 2 of their capacity: two fits, one every two epochs.
  'Imagination.num_epochs_retained': (1,) * 4 + (4,),
  'Imagination.make_starts': (None,) * 4 + ('BackwardStarts',),
  'Imagination.expert_reset_fraction': (0.5,) * 4 + (1.0,),
  'Imagination.expert_action_fraction': 0.0,
  # What took effect, of the 10,000 (ant: 2,000) that were configured.
  'CostTurns.cost_update_period': (30_000, 10_000, 6000, 10_000, 2000),
  'CostTurns.stochastic': False,
  'CostNetwork.num_members': (7,) * 4 + (1,),
  'CostNetwork.reduce': 'min',
  'CostNetwork.clip': (None, 40.0, 40.0, None, None),
  'CostLearner.weight_decay': (0.0, 5e-5, 5e-5, 0.0, 0.0),
}
_SAC_HYPER = {
  **_SAC,
  'tfirl.SacAgent.hidden': ((512,) * 2, *3 * ((1024,) * 2,), None),
  'tfirl.SacAgent.learning_rate': (3e-4, 1e-4, 1e-4, 1e-4, None),
  'tfirl.SacAgent.scale_alpha_rate': False,
  'tfirl.SacAgent.gamma': 0.99,
  'tfirl.SacAgent.tau': 0.005,
  'tfirl.SacAgent.target_update_period': 4,
  'tfirl.SacAgent.target_entropy': (1.0, None, None, None, None),
  'tfirl.SacAgent.fixed_alpha': (None, 0.2, 0.2, None, None),
  'tfirl.SacAgent.bc_weight': 0.0,
}
_TD3_BC_HYPER = {
  **_TD3_BC,
  'Td3BcAgent.bc_weight': 1.0,
  'Td3BcAgent.critic_clip_norm': 1.0,
  'Td3BcAgent.weight_decay': 1e-4,
  'BackwardStarts.reset_window': 0.1,
  'BackwardStarts.keeps_width': False,
  'BackwardStarts.walk_steps': 150_000,
  'ModelBased.pretrained_model': 'cached_pretraining',
  'pretrain/DynamicsTrainer.cosine_half_period': None,
}
_REGIONS = {
  'PretrainDynamics.bin_sampling': 'uniform',
  'PretrainDynamics.num_bins': 50,
}
_PRETRAINING = {
  **_ENSEMBLE,
  **_REGIONS,
  'GaussianEnsemble.layers': _200,
  'GaussianEnsemble.clip_mean': None,
  'DynamicsTrainer.cosine_half_period': None,
}
_BC = {
  **_MODEL_FREE_BUDGET,  # ours, as of the games: theirs ends at 300,000
  'run.updates': (1_000_000,) * 4 + (500_000,),
  'BehaviorCloning.make_agent': 'BcAgent',
  'BehaviorCloning.batch_size': 256,
  'BcAgent.learning_rate': 3e-4,
  'BcAgent.hidden': (256, 256),
}


def settings(method: str, task: str) -> dict[str, Any]:
  """The value that each parameter is to have, bound or by default.

  Args:
    method: as in METHOD_TASK.gin.
    task: of `TASKS`.
  """
  place = TASKS.index(task)
  return {
    name: value[place] if _is_row(value) else value
    for name, value in _of_method(method, task == 'maze').items()
  }


def _of_method(method: str, is_maze: bool) -> dict[str, Any]:
  if method == 'bc':
    return _DEMOS | _BC
  if method == 'pretrain_dynamics':
    return _DEMOS | _PRETRAINING
  if method == 'hyper':
    player = _TD3_BC_HYPER | _REGIONS if is_maze else _SAC_HYPER
    return _DEMOS | _COST | _HYPER | player
  player = _TD3_BC_MODEL_FREE if is_maze else _SAC_MODEL_FREE
  agent = 'Td3BcAgent' if is_maze else 'tfirl.SacAgent'
  is_hybrid = method in ('hype', 'hype_filter')
  bc_weights = _ON_EXPERT_ROWS if is_hybrid else 0.0
  variant = {
    'ExpertReset.reset_prob': _RESETS if 'filter' in method else 0.0,
    'ModelFree.expert_fraction': 'piecewise_linear' if is_hybrid else None,
    f'{agent}.bc_weight': _BC_WEIGHTS if method == 'bc_reg' else bc_weights,
  }
  if is_hybrid:
    variant['expert_fraction/piecewise_linear.segments'] = _FRACTIONS
  return _DEMOS | _MODEL_FREE_BUDGET | _COST | _MODEL_FREE | player | variant


def _is_row(value: Any) -> bool:
  return isinstance(value, tuple) and len(value) == len(TASKS)
