"""The gin entry: builds what the gin file names and runs it to its budget."""

import contextlib
import dataclasses
import time
from collections.abc import Callable
from typing import Annotated

import gin

from tfirl import checks, tasks, types
from tfirl import schedules as _schedules  # noqa: F401 so that gin knows it
from tfirl.agents import bc as _bc_agent  # noqa: F401
from tfirl.agents import cross_q as _cross_q  # noqa: F401
from tfirl.agents import iq_learn as _iq_learn  # noqa: F401
from tfirl.agents import sac as _sac  # noqa: F401
from tfirl.agents import td3_bc as _td3_bc  # noqa: F401
from tfirl.algorithms import bc as _bc  # noqa: F401
from tfirl.algorithms import expert as _expert  # noqa: F401
from tfirl.algorithms import model_based as _model_based  # noqa: F401
from tfirl.algorithms import model_free as _model_free  # noqa: F401
from tfirl.algorithms import pretrain_dynamics as _pretrain  # noqa: F401
from tfirl.algorithms.parts import pretraining as _pretraining  # noqa: F401
from tfirl.algorithms.parts import start_states as _start_states  # noqa: F401
from tfirl.config import budget as budget_lib
from tfirl.config import gin_bindings
from tfirl.costs import level as _level  # noqa: F401
from tfirl.dynamics import termination as _termination  # noqa: F401
from tfirl.evaluation import record
from tfirl.machine import progress, threads
from tfirl.runs import actors, evaluations, opening, run_demos, session
from tfirl.storage import run_folder as run_folder_lib

_MakeAlgorithm = Annotated[
  Callable,
  checks.Called(
    'a class called with task, demonstrations and seed, such as @ModelFree',
    3,
    ('restore_from',),
    has=('budget_units', 'learns_from_demos'),
    is_class=True,
  ),
]


