"""Lines of gin of games that take a second."""

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
