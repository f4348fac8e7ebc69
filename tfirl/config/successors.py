"""What gin files and bindings of earlier versions are called now."""

import fnmatch
from pathlib import Path

# Files of earlier versions, and what to read in their place; the first pattern
# that fits says it, `*` being the file's own name.
_FILES = {
  'scale/paper*.gin': 'paper/METHOD_TASK.gin, the published settings',
  'scale/*.gin': 'METHOD_TASK.gin alone: it is the recipe',
  'games/hyper_maze.gin': 'methods/hyper_maze.gin',
  'games/maze.gin': 'methods/METHOD_maze.gin',
  'games/model_free.gin': 'methods/game.gin',
  'algorithms/model_free*.gin': 'methods/mm.gin',
  'algorithms/maze_encoding.gin': 'agents/td3_bc.gin',
  'algorithms/sac.gin': 'agents/sac.gin',
  'algorithms/td3_bc.gin': 'agents/td3_bc.gin',
  'games/*.gin': 'methods/*, or on a maze methods/METHOD_maze.gin',
  'algorithms/*.gin': 'methods/*',
}
# Bindings of earlier versions, and what says the same now.
BINDINGS = {
  'run.task': 'Task.name',
  'suites.load.env_id': 'Task.env_id',
  'suites.load.env_kwargs': 'Task.env_kwargs',
  'suites.load.tremble_probability': 'Task.tremble_probability',
  'ModelEnv.is_healthy': 'Task.is_healthy',
  'ModelBased.expert_fraction': 'PolicyBatches.expert_fraction',
  'DynamicsTrainer.cosine_epochs': (
    'DynamicsTrainer.cosine_half_period, in gradient steps,'
  ),
  'DynamicsTrainer.cosine_end': 'DynamicsTrainer.cosine_floor, a rate,',
  'Td3BcAgent.critic_updates_first': 'WarmStart.actor_starts_at, in env steps,',
  **{
    f'{loop}.{name}': f'WarmStart.{name}'
    for loop in ('ModelFree', 'ModelBased')
    for name in ('bc_steps', 'critic_steps', 'bc_scale')
  },
}


def of_file(name: str) -> str:
  """'; it was replaced by ...' for a file of an earlier version, or ''."""
  parts = Path(name).parts[-2:]
  for pattern, successor in _FILES.items():
    if fnmatch.fnmatchcase('/'.join(parts), pattern):
      return f'; it was replaced by {successor.replace("*", parts[-1])}'
  return ''
