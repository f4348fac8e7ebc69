"""What has been spent so far, and what is due."""

import dataclasses
import logging


@dataclasses.dataclass
class Clock:
  """Counts of a run; every step of an environment passes through one of them.

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


class Periods:
  """What is due each so many steps, and looked for once a round."""

  def __init__(self):
    """Nothing has been told yet."""
    self._told = set()

  def is_due(self, name: str, period: int, before: int, now: int) -> bool:
    """`crosses`; warns once of a period, by its name in gin, that is shorter
    than a round.
    """
    length = now - before
    if period < length and name not in self._told:
      self._told.add(name)
      logging.warning(
        '%s is %d, and a round is %d of its steps: it is due once a round; '
        'expected %d or more',
        name,
        period,
        length,
        length,
      )
    return crosses(period, before, now)
