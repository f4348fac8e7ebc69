"""Games that take a second: their lines of gin, and how far they are played."""

TD3_BC = [
  'ModelFree.make_agent = @Td3BcAgent',
  'ModelFree.anneal_learning_rate = False',
  'Td3BcAgent.make_optimizer = @OptimisticAdam',
  'Td3BcAgent.learning_rate = 3e-3',
  'Td3BcAgent.gamma = 0.99',
  'Td3BcAgent.tau = 0.005',
  'Td3BcAgent.hidden = (32, 32)',
  'Td3BcAgent.bc_weight = 1.0',
]
SAC = ['tfirl.SacAgent.hidden = (32, 32)']
BINDINGS = [
  'WarmStart.bc_anneal = False',  # some hundred steps are few
  'ModelFree.steps_per_round = 16',
  'ModelFree.batch_size = 32',
  'ModelFree.initial_steps = 32',
  'CostTurns.cost_update_period = 48',
  'CostTurns.cost_rollout_episodes = 1',
  'CostNetwork.layers = (8,)',
  'CostLearner.batch_size = 32',
  'policy/table.rows_per_item = 5',
  'expert/table.rows_per_item = 32',
]
MODEL_BASED = [
  'ModelBased.learning_rate_horizon = None',
  'ModelBased.demos_in_hybrid = False',  # but where it is what is tested
  'Imagination.rollouts_per_step = 3',
  'truncated_linear.first = 1',
  'truncated_linear.last = 2',
  'truncated_linear.minimum = 2',
  'truncated_linear.maximum = 2',
  'CostTurns.cost_update_period = 30',
  'CostTurns.cost_rollout_episodes = 1',
  'CostNetwork.layers = (8,)',
  'CostNetwork.num_members = 2',
  'CostLearner.batch_size = 32',
  'policy/table.rows_per_item = 5',
  'hybrid/table.rows_per_item = 16',
  'learner/table.rows_per_item = 4',
]


def play(game, env_steps):
  """Rounds up to so many env steps."""
  while game.clock.env_steps < env_steps:
    game.run_round()
