"""The gin entry: builds what the gin file names and runs it to its budget."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import gin
import numpy as np
import tensorflow as tf

from tfirl import checkpoints, gin_bindings
from tfirl import run_folder as run_folder_lib
from tfirl import schedules as _schedules  # noqa: F401
from tfirl.agents import bc as _bc_agent  # noqa: F401 so that gin knows it
from tfirl.agents import export
from tfirl.agents import sac as _sac  # noqa: F401
from tfirl.algorithms import bc as _bc  # noqa: F401
from tfirl.algorithms import clock as clock_lib
from tfirl.algorithms import expert as _expert  # noqa: F401
from tfirl.algorithms import model_free as _model_free  # noqa: F401
from tfirl.demos import readers
from tfirl.envs import suites
from tfirl.evaluation import evaluate as evaluation
from tfirl.evaluation import metrics, progress

# Streams of the run's seed; the algorithm has the seed itself.
_EVALUATION_STREAM, _RESUME_STREAM = 1, 2


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
  env_steps: int = gin.REQUIRED,
  eval_every: int = gin.REQUIRED,
  eval_episodes: int = gin.REQUIRED,
  checkpoint_every: int = gin.REQUIRED,
  count_rollout_steps: bool = False,
  record_video: bool = True,
  keep_best: bool = False,
  num_threads: int = 1,
) -> None:
  """Trains, or goes on training, and leaves all results in `run_folder`.

  Args:
    run_folder: where; open.
    seed: seeds everything but Reverb's sampling.
    demos: source of the demonstrations; None for the task's embedded expert.
    stop: asked once a round; true ends the run after a checkpoint.
    task: the task's name, as in the folder's path.
    algorithm: the algorithm's name, likewise.
    make_algorithm: maps (load_demos, seed, restore_from) to an algorithm.
    env_steps: the budget. `bc` takes no env steps: for it, gradient steps.
    eval_every: steps between evaluations; there is one at the start too.
    eval_episodes: episodes of each.
    checkpoint_every: steps between checkpoints.
    count_rollout_steps: whether steps of cost rollouts use up the budget too.
    record_video: film one episode of the final policy.
    keep_best: write the policy of the best evaluation to best_policy/ too.
    num_threads: TensorFlow's. One is best for networks this small: 240 SAC
      updates/s against 210 with both cores of a 2-core machine.

  Raises:
    UnusedBindingError: a gin binding that nothing consumed.
    FloatingPointError: a loss is not finite; the last checkpoint stays.
    CheckpointError: a checkpoint could not be written; the last one stays.
  """
  _set_num_threads(num_threads)
  latest = checkpoints.latest(run_folder.checkpoints)
  parts = make_algorithm(
    lambda env: _load_demos(demos or f'embedded:{task}', env),
    seed=seed,
    restore_from=latest,
  )
  session = _Session(
    run_folder,
    parts,
    latest,
    seed,
    eval_episodes=eval_episodes,
    count_rollout_steps=count_rollout_steps,
    keep_best=keep_best,
  )
  bar = progress.ProgressBar(
    env_steps, session.steps, f'{algorithm} {task} {seed}', parts.counts
  )
  try:
    if latest is None:
      session.evaluate()
    gin_bindings.check_all_consumed()
    run_folder.write_operative_config()
    while session.steps < env_steps and not stop():
      before, new_return = session.steps, None
      session.run_round()
      if clock_lib.crosses(eval_every, before, session.steps):
        new_return = session.evaluate()
      if clock_lib.crosses(checkpoint_every, before, session.steps):
        session.save()
      bar.update(session.steps, new_return)
    session.finish(session.steps >= env_steps, record_video)
  finally:
    bar.close()
    session.close()


class _Session:
  """One run in progress: an algorithm, its results and its checkpoints."""

  def __init__(
    self,
    run_folder,
    parts,
    latest,
    seed,
    *,
    eval_episodes,
    count_rollout_steps,
    keep_best,
  ):
    self._run_folder = run_folder
    self._parts = parts
    self._seed = seed
    self._eval_episodes = eval_episodes
    self._count_rollout_steps = count_rollout_steps
    self._best_return = -math.inf if keep_best else math.inf
    self._eval_env = suites.load(seed=seed)
    self._wall_s = 0.0  # of earlier processes and up to `_started`
    self._train_s = 0.0  # since the last evaluation
    self._train_steps = 0
    self._checkpoints = checkpoints.Checkpoints(
      run_folder.checkpoints,
      {
        **parts.trackables(),
        'session': checkpoints.PythonState(self._get_state, self._set_state),
      },
      save_hooks=[parts.save_tables],
    )
    if latest is not None:
      self._restore(latest)
    clock = parts.clock
    self._saved_at = None if latest is None else self.steps
    self._log = metrics.MetricsLogger(
      str(run_folder.path),
      None if latest is None else clock.env_steps,
      None if latest is None else clock.updates,
    )
    self._evaluated_at = -1
    if self._log.last_row is not None:
      self._evaluated_at = int(self._log.last_row[parts.counts])
    self._started = time.monotonic()

  @property
  def steps(self) -> int:
    """What the budget counts."""
    clock = self._parts.clock
    rollouts = clock.rollout_steps if self._count_rollout_steps else 0
    return getattr(clock, self._parts.counts) + rollouts

  def run_round(self) -> None:
    """One round of the algorithm; raises on a loss that is not finite."""
    before, start = self.steps, time.monotonic()
    try:
      self._parts.run_round()
    except FloatingPointError as error:
      raise FloatingPointError(self._not_finite(str(error))) from error
    except tf.errors.InvalidArgumentError as error:
      if 'Tensor had' not in error.message:  # not of tf.debugging's checks
        raise
      what = error.message.splitlines()[0]
      raise FloatingPointError(self._not_finite(what)) from error
    self._check_finite()
    self._train_s += time.monotonic() - start
    self._train_steps += self.steps - before

  def _check_finite(self) -> None:
    """Losses come before their step: the last one's shows in the policy."""
    values = dict(self._parts.losses)
    for i, (kernel, bias) in enumerate(self._parts.policy.layers):
      # A sum that is finite has finite terms.
      values[f"the sum of the policy's layer {i}"] = kernel.sum() + bias.sum()
    for name, value in values.items():
      if not math.isfinite(value):
        raise FloatingPointError(self._not_finite(f'{name} is {value}'))

  def evaluate(self) -> float:
    """Evaluates the policy on the same episodes each time, and logs a row.

    Returns: the mean return.
    """
    parts = self._parts
    sequence = np.random.SeedSequence([self._seed, _EVALUATION_STREAM])
    stats = evaluation.evaluate(
      self._eval_env,
      parts.policy,
      self._eval_episodes,
      int(sequence.generate_state(1)[0]),
    )
    speed = self._train_steps / self._train_s if self._train_steps else None
    self._log.write(
      {
        **vars(parts.clock),
        'wall_s': self._elapsed_s(),
        'steps_per_s': speed,
        **stats.metrics(),
        **parts.losses,
        **{f'rows_{k}': v for k, v in parts.table_sizes().items()},
        'traces': parts.num_traces,
      }
    )
    mean_return = float(np.mean(stats.returns))
    if mean_return > self._best_return:
      self._best_return = mean_return
      export.save_policy(parts.policy, self._run_folder.path / 'best_policy')
    self._evaluated_at = getattr(parts.clock, parts.counts)
    self._train_s, self._train_steps = 0.0, 0
    return mean_return

  def save(self) -> None:
    """Writes a checkpoint, of finite numbers only, and the policy."""
    for name, part in self._parts.trackables().items():
      for variable in getattr(part, 'variables', ()):
        if variable.dtype.is_floating:
          values = variable.numpy()
          if not np.isfinite(values).all():
            what = (
              f'{name}: {variable.name} holds {values[~np.isfinite(values)][0]}'
            )
            raise FloatingPointError(self._not_finite(what))
    self._checkpoints.save(self.steps)
    self._saved_at = self.steps
    export.save_policy(self._parts.policy, self._run_folder.policy)

  def finish(self, is_complete: bool, record_video: bool) -> None:
    """Leaves nothing that the last round did unsaved or, at the end, unseen."""
    now = getattr(self._parts.clock, self._parts.counts)
    if is_complete and self._evaluated_at != now:
      self.evaluate()
    if self._saved_at != self.steps:
      self.save()
    if is_complete and record_video:
      _film(self._parts.policy, self._seed, self._run_folder.videos)

  def close(self) -> None:
    self._log.close()
    self._parts.close()

  def _elapsed_s(self) -> float:
    return self._wall_s + time.monotonic() - self._started

  def _not_finite(self, what: str) -> str:
    kept = checkpoints.latest(self._run_folder.checkpoints)
    return (
      f'step {self.steps}: {what}; expected finite numbers. '
      f'The last good checkpoint is {kept}'
    )

  def _restore(self, path) -> None:
    self._checkpoints.restore(path)
    # TensorFlow's generator can't be restored: a new stream goes on, not the
    # one that was used from step 0.
    sequence = np.random.SeedSequence([self._seed, _RESUME_STREAM, self.steps])
    tf.random.set_seed(int(sequence.generate_state(1)[0]))

  def _get_state(self) -> Mapping[str, Any]:
    return {'wall_s': self._elapsed_s(), 'best_return': self._best_return}

  def _set_state(self, state: Mapping[str, Any]) -> None:
    self._wall_s = state['wall_s']
    self._best_return = state['best_return']


def _load_demos(source: str, env):
  return readers.load_demonstrations(
    source,
    env_id=env.env_id,
    observation_size=env.observation_spec().shape[0],
    action_low=env.action_low,
    action_high=env.action_high,
  )


def _film(policy, seed: int, folder) -> None:
  """One episode as a video; without a renderer, a warning."""
  path = folder / 'final.mp4'
  if path.exists():  # the run was over before
    return
  try:
    env = suites.load(seed=seed, render_mode='rgb_array')
    evaluation.evaluate(env, policy, 1, seed, video_path=str(path))
  except Exception as error:  # what a missing GL library raises is its own
    logging.warning('no video: %s: %s', type(error).__name__, error)


def _set_num_threads(num_threads: int) -> None:
  """Must come before TensorFlow's first operation."""
  threading = tf.config.threading
  if threading.get_intra_op_parallelism_threads() == num_threads:
    return
  try:
    threading.set_intra_op_parallelism_threads(num_threads)
    threading.set_inter_op_parallelism_threads(num_threads)
  except RuntimeError:
    logging.warning(
      'run.num_threads = %d has no effect: TensorFlow has started already',
      num_threads,
    )
