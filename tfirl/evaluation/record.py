"""What an evaluation in the course of a run found."""

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Evaluation:
  """One row of metrics.csv, as `on_evaluation` gets it.

  Attributes:
    real_steps: all steps taken in the environment, evaluations aside.
    env_steps: those of training alone.
    updates: gradient steps of the policy.
    wall_s: seconds of all processes of the run.
    return_mean, return_std: over the evaluation's episodes, of the true reward;
      None where there is no policy.
    success: share of episodes that reached their goal; None without goals.
    losses: what else the algorithm reports of its latest round, by column.
  """

  real_steps: int
  env_steps: int
  updates: int
  wall_s: float
  return_mean: float | None
  return_std: float | None
  success: float | None
  losses: Mapping[str, float] = dataclasses.field(repr=False)

  def __str__(self) -> str:
    spent = f'{self.real_steps} real steps, {self.updates} updates'
    if self.return_mean is None:
      return spent
    text = f'{spent}: return {self.return_mean:.1f} +- {self.return_std:.1f}'
    if self.success is not None:
      text += f', success {self.success:.2f}'
    return text
