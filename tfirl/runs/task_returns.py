"""What an expert and a random policy return on a task, for its gin file.

  python -m tfirl.runs.task_returns hopper walker2d

Means of 20 seeded episodes with the task's trembling hand, as evaluations are:
`Task.expert_return`, of the embedded expert, and `Task.random_return`.
"""

import argparse
from collections.abc import Sequence

import numpy as np

from tfirl import tasks
from tfirl.config import gin_bindings
from tfirl.demos.experts import embedded
from tfirl.evaluation import evaluate as evaluation
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's names

_NUM_EPISODES, _SEED = 20, 0


def random_return(task: tasks.Task) -> float:
  """Mean return of uniformly random actions."""
  rng = np.random.default_rng(_SEED)
  with task.make_env(_SEED) as env:
    size = env.action_spec().shape
    stats = evaluation.evaluate(
      env,
      lambda *unused: rng.uniform(-1, 1, size).astype(np.float32),
      _NUM_EPISODES,
      _SEED,
    )
  return float(np.mean(stats.returns))


def expert_return(task: tasks.Task) -> float | None:
  """Mean return of the embedded expert, as it recorded; None without one."""
  if task.name not in embedded.tasks():
    return None
  is_noisy = bool(
    embedded.metadata(task.name).get('controller', {}).get('noise')
  )
  with task.make_env(_SEED) as env:
    stats = evaluation.evaluate(
      env, embedded.policy(task.name), _NUM_EPISODES, _SEED, is_noisy
    )
  return float(np.mean(stats.returns))


def show(name: str) -> None:
  """Prints the lines of a task's file.

  Raises:
    FileNotFoundError, ValueError: there is no such task, or it is of no use.
  """
  gin_bindings.parse([f'tasks/{name}.gin'])
  task = tasks.make_task()
  expert = expert_return(task)
  print(f'# {name}')
  if expert is not None:
    print(f'Task.expert_return = {expert:.4g}')
  print(f'Task.random_return = {random_return(task):.4g}', flush=True)


def main(argv: Sequence[str] | None = None) -> None:
  """`show` of tasks, with errors of the user's in one line and exit code 1."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('tasks', metavar='TASK', nargs='+')
  try:
    for name in parser.parse_args(argv).tasks:
      show(name)
  except (OSError, ValueError) as error:
    raise SystemExit(f'error: {error}') from None


if __name__ == '__main__':
  main()
