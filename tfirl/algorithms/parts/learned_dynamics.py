"""The ensemble that a policy trains in, and where its episodes end."""

import io
import logging
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import gin
import numpy as np

from tfirl import checks, tasks, types
from tfirl.dynamics import ends, holdout, saving
from tfirl.dynamics import model as dynamics_model
from tfirl.dynamics import trainer as dynamics_trainer
from tfirl.storage import atomic_file


@gin.configurable(
  denylist=[
    'task',
    'demos',
    'model_seed',
    'fit_seed',
    'end_seed',
    'predicts_reward',
    'pretrained',
  ]
)
class LearnedDynamics:
  """Is fitted to a game's rows, again and again as they grow.

  Attributes:
    model: the ensemble.
    is_healthy: maps observations [B, O] to bool [B], False where an episode
      ends: the task's, or learned if the task doesn't say.
    is_unfinished: the last fit was stopped, and is to be gone on with.

  Args:
    task: says where episodes end, or doesn't.
    demos: some of which the fits hold out.
    model_seed, fit_seed, end_seed: of the first weights, of the fits, and of
      what is learned of ends.
    predicts_reward: rows have one.
    pretrained: path of a dynamics.npz to start with; None for random weights.
    growth_between_fits: the share by which env steps must have grown since the
      last fit for there to be another: n fits of ever more rows cost n^2, of
      rows that grow by a share n. 0 fits the ensemble each time.

  Raises:
    FileNotFoundError: there is no such pretrained model.
    ValueError: it is of other sizes, the task's ends are not those of `demos`,
      or a parameter is out of its range.
  """

  @checks.checked
  def __init__(
    self,
    task: tasks.Task,
    demos: types.Demonstrations,
    *,
    model_seed: int,
    fit_seed: int,
    end_seed: int,
    predicts_reward: bool,
    pretrained: str | None,
    growth_between_fits: checks.NonNegative = 0.0,
  ):
    """Makes the ensemble, and fits nothing."""
    self._demos = demos.transitions
    self.model = dynamics_model.DynamicsModel(
      *demos.sizes, model_seed, predicts_reward
    )
    if pretrained is not None:
      saving.load_model(self.model, pretrained)
    self._trainer = dynamics_trainer.DynamicsTrainer(self.model, fit_seed)
    self.is_healthy, self._end = ends.make_ends(
      task.is_healthy, demos, end_seed
    )
    self._growth = growth_between_fits
    self._fitted_at = 0  # env steps
    self.is_unfinished = False

  def is_due(self, env_steps: int) -> bool:
    """Whether there are enough more of them than at the last fit, or that was
    stopped.
    """
    enough = (1.0 + self._growth) * self._fitted_at
    return self.is_unfinished or env_steps >= enough

  def fit(
    self,
    rows: types.Transition | types.RewardedTransition,
    env_steps: int,
    tell: Callable[[str], bool],
  ) -> Mapping[str, float]:
    """Fits the ensemble, and its ends if they are learned.

    The ends wait for a fit that is over: each goes on from the last.

    Args:
      rows: NumPy [N, ...].
      env_steps: taken so far.
      tell: is told of each epoch, and may stop the fit.

    Returns:
      Named numbers of the fit.

    Raises: as `DynamicsTrainer.fit`.
    """
    record = self._trainer.fit(rows, tell=tell)
    self._fitted_at, self.is_unfinished = env_steps, record.was_stopped
    logging.info('dynamics after %d steps: %s', env_steps, record)
    fits_end = self._end is not None and not record.was_stopped
    return {
      **record.columns(),
      **(self._end.fit(rows).columns() if fits_end else {}),
      'dynamics_holdout_demos': float(len(self._held_out_demos())),
    }

  def write_records(self, folder: pathlib.Path) -> None:
    """Writes held_out_demos.npy, once there was a fit."""
    if self._trainer.has_fitted:
      file = io.BytesIO()
      np.save(file, self._held_out_demos())
      atomic_file.write_bytes(folder / 'held_out_demos.npy', file.getvalue())

  def trackables(self) -> Mapping[str, Any]:
    """What a checkpoint must hold, besides `get_state`."""
    return {
      'model': self.model,
      'trainer': self._trainer,
      **({} if self._end is None else {'end': self._end}),
    }

  def get_state(self) -> Mapping[str, Any]:
    """All that is in no variable, JSON-able."""
    return {
      'trainer': self._trainer.get_state(),
      'end': None if self._end is None else self._end.get_state(),
      'fitted_at': self._fitted_at,
      'is_unfinished': self.is_unfinished,
    }

  def set_state(self, state: Mapping[str, Any]) -> None:
    """Takes up what `get_state` gave."""
    self._trainer.set_state(state['trainer'])
    if self._end is not None:
      self._end.set_state(state['end'])
    # Checkpoints that don't say are of runs that fit each time.
    self._fitted_at = state.get('fitted_at', 0)
    self.is_unfinished = state.get('is_unfinished', False)

  def _held_out_demos(self) -> np.ndarray:
    """Indices of the demonstrated transitions that no fit of this run used."""
    keys = holdout.keys_of(self._demos)
    return np.flatnonzero(keys < self._trainer.holdout_bound)
