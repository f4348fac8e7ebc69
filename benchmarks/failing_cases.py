"""What the runs that are made to fail bind, and how each of them fails."""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Case:
  """A run, and what is wrong with it.

  Attributes:
    method: of a METHOD_hopper.gin.
    changes: what is bound beside what all runs of the method bind.
    how: it is made to fail; '' of a good run.
    cause: name of the finding that tells it; None of a good run, and of one
      that learned all the same.
    env: arguments of `DiscEnv`.
    max_steps: the time limit of the run, not of the demonstrations.
    spoils: what is done to the demonstrations.
    seed: of the run.
  """

  method: str
  changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  how: str = ''
  cause: str | None = None
  env: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  max_steps: int | None = None
  spoils: str | None = None
  seed: int = 0


_COMMON = {
  'run.eval_episodes': 4,
  'run.record_video': False,
  'run.num_threads': 1,
  'Task.name': 'disc',
  'Task.tremble_probability': 0.0,
  'Task.is_healthy': None,
  'Task.expert_return': 54.8,
  'Task.random_return': 0.25,
}
_AGENT = {
  'tfirl.SacAgent.hidden': (32, 32),
  'tfirl.SacAgent.learning_rate': 3e-3,
  'tfirl.SacAgent.gamma': 0.9,
  'tfirl.SacAgent.initial_alpha': 0.1,
}
_COST = {
  'CostNetwork.layers': (32, 32),
  'CostLearner.batch_size': 256,
  'CostLearner.learning_rate': 1e-3,
}
_MODEL_FREE = {
  **_COMMON,
  **_AGENT,
  'run.real_steps': 1600,
  'run.eval_every': 150,
  'run.checkpoint_every': 1600,
  'ModelFree.steps_per_round': 50,
  'ModelFree.batch_size': 64,
  'ModelFree.initial_steps': 200,
  'policy/table.rows_per_item': 1,
  'expert/table.rows_per_item': 50,
}
_GAME = {
  **_MODEL_FREE,
  **_COST,
  'CostTurns.cost_update_period': 50,
  'CostTurns.window': 250,
}
_HYPE = {
  **_GAME,
  'expert_fraction/piecewise_linear.segments': [(0.5, 0.25, 1000)],
}
_HYPER = {
  **_COMMON,
  **_AGENT,
  **_COST,
  'run.real_steps': 1000,
  'run.eval_every': 100,
  'run.checkpoint_every': 1000,
  'ModelBased.initial_steps': 200,
  'ModelBased.dynamics_update_period': 80,
  'ModelBased.steps_per_round': 20,
  'ModelBased.policy_updates_per_step': 5,
  'ModelBased.batch_size': 64,
  'ModelBased.jit_compile': False,
  'ModelBased.learning_rate_horizon': None,
  'DynamicsTrainer.max_epochs': 20,
  'DynamicsTrainer.learning_rate': 3e-3,
  'DynamicsTrainer.batch_size': 64,
  'GaussianEnsemble.layers': (32, 32),
  'GaussianEnsemble.num_members': 3,
  'DynamicsModel.num_elites': 2,
  'Imagination.rollouts_per_step': 20,
  'Imagination.epoch_length': 400,
  'CostTurns.cost_update_period': 200,
  'CostTurns.window': 250,
  'expert/table.rows_per_item': 20,
  'hybrid/table.rows_per_item': 20,
  'learner/table.rows_per_item': 20,
}
_BC = {
  **_COMMON,
  'run.updates': 1024,
  'run.eval_every': 128,
  'run.checkpoint_every': 1024,
  'BehaviorCloning.batch_size': 64,
  'BcAgent.hidden': (32, 32),
  'BcAgent.learning_rate': 3e-3,
  'expert/table.rows_per_item': 50,
}
_IQ_LEARN = {
  **_MODEL_FREE,
  'tfirl.SacAgent.actor_learning_rate': None,
}
OF_METHOD = {
  'hype': _HYPE,
  'mm': _GAME,
  'hyper': _HYPER,
  'bc': _BC,
  'iq_learn': _IQ_LEARN,
}
# Files laid over a METHOD_hopper.gin: what fails here is the game from nothing.
_FROM_NOTHING = ('agents/from_nothing.gin',)
OVER = {'hype': _FROM_NOTHING, 'hyper': _FROM_NOTHING}
FIRST = {
  'good_hype': Case('hype'),
  'good_hyper': Case('hyper'),
  'good_bc': Case('bc'),
  'cost_still': Case(
    'hype',
    {'CostLearner.learning_rate': 1e-9},
    "the cost's rate is 1e-9",
    'cost blind',
  ),
  'cost_wild': Case(
    'hype',
    {'CostLearner.gp_weight': 0.0, 'CostLearner.learning_rate': 0.03},
    'no gradient penalty, 30 times the rate',
    'cost exploding',
  ),
  'q_explodes': Case(
    'hype',
    {
      'tfirl.SacAgent.gamma': 0.9999,
      'tfirl.SacAgent.tau': 1.0,
      'tfirl.SacAgent.critic_layer_norm': False,
    },
    'a discount of .9999, targets that follow at once, no layer norm',
    'Q exploding',
  ),
  'too_hot': Case(
    'hype',
    {'tfirl.SacAgent.fixed_alpha': 100.0},
    'the temperature is fixed at 100',
    'policy random',
  ),
  'one_episode_alone': Case(
    'hype',
    {
      'expert_fraction/piecewise_linear.segments': [(1.0, 1.0, 1000)],
      'load_demonstrations.num_episodes': 1,
    },
    "all rows of all batches are the expert's, of one episode",
    None,
  ),
  'shuffled_actions': Case(
    'bc',
    how="the demonstrations' actions are shuffled",
    cause='demonstrations inconsistent',
    spoils='shuffled',
  ),
  'model_wild': Case(
    'hyper',
    {
      'DynamicsTrainer.learning_rate': 1.0,
      'DynamicsTrainer.max_epochs': 1,
    },
    "the ensemble's rate is 1, for one epoch a fit",
    'model error',
  ),
  'living_costs': Case(
    'hype',
    {
      'CostLearner.make_level': '@FixedLevel',
      'FixedLevel.expert_reward': -2.0,
    },
    'each step costs 2, however good, and an end is free',
    'episodes end early',
  ),
  'mean_is_nothing': Case(
    'hype',
    how='only pushes that differ from the last one count',
    cause='evaluation below training',
    env={'needs_noise': True},
  ),
}
SECOND = {
  'good_mm': Case('mm'),
  'good_iq_learn': Case('iq_learn'),
  'good_hype_again': Case('hype', seed=1),
  'cost_flattened': Case(
    'hype',
    {'CostLearner.gp_weight': 1e5, 'CostLearner.gp_target': 0.0},
    'a gradient penalty of 100,000 to a slope of 0',
    'cost blind',
  ),
  'cost_steep': Case(
    'mm',
    {'CostLearner.gp_target': 30.0, 'CostLearner.learning_rate': 0.03},
    'a gradient penalty to a slope of 30, 30 times the rate',
    'cost exploding',
  ),
  'q_of_a_long_view': Case(
    'hype',
    {
      'tfirl.SacAgent.gamma': 0.999,
      'tfirl.SacAgent.tau': 0.5,
      'tfirl.SacAgent.learning_rate': 0.03,
      'tfirl.SacAgent.critic_layer_norm': False,
    },
    'a discount of .999, fast targets, 10 times the rate, no layer norm',
    'Q exploding',
  ),
  'slow_to_cool': Case(
    'mm',
    {'tfirl.SacAgent.initial_alpha': 1000.0},
    'the temperature is learned from 1000 on',
    'policy random',
  ),
  'offline': Case(
    'hype',
    {'expert_fraction/piecewise_linear.segments': [(0.98, 0.98, 1000)]},
    "63 of 64 rows of a batch are the expert's",
    None,
  ),
  'shuffled_for_a_model': Case(
    'hyper',
    how="the demonstrations' actions are shuffled",
    cause='demonstrations inconsistent',
    spoils='shuffled',
  ),
  'flipped_actions': Case(
    'bc',
    how="the demonstrations' actions have the wrong sign",
    cause='demonstrations inconsistent',
    spoils='flipped',
  ),
  'lost_expert': Case(
    'bc',
    how='the demonstrations rest at another place',
    cause='demonstrations poor',
    spoils='elsewhere',
  ),
  'model_decayed': Case(
    'hyper',
    {'DynamicsTrainer.weight_decay': 100.0},
    "the ensemble's weight decay is 100",
    'model error',
  ),
  'short_clock': Case(
    'hype',
    how='episodes of 12 steps, where the demonstrations have 60',
    cause='episodes end early',
    max_steps=12,
  ),
  'no_rate': Case(
    'bc',
    {'BcAgent.learning_rate': 1e-12},
    "the policy's rate is 1e-12",
    'policy frozen',
  ),
  'all_initial': Case(
    'mm',
    {'ModelFree.initial_steps': 4000},
    'training is to begin after 4000 steps, of 1600',
    'never trained',
  ),
  'too_fast': Case(
    'hype',
    {'tfirl.SacAgent.learning_rate': 1e12},
    "the policy's rate is 1e12",
    'ended by an error',
  ),
}
