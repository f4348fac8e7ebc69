"""One run in progress: an algorithm, its results and its checkpoints."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfirl.algorithms.parts import clock as clock_lib
from tfirl.algorithms.parts import sources
from tfirl.config import budget as budget_lib
from tfirl.config import gin_bindings
from tfirl.evaluation import metrics, record
from tfirl.machine import closing, progress
from tfirl.runs import evaluations as evaluations_lib
from tfirl.runs import filming, leaving, not_finite
from tfirl.storage import checkpoints, policy_file, run_files

# A stream of the run's seed; the algorithm has the seed itself, evaluations
# have another.
_RESUME_STREAM = 2
# The columns of an evaluation, where there is no policy.
_NO_METRICS = {
  'eval_return_mean': None,
  'eval_return_std': None,
  'eval_episodes': 0,
  'eval_success': None,
}


class Session:
  """Trains an algorithm and keeps its run folder up to date.

  Args:
    run_folder: an open `run_folder.RunFolder`.
    algorithm: the algorithm; its tables come from `latest`.
    latest: folder of a checkpoint to go on from; None to begin.
    evaluations: of the run's task and seed.
    budget: what may be spent; its unit is that of all periods.
    keep_best, on_evaluation: as in `experiment.run`.
    demos: source of the demonstrations, for errors.
    started: when this process began the run, by `time.monotonic`: what an
      algorithm is made of, a clone among it, has taken time by now.

  Raises:
    CheckpointError: `latest` is damaged, or of another program.
  """

  def __init__(
    self,
    run_folder,
    algorithm,
    latest,
    evaluations: evaluations_lib.Evaluations,
    budget: budget_lib.Budget,
    *,
    keep_best: bool,
    on_evaluation: Callable[[record.Evaluation], bool | None] | None = None,
    demos: str | None = None,
    started: float,
  ):
    """Goes on from the checkpoint `latest`, or begins if it is None."""
    self._run_folder = run_folder
    self._algorithm = algorithm
    self._evaluations = evaluations
    self._budget = budget
    self._keep_best, self._best_return = keep_best, -math.inf
    self._on_evaluation = on_evaluation
    self._is_asked_to_stop = False
    self._rounds, self._has_trained = 0, False  # in all; in this process
    self._finite = not_finite.Check(algorithm, demos, run_folder.checkpoints)
    self._leaver = leaving.Leaver(
      run_folder.path, evaluations.task.name, evaluations.env
    )
    self._wall_s = 0.0  # of earlier processes and up to `_started`
    self._train_s, self._train_steps = 0.0, 0  # since the last evaluation
    # Of this process, once its updates are compiled.
    self._train_total_s = 0.0
    self._checkpoints = self._make_checkpoints()
    if latest is not None:
      self._restore(latest)
    clock = algorithm.clock
    self._is_saved = latest is not None  # all that was trained
    self._log = metrics.MetricsLogger(
      str(run_folder.path),
      None if latest is None else clock.real_steps,
      None if latest is None else clock.updates,
    )
    self._evaluated_at, row = None, self._log.last_row
    if row is not None:
      self._evaluated_at = row[budget.unit], row['updates']
    if latest is not None and self._is_older(latest):
      with closing.on_error(self):
        self._export()  # a kill came between that checkpoint and these
    self._started = started

  def _make_checkpoints(self) -> checkpoints.Checkpoints:
    return checkpoints.Checkpoints(
      self._run_folder.checkpoints,
      {
        **self._algorithm.trackables(),
        'session': checkpoints.PythonState(self._get_state, self._set_state),
      },
      save_hooks=[self._algorithm.save_tables, self._run_folder.keep_config],
    )

  @property
  def steps(self) -> int:
    """What has been spent, in the budget's unit."""
    return self._budget.spent(self._algorithm.clock)

  @property
  def _spent(self) -> tuple[int, int]:
    """The same, and the updates: a round that goes on with one that was stopped
    half-way may take no step.
    """
    return self.steps, self._algorithm.clock.updates

  @property
  def is_spent(self) -> bool:
    """Whether nothing is left to train with, or to go on with."""
    algorithm = self._algorithm
    return self._budget.is_spent(algorithm.clock) and not (
      algorithm.is_unfinished
    )

  def train(
    self,
    bar: progress.ProgressBar,
    eval_every: int,
    checkpoint_every: int,
    log_every: int,
    stop: Callable[[], bool],
  ) -> None:
    """Plays rounds up to the budget, evaluating and saving on the way."""
    self._log.board.settings(self._settings())

    def tell(doing: str) -> bool:
      bar.tell(doing)
      return stop()

    self._algorithm.tell = tell
    while not self.is_spent and not self._is_asked_to_stop and not stop():
      before, new_return = self.steps, None
      try:
        self.run_round()
      except sources.InterruptedRoundError:
        return
      if clock_lib.crosses(eval_every, before, self.steps):
        new_return = self.evaluate()
      elif clock_lib.crosses(log_every, before, self.steps):
        self._log.show(self._training_numbers())
      if clock_lib.crosses(checkpoint_every, before, self.steps):
        self.save()
      bar.update(self.steps, self._train_total_s, new_return)

  def run_round(self) -> None:
    """One round of the algorithm; raises on a loss that is not finite."""
    before, start = self._trained(), time.monotonic()
    self._rounds, self._has_trained = self._rounds + 1, True
    self._is_saved = False
    is_compiled = self._algorithm.num_traces > 0
    try:
      self._algorithm.run_round()
    except FloatingPointError as error:
      if not_finite.is_of_environment(error):
        raise
      raise self._finite.error(str(error), self._where) from error
    except ValueError:
      # An action of NaN, say: the cause, not its effect.
      self._finite.check_round(self._where)
      raise
    except tf.errors.InvalidArgumentError as error:
      what = not_finite.text_of_check(error.message)
      if not what:
        raise
      raise self._finite.error(what, self._where) from error
    self._finite.check_round(self._where)
    taken_s = time.monotonic() - start
    self._train_s += taken_s
    if is_compiled:
      self._train_total_s += taken_s
    self._train_steps += self._trained() - before

  def evaluate(self) -> float | None:
    """Evaluates the policy on the same episodes each time, and logs a row.

    Returns: the mean return; None without a policy.

    Raises: what the environment and `on_evaluation` raise, after a checkpoint.
    """
    algorithm, found = self._algorithm, _NO_METRICS
    if algorithm.policy is not None:
      try:
        played = self._evaluations.play(algorithm.policy, self.steps)
      except Exception:
        if self._has_trained and not self._is_saved:
          self.save()  # what was trained is sound, if the environment is not
        raise
      if self._log.tells_success:
        played = played.with_goal()
      found = played.metrics()
    self._log.write(
      {
        **self._training_numbers(),
        **found,
        **{f'rows_{k}': v for k, v in algorithm.table_sizes().items()},
        'traces': algorithm.num_traces,
        'time_evaluate_s': self._evaluations.taken_s,
      }
    )
    video = self._evaluations.video(self.steps)
    if video is not None:
      clock = algorithm.clock.real_steps or algorithm.clock.updates
      self._log.board.video('eval/video', str(video), clock)
    algorithm.write_records(self._run_folder.path)
    algorithm.forget_training_episodes()
    self._evaluated_at = self._spent
    self._train_s, self._train_steps = 0.0, 0
    mean_return = found['eval_return_mean']
    if mean_return is not None and self._keep_best:
      self._keep_if_best(mean_return)
    self._tell(found)
    return mean_return

  def _keep_if_best(self, mean_return: float) -> None:
    if mean_return > self._best_return:
      self._best_return = mean_return
      self._export_policy('best_policy')

  def save(self) -> None:
    """Writes a checkpoint, of finite numbers only, and what leaves with it.

    Raises:
      CheckpointError: either could not be written (a full disk, say).
    """
    self._finite.check_variables(self._where)
    self._checkpoints.save(self.steps)
    self._run_folder.note_checkpoint()
    self._is_saved = True
    self._export()

  def finish(self, is_complete: bool, record_video: bool) -> None:
    """Leaves nothing that the last round did unsaved or, at the end, unseen."""
    if is_complete and self._evaluated_at != self._spent:
      self.evaluate()
    if not self._is_saved:
      self.save()
    if is_complete:
      self._algorithm.finish(self._run_folder.path)
    if is_complete and record_video and self._algorithm.policy is not None:
      self._film()

  def close(self) -> None:
    """Closes the log; what it was given is its maker's."""
    self._log.close()

  def _film(self) -> None:
    """The final policy, as it does mostly, and, for the report to show beside
    it, the expert.
    """
    folder = self._run_folder.path
    path = folder / run_files.FINAL_VIDEO
    of = self._evaluations.task, self._evaluations.typical_seed
    if self._has_trained or not path.exists():
      stochastic = self._evaluations.stochastic
      filming.film(self._algorithm.policy, *of, path, stochastic)
    demos = self._run_folder.recorded('demonstrations') or {}
    expert = folder / run_files.EXPERT_VIDEO
    filming.film_expert(demos.get('source'), *of, expert)

  def _tell(self, found: Mapping[str, float | None]) -> None:
    """Calls `on_evaluation`; what it raises goes on, after a checkpoint."""
    if self._on_evaluation is None:
      return
    clock = self._algorithm.clock
    told = record.Evaluation(
      clock.real_steps,
      clock.env_steps,
      clock.updates,
      self._elapsed_s(),
      found['eval_return_mean'],
      found['eval_return_std'],
      found['eval_success'],
      dict(self._algorithm.losses),
    )
    try:
      self._is_asked_to_stop |= bool(self._on_evaluation(told))
    except BaseException:
      if not self._is_saved:
        self.save()
      raise

  def _trained(self) -> int:
    """What steps_per_s counts: of each budget of steps the same."""
    clock = self._algorithm.clock
    is_stepping = self._budget.unit in budget_lib.STEPS
    return clock.real_steps if is_stepping else clock.updates

  def _training_numbers(self) -> dict[str, float | None]:
    """What is known between evaluations."""
    speed = self._train_steps / self._train_s if self._train_steps else None
    return {
      **self._algorithm.clock.counts(),
      'wall_s': self._elapsed_s(),
      'steps_per_s': speed,
      **self._algorithm.training_episodes(),
      **self._algorithm.losses,
    }

  def _settings(self) -> dict[str, bool | float | str]:
    path = self._run_folder.path
    names = {'task': path.parent.parent.name, 'method': path.parent.name}
    seed = self._evaluations.seed
    return {**names, 'seed': seed, **gin_bindings.settings()}

  def _export(self) -> None:
    with self._told('the cost'):
      self._leaver.write_cost(self._algorithm.cost, self._log.last_row)
    self._export_policy('policy')

  def _export_policy(self, name: str) -> None:
    policy = self._algorithm.policy
    if policy is not None:
      with self._told('the policy'):
        self._leaver.write_policy(policy, name, self._log.last_row)

  @contextlib.contextmanager
  def _told(self, what: str) -> Iterator[None]:
    """A full disk, say, ends the run with what could not be written."""
    try:
      yield
    except (OSError, tf.errors.OpError) as error:
      kept = checkpoints.latest(self._run_folder.checkpoints)
      raise checkpoints.CheckpointError(
        f'{what} of step {self.steps} could not be written to '
        f'{self._run_folder.path} (the last good checkpoint: '
        f'{kept or "there is none"}): {type(error).__name__}: {error}'
      ) from error

  def _is_older(self, checkpoint: Path) -> bool:
    """Whether what left last, policy.npz, is of before `checkpoint`."""
    if self._algorithm.policy is None:
      return False
    path = self._run_folder.path / policy_file.FILE
    made = checkpoint.stat().st_mtime
    return not path.exists() or path.stat().st_mtime < made

  @property
  def _where(self) -> str:
    return f'step {self.steps}, round {self._rounds}'

  def _elapsed_s(self) -> float:
    return self._wall_s + time.monotonic() - self._started

  def _restore(self, path) -> None:
    self._checkpoints.restore(path)
    # TensorFlow's generator can't be restored: a new stream goes on, not the
    # one that was used from step 0.
    sequence = np.random.SeedSequence(
      [self._evaluations.seed, _RESUME_STREAM, self.steps]
    )
    tf.random.set_seed(int(sequence.generate_state(1)[0]))

  def _get_state(self) -> Mapping[str, Any]:
    return {
      'wall_s': self._elapsed_s(),
      'evaluate_s': self._evaluations.taken_s,
      'best_return': self._best_return,
      'rounds': self._rounds,
    }

  def _set_state(self, state: Mapping[str, Any]) -> None:
    self._wall_s = state['wall_s']
    self._evaluations.taken_s = state['evaluate_s']
    # Infinite in earlier checkpoints of runs that kept none.
    best = state['best_return']
    self._best_return = best if best < math.inf else -math.inf
    self._rounds = state.get('rounds', 0)  # of checkpoints that don't say
