"""Fits the dynamics ensemble to a maze's demonstrations, region by region."""

import functools
import pathlib
from collections.abc import Mapping
from typing import Any, Literal

import gin
import numpy as np

from tfirl import checks, tasks, types
from tfirl.algorithms import algorithm
from tfirl.algorithms.parts import clock as clock_lib
from tfirl.config import budget
from tfirl.dynamics import holdout, regions, saving
from tfirl.dynamics import model as dynamics_model
from tfirl.dynamics import trainer as dynamics_trainer
from tfirl.envs.mazes import maze_map
from tfirl.storage import checkpoints, npz_file, run_files

_EVALUATION_ROWS = 2048  # at a time: bounds memory


@gin.configurable(denylist=['task', 'demos', 'seed', 'restore_from'])
class PretrainDynamics(algorithm.Trainable):
  """A round is one whole fit; `clock.updates` counts its gradient steps.

  The source is Ren et al. 2024, who partition x-y into bins.

  Rows of each region are held out, by their content: a game that begins with
  the model and has these rows in `hybrid` holds out no others of them, but for
  the few that are all their region has (`regions.held_out`).

  Args:
    task: a maze.
    demos: what is fitted.
    seed: of everything.
    restore_from: unused: there are no tables to start with.
    bin_sampling: how the rows of a fit, and those it is judged by, are drawn
      from regions: 'none', 'proportional' or 'uniform', as in
      `dynamics.regions.draw_rows`.
    num_bins: regions along x, and along y.
    least_rows: rows held out that a region needs to be the worst one.

  Raises:
    ValueError: the task is no maze, or a parameter is out of its range.
  """

  budget_units = budget.UPDATES

  @checks.checked
  def __init__(
    self,
    task: tasks.Task,
    demos: types.Demonstrations,
    seed: int,
    restore_from: str | None = None,
    *,
    bin_sampling: Literal['none', 'proportional', 'uniform'] = gin.REQUIRED,
    num_bins: checks.Count = 50,
    least_rows: checks.Count = 5,
  ):
    """Makes the model, and holds out rows of each region."""
    del restore_from
    super().__init__()
    seeds = np.random.SeedSequence(seed).generate_state(4).tolist()
    self._map = _map_of(task, seeds[0])
    rows = demos.transitions
    self._num_bins = num_bins
    self._least_rows = least_rows
    self._model = dynamics_model.DynamicsModel(
      rows.observation.shape[1], rows.action.shape[1], seeds[1]
    )
    self._trainer = dynamics_trainer.DynamicsTrainer(self._model, seeds[2])
    rng = np.random.default_rng(seeds[3])
    found = regions.region_of(
      rows.observation[:, :2], self._map.extent, num_bins
    )
    self._trainer.hold_out(rows)
    is_out = regions.held_out(
      found, holdout.keys_of(rows), self._trainer.holdout_bound
    )
    self._fitted, self._held_out = _take(rows, ~is_out), _take(rows, is_out)
    self._fitted_regions = found[~is_out]
    self._held_out_regions = found[is_out]
    # As the fit draws its rows, so it is judged when to stop.
    self._judges = regions.draw_rows(
      self._held_out_regions, bin_sampling, int(is_out.sum()), rng
    )
    self._draw = functools.partial(
      regions.draw_rows, self._fitted_regions, bin_sampling
    )

  @property
  def num_traces(self) -> int:
    return self._trainer.num_traces

  def run_round(self) -> None:
    """One fit, or what one that was stopped left."""
    num_fitted, num_judges = len(self._fitted_regions), len(self._judges)
    judges = _take(self._held_out, self._judges)
    rows = types.Transition(
      *(np.concatenate(f) for f in zip(self._fitted, judges, strict=True))
    )
    is_held_out = np.arange(num_fitted + num_judges) >= num_fitted
    record = self._trainer.fit(rows, is_held_out, self._draw, self.tell)
    self.is_unfinished = record.was_stopped
    self.clock.updates += record.updates
    row_errors = self.row_errors()
    errors = self._per_region(row_errors)
    counts = np.bincount(self._held_out_regions, minlength=len(errors))
    self.losses = {
      **record.columns(),
      'dynamics_holdout_demos': float(len(self._held_out_regions)),
      'region_error_mean': float(row_errors.mean()),
      'region_error_median': float(np.nanmedian(errors)),
      'region_error_worst': regions.worst(errors, counts, self._least_rows),
      'region_error_max': float(np.nanmax(errors)),
      'num_regions': float(np.isfinite(errors).sum()),
    }

  def row_errors(self) -> np.ndarray:
    """One-step errors of the rows held out, [N].

    The squared error of s' - s over its variance in all of them, a mean over
    elites and over the outputs that vary.
    """
    rows = self._held_out
    variance = (rows.next_observation - rows.observation).var(0)
    varies = variance > 1e-10
    errors = []
    for begin in range(0, len(rows.discount), _EVALUATION_ROWS):
      chunk = _take(rows, slice(begin, begin + _EVALUATION_ROWS))
      mean, _ = self._model.predict(
        chunk.observation, chunk.action, self._model.elites
      )
      squared = (mean.numpy() - chunk.next_observation) ** 2 / np.maximum(
        variance, 1e-10
      )
      errors.append(squared[..., varies].mean((0, 2)))
    return np.concatenate(errors).astype(np.float64)

  def trackables(self) -> Mapping[str, Any]:
    return {
      'model': self._model,
      'trainer': self._trainer,
      'state': checkpoints.PythonState(self._get_state, self._set_state),
    }

  def save(self, path: str) -> None:
    """Writes the model for `dynamics.saving.load_model`."""
    saving.save_model(self._model, path)

  def finish(self, folder: pathlib.Path) -> None:
    """Writes dynamics.npz, the model, and regions.npz, its errors."""
    self.save(str(folder / 'dynamics.npz'))
    shape = self._num_bins, self._num_bins
    errors = self._per_region(self.row_errors())
    counts = np.bincount(self._fitted_regions, minlength=self._num_bins**2)
    arrays = {
      'errors': errors.reshape(shape),  # [bin of y, bin of x], nan: no rows
      'fitted_rows': counts.reshape(shape),
      'extent': np.array(self._map.extent),
      'is_wall': self._map.is_wall_from_above,
    }
    npz_file.write(folder / run_files.REGIONS, arrays)

  def _per_region(self, row_errors: np.ndarray) -> np.ndarray:
    """[num_bins ** 2], nan where no row is held out."""
    return regions.mean_per_region(
      row_errors, self._held_out_regions, self._num_bins**2
    )

  def _get_state(self) -> Mapping[str, Any]:
    return {
      'clock': vars(self.clock),
      'trainer': self._trainer.get_state(),
      'is_unfinished': self.is_unfinished,
    }

  def _set_state(self, state: Mapping[str, Any]) -> None:
    self.clock = clock_lib.Clock(**state['clock'])
    self._trainer.set_state(state['trainer'])
    # Of checkpoints that don't say, a fit was over.
    self.is_unfinished = state.get('is_unfinished', False)


def _map_of(task: tasks.Task, seed: int) -> maze_map.MazeMap:
  with task.make_env(seed) as env:
    if env.maze is None:
      raise ValueError(
        f'PretrainDynamics: found the task {task.name}; expected a maze'
      )
    return env.maze.map


def _take(rows: types.Transition, which) -> types.Transition:
  return types.Transition(*(field[which] for field in rows))
