"""What has been spent so far."""

import dataclasses


@dataclasses.dataclass
class Clock:
  """Counts of a run; every step of an environment passes through one of them,
  but those of actors that no round takes (`actors.remote_steps`).

  Attributes:
    env_steps: steps of the training environment, its first ones included.
    rollout_steps: steps of the separate environment of the cost rollouts.
    updates: gradient steps of the policy.
    stale_steps: steps of actors whose policy was too old to train on.
  """

  env_steps: int = 0
  rollout_steps: int = 0
  updates: int = 0
  stale_steps: int = 0

  @property
  def real_steps(self) -> int:
    """All steps but those of evaluations."""
    return self.env_steps + self.rollout_steps + self.stale_steps

  def counts(self) -> dict[str, int]:
    """By name, as the first columns of metrics.csv have them."""
    names = 'real_steps', 'env_steps', 'rollout_steps', 'updates'
    return {name: getattr(self, name) for name in names}


def crosses(period: int, before: int, now: int) -> bool:
  """Whether a multiple of `period` lies in (before, now]."""
  return now // period > before // period