@gin.configurable(
  denylist=['run_folder', 'task', 'seed', 'demos', 'stop', 'on_evaluation']
)
@checks.checked
def run(
  run_folder: run_folder_lib.RunFolder,
  task: tasks.Task,
  seed: int,
  demos: str | types.Demonstrations | None,
  stop: Callable[[], bool],
  on_evaluation: Callable[[record.Evaluation], bool | None] | None = None,
  *,
  algorithm: checks.Name = gin.REQUIRED,
  make_algorithm: _MakeAlgorithm = gin.REQUIRED,
  real_steps: checks.Count | None = None,
  env_steps: checks.Count | None = None,
  updates: checks.Count | None = None,
  eval_every: checks.Count = gin.REQUIRED,
  eval_episodes: checks.Count = 10,
  eval_stochastic: bool = False,
  eval_video: bool = False,
  checkpoint_every: checks.Count = gin.REQUIRED,
  log_every: checks.Count = 1000,
  record_video: bool = True,
  keep_best: bool = False,
  num_threads: checks.CountOrZero = 0,
  most_steps: checks.Count | None = None,
  num_actors: checks.CountOrZero = 0,
  max_policy_age: checks.Count = 10_000,
  actor_timeout_s: checks.Positive = 600.0,
) -> None:
  """Trains, or goes on training, and leaves all results in `run_folder`.

  Args:
    run_folder: where; open.
    task: what is to be learned.
    seed: seeds everything but Reverb's sampling.
    demos: the demonstrations or their source; None for the task's own.
    stop: asked once a round; true ends the run after a checkpoint.
    on_evaluation: called after each evaluation; if it returns True or raises,
      the run ends after a checkpoint.
    algorithm: the algorithm's name, as in the folder's path.
    make_algorithm: maps (task, demonstrations, seed, restore_from) to an
      algorithm; its `budget_units` say which of the next three it may have.
      Exactly one is bound, and the unit of the periods below.
    real_steps: budget of all steps taken, those for the cost among them; only
      evaluations are free.
    env_steps: budget of the steps of training alone, as published.
    updates: budget of gradient steps, of what takes no steps.
    eval_every: steps between evaluations; there is one at the start too.
    eval_episodes: episodes of each.
    eval_stochastic: sample their actions instead of taking the mean.
    eval_video: film the first episode of each, for videos/ and TensorBoard.
    checkpoint_every: steps between checkpoints.
    log_every: steps between TensorBoard's points: losses, speed, the return of
      training's own episodes.
    record_video: film the final policy: of its evaluation's episodes the one
      of median return.
    keep_best: write the policy of the best evaluation to best_policy/ too.
    num_threads: TensorFlow's (`threads.take`); 0 for all cores. With two
      runs on two cores, one thread each is best.
    most_steps: the budget is cut to this if it is larger, whatever its unit:
      so one file, budgets/smoke.gin, makes runs of all kinds short.
    num_actors: processes that act, each in an environment of its own, while
      this one learns; Ray has them on this machine, or on the cluster of
      --ray_address. 0 acts and learns by turns, in this process.
    max_policy_age: gradient steps that may lie between an actor's policy and
      the round that takes its steps; older ones are counted (`stale_steps`),
      and not trained on. At least what the rounds have that actors may be
      ahead: steps get no older by waiting.
    actor_timeout_s: how long the learner waits for a block of steps, and an
      actor for the learner to take one: more than an evaluation lasts.

  Raises:
    ValueError: not exactly one budget is bound, or one that the algorithm
      doesn't count; or actors, for one that takes none, or whose steps would
      get too old while they wait.
    UnusedBindingError: a gin binding that nothing consumed.
    FloatingPointError: a loss is not finite; the last checkpoint stays.
    CheckpointError: a checkpoint could not be written, and the last one stays;
      or all that there are to go on from are damaged.
    RunFolderError: there is none, though the run has been trained.
  """
  started = time.monotonic()
  budget = budget_lib.make_budget(
    {'real_steps': real_steps, 'env_steps': env_steps, 'updates': updates},
    make_algorithm.budget_units,
    algorithm,
    most_steps,
  )
  opening.say_what(run_folder, task, seed, budget)
  threads.take(num_threads)
  latest = run_folder.checkpoint_to_go_on_from()
  learned_from = run_demos.RunDemos()
  if make_algorithm.learns_from_demos:
    must_match = latest is not None and not run_folder.allow_changes
    learned_from = run_demos.load_for(run_folder, demos, task, must_match)
  facts = {'budget': dataclasses.asdict(budget), **learned_from.facts()}
  if latest is None:
    run_folder.go_on(**facts)
  opening.say_from_and_to(run_folder, learned_from, latest)
  with contextlib.ExitStack() as stack:
    given = stack.enter_context(
      actors.sources(
        make_algorithm, num_actors, max_policy_age, actor_timeout_s, stop
      )
    )
    built = make_algorithm(
      task, learned_from.demos, seed, restore_from=latest, **given
    )
    stack.callback(built.close)
    played = evaluations.Evaluations(
      task,
      seed,
      run_folder.videos,
      episodes=eval_episodes,
      stochastic=eval_stochastic,
      film=eval_video,
    )
    stack.callback(played.close)
    current = session.Session(
      run_folder,
      built,
      latest,
      played,
      budget,
      keep_best=keep_best,
      on_evaluation=on_evaluation,
      demos=learned_from.source,
      started=started,
    )
    stack.callback(current.close)
    name = f'{run_folder.path.parent.name} {task.name} {seed}'
    bar = progress.ProgressBar(
      budget.total, current.steps, name, budget.unit_in_words
    )
    stack.callback(bar.close)
    if latest is None:
      current.evaluate()
    elif current.is_spent:
      bar.write(opening.spent_line(name, budget, current.steps))
    # What fails up to here has changed nothing in a folder of before.
    gin_bindings.check_all_consumed()
    opening.say_idle()
    if latest is not None and not current.is_spent:
      if learned_from.are_others:
        opening.say_encoding(learned_from)
      run_folder.go_on(**facts)
    run_folder.write_operative_config()
    current.train(bar, eval_every, checkpoint_every, log_every, stop)
    current.finish(current.is_spent, record_video)
    bar.close()
    if current.is_spent:
      run_folder.mark_complete(current.steps)
    else:
      opening.say_stopped(current.steps, budget)
