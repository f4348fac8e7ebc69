"""The gin entry: builds what the gin file names and runs it to its budget."""

import contextlib
from collections.abc import Callable

import gin
import numpy as np

from tfirl import budget as budget_lib
from tfirl import schedules as _schedules  # noqa: F401 so that gin knows it
from tfirl.agents import bc as _bc_agent  # noqa: F401
from tfirl.agents import sac as _sac  # noqa: F401
from tfirl.agents import td3_bc as _td3_bc  # noqa: F401
from tfirl.algorithms import bc as _bc  # noqa: F401
from tfirl.algorithms import expert as _expert  # noqa: F401
from tfirl.algorithms import model_based as _model_based  # noqa: F401
from tfirl.algorithms import model_free as _model_free  # noqa: F401
from tfirl.algorithms import pretrain_dynamics as _pretrain  # noqa: F401
from tfirl.algorithms.parts import pretraining as _pretraining  # noqa: F401
from tfirl.algorithms.parts import start_states as _start_states  # noqa: F401
from tfirl.config import gin_bindings
from tfirl.costs import level as _level  # noqa: F401
from tfirl.demos import load
from tfirl.dynamics import termination as _termination  # noqa: F401
from tfirl.evaluation import progress
from tfirl.machine import threads
from tfirl.runs import session
from tfirl.storage import checkpoints
from tfirl.storage import run_folder as run_folder_lib


@gin.configurable(denylist=['run_folder', 'seed', 'demos', 'stop'])
def run(
  run_folder: run_folder_lib.RunFolder,
  seed: int,
  demos: str | None,
  stop: Callable[[], bool],
  *,
  task: str = gin.REQUIRED,
  algorithm: str = gin.REQUIRED,
  make_algorithm: Callable = gin.REQUIRED,
  real_steps: int | None = None,
  env_steps: int | None = None,
  updates: int | None = None,
  eval_every: int = gin.REQUIRED,
  eval_episodes: int = 10,
  eval_stochastic: bool = False,
  checkpoint_every: int = gin.REQUIRED,
  record_video: bool = True,
  keep_best: bool = False,
  num_threads: int = 0,
  most_steps: int | None = None,
) -> None:
  """Trains, or goes on training, and leaves all results in `run_folder`.

  Args:
    run_folder: where; open.
    seed: seeds everything but Reverb's sampling.
    demos: source of the demonstrations; None for the task's embedded expert.
    stop: asked once a round; true ends the run after a checkpoint.
    task: the task's name, as in the folder's path.
    algorithm: the algorithm's name, likewise.
    make_algorithm: maps (load_demos, seed, restore_from) to an algorithm; its
      `budget_units` say which of the next three it may have. Exactly one is
      bound, and the unit of the periods below.
    real_steps: budget of all steps taken, those for the cost among them; only
      evaluations are free.
    env_steps: budget of the steps of training alone, as published.
    updates: budget of gradient steps, of what takes no steps.
    eval_every: steps between evaluations; there is one at the start too.
    eval_episodes: episodes of each.
    eval_stochastic: sample their actions instead of taking the mean.
    checkpoint_every: steps between checkpoints.
    record_video: film one episode of the final policy.
    keep_best: write the policy of the best evaluation to best_policy/ too.
    num_threads: TensorFlow's (`threads.take`); 0 for all cores. With two
      runs on two cores, one thread each is best.
    most_steps: the budget is cut to this if it is larger, whatever its unit:
      so one file, budgets/smoke.gin, makes runs of all kinds short.

  Raises:
    ValueError: not exactly one budget is bound, or one that the algorithm
      doesn't count.
    UnusedBindingError: a gin binding that nothing consumed.
    FloatingPointError: a loss is not finite; the last checkpoint stays.
    CheckpointError: a checkpoint could not be written; the last one stays.
  """
  budget = budget_lib.make_budget(
    {'real_steps': real_steps, 'env_steps': env_steps, 'updates': updates},
    make_algorithm.budget_units,
    algorithm,
    most_steps,
  )
  threads.take(num_threads)
  latest = checkpoints.latest(run_folder.checkpoints)
  built = make_algorithm(
    lambda env: _load_demos(demos or f'embedded:{task}', env, run_folder),
    seed=seed,
    restore_from=latest,
  )
  with contextlib.ExitStack() as stack:
    stack.callback(built.close)
    current = session.Session(
      run_folder,
      built,
      latest,
      seed,
      budget,
      eval_episodes=eval_episodes,
      eval_stochastic=eval_stochastic,
      keep_best=keep_best,
    )
    stack.callback(current.close)
    name = f'{algorithm} {task} {seed}'
    unit = budget.unit.replace('_', ' ')
    bar = progress.ProgressBar(budget.total, current.steps, name, unit)
    stack.callback(bar.close)
    if latest is None:
      current.evaluate()
    elif current.is_spent:
      bar.write(
        f'{name}: the budget, {budget.total} {unit}, is spent ({current.steps} '
        'taken): nothing is left to train'
      )
    gin_bindings.check_all_consumed()
    run_folder.write_operative_config()
    current.train(bar, eval_every, checkpoint_every, stop)
    current.finish(current.is_spent, record_video)
    if current.is_spent:
      run_folder.mark_complete(current.steps)


def _load_demos(source: str, env, run_folder: run_folder_lib.RunFolder):
  """Demonstrations for `env`; metadata.json says which and how many."""
  demos = load.load_demonstrations(
    source,
    env_id=env.env_id,
    observation_size=env.observation_spec().shape[0],
    action_low=env.action_low,
    action_high=env.action_high,
    env_kwargs=env.env_kwargs,
    maze=env.maze,
  )
  returns = demos.episode_returns
  run_folder.record(
    demonstrations={
      'source': source,
      'num_episodes': len(demos.episode_ends),
      'num_transitions': len(demos),
      'mean_return': (
        float(returns.mean()) if np.isfinite(returns).all() else None
      ),
    }
  )
  return demos
