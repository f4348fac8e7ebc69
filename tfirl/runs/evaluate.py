"""Rolls out the policy of a run: `python -m tfirl.evaluate RUN`.

The task comes from RUN/config.gin, the policy from RUN/policy.npz.
"""

import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfirl import checks, tasks
from tfirl.config import gin_bindings, gin_messages
from tfirl.evaluation import evaluate as evaluation
from tfirl.evaluation import metrics
from tfirl.evaluation import video as video_lib
from tfirl.runs import evaluate_arguments, experiment, filming
from tfirl.storage import checkpoints, last_policy, policy_file, run_files

# experiment is imported for the configurables that config.gin may name.
del experiment


def evaluate_run(
  run: Path, episodes: int, seed: int, stochastic: bool, video: str | None
) -> evaluation.EpisodeStats:
  """Evaluates the exported policy of the run folder `run` on its own task.

  Args:
    run: ROOT/TASK/METHOD/SEED.
    episodes: How many.
    seed: Episode i's seed is derived from (seed, i).
    stochastic: Sample actions instead of taking the mean.
    video: Where the first episode's .mp4 or .gif goes, None for none. Of an
      environment that gives no pictures there is a warning, and no video.

  Raises:
    FileNotFoundError: `run` has no config.gin or no exported policy.
    ValueError: see `policy_file.load` and `evaluation.evaluate`.
  """
  run = Path(checks.path('run', run))
  config = run / run_files.CONFIG
  if not config.is_file():
    raise FileNotFoundError(
      f'{config} not found; expected a run folder ROOT/TASK/METHOD/SEED'
    )
  gin_bindings.parse([str(config.resolve())])
  task = tasks.make_task()
  return evaluate_on(task, run, episodes, seed, stochastic, video)


def evaluate_on(
  task: tasks.Task,
  run: Path,
  episodes: int,
  seed: int,
  stochastic: bool,
  video: str | os.PathLike | None,
) -> evaluation.EpisodeStats:
  """`evaluate_run` on a task that is given; all else as there."""
  policy = policy_file.load(run / policy_file.FILE).unit_policy
  render_mode = 'rgb_array' if video else None
  with task.make_env(seed, render_mode) as env:
    play = functools.partial(
      evaluation.evaluate, env, policy, episodes, seed, stochastic
    )
    try:
      stats = play(video_path=video)
    except video_lib.PictureError as error:
      filming.warn(error)
      stats = play()
  return stats.with_goal() if metrics.tells_success(run) else stats


def evaluate_last(
  run: Path, episodes: int, seed: int, stochastic: bool, video: str | None
) -> evaluation.EpisodeStats:
  """`evaluate_run`, and keeps what it gave in the run's folder, for reports.

  Raises:
    ValueError: the run is not finished, so that its policy is not the last;
      nothing has been played then. Or it was made longer meanwhile.
    FileNotFoundError, ValueError: as `evaluate_run`.
  """
  finished = _when_finished(run)
  stats = evaluate_run(run, episodes, seed, stochastic, video)
  if _when_finished(run) != finished:
    raise ValueError(
      f'--save: {run} was trained further while its policy was played; '
      'expected none to: once it is finished, evaluate it again'
    )
  found = stats.metrics()
  last_policy.write(
    run,
    last_policy.LastPolicy(
      episodes=found['eval_episodes'],
      seed=seed,
      stochastic=stochastic,
      return_mean=found['eval_return_mean'],
      return_std=found['eval_return_std'],
      length_mean=found['eval_length'],
      success=found['eval_success'],
    ),
  )
  return stats


def _when_finished(run: Path) -> int:
  """In ns. Raises ValueError of a run that is not finished."""
  complete = run / run_files.COMPLETE
  if not complete.is_file():
    raise ValueError(
      f'--save: {run} is not finished; expected a run that has spent its '
      'budget, whose policy is the last'
    )
  return complete.stat().st_mtime_ns


def table(stats: evaluation.EpisodeStats) -> str:
  """One line an episode, then mean +- std of the returns."""
  has_goal = not np.isnan(stats.successes).all()
  lines = ['episode        seed      return  steps' + '  success' * has_goal]
  rows = zip(
    stats.seeds, stats.returns, stats.lengths, stats.successes, strict=True
  )
  for i, (seed, episode_return, length, success) in enumerate(rows):
    line = f'{i:7d}  {seed:10d}  {episode_return:10.1f}  {length:5d}'
    lines.append(line + f'  {success:7.0f}' * has_goal)
  lines.append(
    f'return {np.mean(stats.returns):.1f} +- {np.std(stats.returns):.1f}, '
    f'length {np.mean(stats.lengths):.1f} +- {np.std(stats.lengths):.1f} '
    f'(mean +- std of {len(stats.returns)} episodes)'
  )
  if has_goal:
    lines.append(f'success {100 * np.mean(stats.successes):.1f} %')
  return '\n'.join(lines)


def main(
  argv: Sequence[str] | None = None, name: str = 'python -m tfirl.evaluate'
) -> None:
  """The command line; exits with 1 and one line on a user's error.

  Args:
    argv: its arguments; those of `sys.argv` by default.
    name: what the program is called in its help.
  """
  args = evaluate_arguments.make_parser(name).parse_args(argv)
  try:
    play = evaluate_last if args.save else evaluate_run
    stats = play(
      args.run, args.episodes, args.seed, args.stochastic, args.video
    )
  except (OSError, ValueError) as error:
    sys.exit(f'error: {gin_messages.without_calls(error)}')
  print(table(stats))
  trembles = tasks.make_task().tremble_probability
  if trembles:
    print(
      f'{100 * trembles:g} % of the actions were drawn at random, as in '
      'training (Task.tremble_probability)',
      file=sys.stderr,
    )
  if not (args.run / run_files.COMPLETE).is_file():
    latest = checkpoints.latest(args.run / run_files.CHECKPOINTS)
    at = f': of step {latest.name}' if latest else ''
    note = f'the run is not finished; this is its latest policy{at}'
    print(note, file=sys.stderr)
