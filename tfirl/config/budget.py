"""What a run may spend, in exactly one unit: real steps, env steps or updates.

Real steps are all that a run takes in an environment, but for evaluations:
those of training, those of the cost's rollouts, and those of actors that came
too late to be trained on.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from tfirl import checks

# Counts of an algorithm's clock (`parts.clock`), that it may be budgeted by.
STEPS = ('real_steps', 'env_steps')
UPDATES = ('updates',)
UNITS = STEPS + UPDATES


@dataclasses.dataclass(frozen=True)
class Budget:
  """How much of which count of a clock a run may spend.

  Attributes:
    unit: the name of the count.
    total: how much of it.
    cut_from: how much it was before `run.most_steps` cut it; None if it did
      not.
  """

  unit: str
  total: int
  cut_from: int | None = None

  @property
  def unit_in_words(self) -> str:
    """'real steps'."""
    return self.unit.replace('_', ' ')

  def __str__(self):
    """'100,000 real steps'."""
    return f'{self.total:,} {self.unit_in_words}'

  def spent(self, clock) -> int:
    """How much of it `clock` shows."""
    return getattr(clock, self.unit)

  def is_spent(self, clock) -> bool:
    """Whether nothing is left."""
    return self.spent(clock) >= self.total


def make_budget(
  bound: Mapping[str, int | None],
  units: Sequence[str],
  algorithm: str,
  most: int | None = None,
) -> Budget:
  """The one budget that is bound.

  Args:
    bound: the values of run.real_steps, run.env_steps and run.updates by their
      names without `run.`; None where there is none.
    units: what the algorithm counts, `STEPS` or `UPDATES`.
    algorithm: its name, for errors.
    most: run.most_steps, above which no budget is; None for any.

  Raises:
    ValueError: there is none or more than one, it is not of `units`, or it or
      `most` is no integer of 1 or more; says what to bind.
  """
  found = {name: value for name, value in bound.items() if value is not None}
  usable = [name for name in units if name in found]
  wanted = ' or '.join(f'run.{name}' for name in units)
  if not found:
    raise ValueError(f'found no budget; expected {wanted} for {algorithm}')
  listed = ' and '.join(f'run.{name} = {v!r}' for name, v in found.items())
  if not usable:
    raise ValueError(
      f'found {listed}; expected {wanted}, for {algorithm} counts nothing '
      f'else: bind it, and {_unbound(found)}'
    )
  if len(found) > 1:
    ways = [
      f'to use run.{name}, bind {_unbound(n for n in found if n != name)}'
      for name in usable
    ]
    raise ValueError(
      f'found {listed}; expected exactly one budget: {"; ".join(ways)}'
    )
  (unit,) = usable
  checks.integer(f'run.{unit}', found[unit], 1)
  if most is None:
    return Budget(unit, found[unit])
  checks.integer('run.most_steps', most, 1)
  if found[unit] <= most:
    return Budget(unit, found[unit])
  return Budget(unit, most, cut_from=found[unit])


def real_steps(row: Mapping[str, str]) -> float:
  """Real steps of a row of metrics.csv, of one without that column too.

  Args:
    row: text of its cells, of env_steps at least, by column; all numbers.
  """
  if row.get('real_steps'):
    return float(row['real_steps'])
  return float(row['env_steps']) + float(row.get('rollout_steps') or 0.0)


def _unbound(names) -> str:
  return ', '.join(f'run.{name} = None' for name in names)
