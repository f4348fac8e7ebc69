"""What a fit of the ensemble tells of itself."""

from typing import NamedTuple

import numpy as np


class FitRecord(NamedTuple):
  """What one fit did; errors are of the hold-out, after the fit."""

  losses: np.ndarray  # [epochs] training loss, a mean over members
  holdout_mse: np.ndarray  # [E] over outputs, of s' - s in its own units
  holdout_mse_per_output: np.ndarray  # [O] a mean over elites
  r2_per_output: np.ndarray  # [O] as above, of s' - s; nan: it never varies
  elites: np.ndarray  # [num_elites]
  epochs: int
  num_rows: int  # fitted
  num_holdout: int
  wall_s: float
  updates: int  # gradient steps
  reward_r2: float | None = None  # as above, where rewards are predicted
  was_stopped: bool = False  # before it was over

  def columns(self) -> dict[str, float]:
    """As columns of metrics.csv.

    Without those that are nan, as of one row held out, or of outputs that never
    vary there: a run whose losses are not finite is stopped.
    """
    r2, spread = self.r2_per_output[~np.isnan(self.r2_per_output)], {}
    if r2.size:
      spread['dynamics_r2_min'] = float(r2.min())
      spread['dynamics_r2_median'] = float(np.median(r2))
    # None where none is predicted, nan where those held out never vary.
    has_r2 = self.reward_r2 is not None and np.isfinite(self.reward_r2)
    return {
      'dynamics_loss': float(self.losses[-1]),
      'dynamics_mse': float(self.holdout_mse[self.elites].mean()),
      **spread,
      'dynamics_epochs': float(self.epochs),
      'dynamics_rows': float(self.num_rows),
      'dynamics_holdout_rows': float(self.num_holdout),
      'dynamics_fit_s': self.wall_s,
      **({'dynamics_reward_r2': self.reward_r2} if has_r2 else {}),
    }
