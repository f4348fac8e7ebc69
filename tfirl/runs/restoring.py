"""The learned model of a finished run, as an environment of its own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tfirl import tasks
from tfirl.config import gin_bindings
from tfirl.costs import export as cost_export
from tfirl.dynamics import learned_end, model_env, vector_env
from tfirl.dynamics import model as dynamics_model
from tfirl.runs import experiment
from tfirl.storage import checkpoints, run_files

# Imported for the configurables that config.gin may name.
del experiment

_NUM_STARTS = 256


def imagined_env(
  run: Path,
  task: tasks.Task,
  num_envs: int,
  *,
  starts: np.ndarray | None = None,
  reward_fn: Callable | None = None,
  max_episode_steps: int | None = None,
) -> vector_env.ImaginedVectorEnv:
  """See `api.Run.model_env`."""
  with task.make_env() as env:
    low, high = env.action_low, env.action_high
    if max_episode_steps is None:
      max_episode_steps = env.max_episode_steps
    if starts is None:
      starts = np.stack([env.reset().observation for _ in range(_NUM_STARTS)])
    sizes = env.observation_spec().shape[0], len(low)
  model = learned_model(run, task, sizes)
  if reward_fn is None and not model.model.predicts_reward:
    reward_fn = _learned_reward(run)
  return vector_env.ImaginedVectorEnv(
    model,
    starts,
    reward_fn,
    num_envs,
    max_episode_steps,
    action_bounds=(low, high),
  )


def learned_model(
  run: Path, task: tasks.Task, sizes: tuple[int, int]
) -> model_env.ModelEnv:
  """The ensemble of the latest checkpoint, and where its episodes end.

  Args:
    run: its folder.
    task: the run's.
    sizes: O and A.

  Raises:
    FileNotFoundError: there is no checkpoint.
    ValueError: the run learned no model.
  """
  latest = checkpoints.latest(run / run_files.CHECKPOINTS)
  if latest is None:
    raise FileNotFoundError(f'{run} holds no checkpoint; expected one')
  with gin_bindings.alone('model_env'):
    gin_bindings.parse([str((run / run_files.CONFIG).resolve())])
    model = dynamics_model.DynamicsModel(*sizes, 0, _predicts_reward())
    parts = {'model': model}
    is_healthy = task.is_healthy
    if is_healthy is None:
      parts['end'] = learned_end.LearnedEnd(sizes[0], seed=0)
      is_healthy = parts['end'].is_healthy
    env = model_env.ModelEnv(model, is_healthy)
  missing = checkpoints.restore_parts(latest, parts)
  if missing:
    raise ValueError(
      f'{latest} holds no {" and no ".join(missing)}; expected a run that '
      f'learns a model of the environment, such as hyper; found '
      f'{run.resolve().parent.name}'
    )
  return env


def _predicts_reward() -> bool:
  """Whether the run's ensemble does, as its config has it."""
  make_cost = gin_bindings.value_of('ModelBased.make_cost', None)
  return make_cost is not None and make_cost.rows_have_reward


def _learned_reward(run: Path) -> Callable:
  path = run / cost_export.FILE
  if not path.is_file():
    raise ValueError(
      f'{path} not found: the run has learned no reward; expected '
      'model_env(reward_fn=...)'
    )
  return cost_export.RewardModule(path).reward
