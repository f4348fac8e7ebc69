"""What a run says of itself: what it does, with what, where, how it ended."""

from pathlib import Path

from tfirl import tasks
from tfirl.config import budget as budget_lib
from tfirl.config import gin_bindings, idle
from tfirl.machine import signals
from tfirl.runs import run_demos
from tfirl.storage import run_folder as run_folder_lib

_STARTS = 'WarmStart.actor_starts_at'


def say_what(
  run_folder: run_folder_lib.RunFolder,
  task: tasks.Task,
  seed: int,
  budget: budget_lib.Budget,
) -> None:
  """Method, task, seed and budget; said before anything that takes time."""
  method = run_folder.path.parent.name
  cut = f', cut from {budget.cut_from:,}' if budget.cut_from else ''
  signals.say(f'{method} on {task.name}, seed {seed}: {budget}{cut}')
  starts = gin_bindings.value_of(_STARTS, 0)
  if budget.unit in budget_lib.STEPS and budget.total < starts:
    signals.say(
      f'the policy stays as it begins: it moves from step {starts:,} on '
      f'({_STARTS}); expected a larger budget, or an earlier start'
    )


def say_from_and_to(
  run_folder: run_folder_lib.RunFolder,
  learned_from: run_demos.RunDemos,
  latest: Path | None,
) -> None:
  """The demonstrations, and the folder.

  Args:
    run_folder: of the run.
    learned_from: its demonstrations.
    latest: checkpoint that it goes on from; None at its beginning.
  """
  signals.say(f'demonstrations: {_describe(learned_from)}')
  start = f', goes on from step {latest.name}' if latest else ''
  signals.say(f'writes to {run_folder.path}{start}')


def say_idle() -> None:
  """Which bindings change nothing, once all is built."""
  for line in idle.lines():
    signals.say(line)


def say_encoding(learned_from: run_demos.RunDemos) -> None:
  """Networks that go on see observations as they never did, if they are encoded
  by demonstrations: now by these. Once all is built.
  """
  encodes = any(
    any(gin_bindings.in_use(f'make_encoding.{name}'))
    for name in ('standardize', 'num_frequencies')
  )
  if encodes:
    signals.say(
      f'observations are encoded by {learned_from.source} from now on '
      '(make_encoding), while the networks learned by other demonstrations: '
      'what they know may be lost; expected the same ones, or a new run'
    )


def say_stopped(steps: int, budget: budget_lib.Budget) -> None:
  """Where a run stands that was asked to stop before its budget was spent."""
  signals.say(
    f'stopped at {steps:,} of {budget}, with a checkpoint; the same command '
    'goes on'
  )


def spent_line(name: str, budget: budget_lib.Budget, steps: int) -> str:
  """What is said of a run that was over before."""
  return (
    f'{name}: the budget, {budget}, is spent ({steps:,} taken): nothing is '
    'left to train'
  )


def _describe(learned_from: run_demos.RunDemos) -> str:
  demos, mean = learned_from.demos, learned_from.mean_return
  if demos is None:
    return 'none, it learns from the reward'
  number = len(demos.episode_ends)
  said = 'return unknown' if mean is None else f'mean return {mean:.1f}'
  return (
    f'{demos.source}, {number:,} episode{"s" * (number != 1)} '
    f'({len(demos):,} transitions), {said}'
  )
