"""What a run's folder tells of it, by the names of its record."""

import ast
import dataclasses
import functools
import math
import numbers
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfirl.config import budget as budget_lib
from tfirl.report.reading import bindings as bindings_lib
from tfirl.report.reading import runs
from tfirl.storage import metadata_file, run_files

# Below it a policy is not what it should be.
LOW_SCORE = 0.7
_AGENTS = 'tfirl.SacAgent', 'tfirl.IqLearnAgent', 'Td3BcAgent', 'BcAgent'
_LATEST = 3  # evaluations, whose median is what the run came to
# The later wins.
_CONFIGS = (run_files.CONFIG, run_files.OPERATIVE_CONFIG)
# Where nobody says what the expert returns: what policies of a maze are worth.
_SUCCESS = 0.0, 1.0


@dataclasses.dataclass(frozen=True)
class Late:
  """The median of a column over the run's later half.

  Attributes:
    value: the median.
    since: the step that the half begins at.
    unit: of the step: 'step' or 'update'.
  """

  value: float
  since: int
  unit: str

  def __str__(self) -> str:
    return f'{self.value:.3g} (median since {self.unit} {self.since:,})'


@dataclasses.dataclass(frozen=True)
class Evidence:
  """A run's record.

  Attributes:
    path: its folder.
    run: metrics.csv; None before the first evaluation.
    bindings: of gin, name -> value as text, defaults in use among them.
    metadata: metadata.json; {} without one.
    error: what `run_files.last_error` gives; None if none ended the run.
    is_complete: whether its budget was spent.
    expert_return: what the expert returns; None for what the record says.
  """

  path: Path
  run: runs.Run | None
  bindings: Mapping[str, str]
  metadata: Mapping[str, Any]
  error: str | None
  is_complete: bool
  expert_return: float | None = None

  @property
  def demos(self) -> Mapping[str, Any]:
    """What metadata.json says of the demonstrations; {} of none."""
    return self.metadata.get('demonstrations') or {}

  @property
  def method(self) -> str:
    """Such as 'hype', without what is said of the demonstrations' number."""
    bound = self.binding('run.algorithm')
    return bound if isinstance(bound, str) else self.path.parent.name

  def binding(self, name: str, default: Any = None) -> Any:
    """The value bound to `name`, or in use; text if it is no literal."""
    text = self.bindings.get(name)
    if text is None:
      return default
    try:
      return ast.literal_eval(text)
    except (SyntaxError, ValueError):
      return text

  def shown(self, name: str, usual: str = '') -> str:
    """A binding with its value, and what it usually is, for a remedy."""
    value = self.bindings.get(name)
    found = 'not bound' if value is None else f'it is {value}'
    return f'{name} ({found}{f"; {usual}" if usual else ""})'

  def of_agent(self, name: str) -> str:
    """The binding of that name that the run's agent has."""
    agents = [a for a in _AGENTS if f'{a}.{name}' in self.bindings]
    return f'{[*agents, *_AGENTS][0]}.{name}'

  @property
  def is_of_td3(self) -> bool:
    """Whether the run's agent is TD3+BC, by what is bound."""
    return any(name.startswith('Td3BcAgent.') for name in self.bindings)

  def column(self, name: str) -> np.ndarray | None:
    """[T], nan where blank; None if there is no such column, or all is."""
    column = None if self.run is None else self.run.columns.get(name)
    if column is None or np.isnan(column).all():
      return None
    return column

  def late(self, name: str) -> Late | None:
    """Its median over the later half; None if nothing is there."""
    column = self.column(name)
    return None if column is None else self.late_of(column)

  def late_of(self, column: np.ndarray) -> Late | None:
    """The same of any numbers [T]."""
    steps = self.run.steps
    is_late = (steps >= steps[-1] / 2) & ~np.isnan(column)
    if not is_late.any():
      return None
    unit = 'update' if self.run.is_offline else 'step'
    value = float(np.median(column[is_late]))
    return Late(value, int(steps[is_late][0]), unit)

  @functools.cached_property
  def scores(self) -> np.ndarray | None:
    """Normalised returns [T], 0 a random policy's and 1 the expert's.

    Where nobody says what the expert returns, they are the shares of successes,
    if each evaluation has one. None where what returns are worth is not known:
    a task that does not say has the demonstrations', and for a random policy's
    the worst evaluation.
    """
    if self._is_of_success:
      values, scale = self.column('eval_success'), _SUCCESS
    else:
      values, scale = self.column('eval_return_mean'), self.scale()
    if values is None or scale is None:
      return None
    worst, best = scale
    return (values - worst) / (best - worst)

  @property
  def score_name(self) -> str:
    """What a score is, in words."""
    return 'success rate' if self._is_of_success else 'normalised return'

  @property
  def score(self) -> float | None:
    """The median of the latest evaluations' scores; None if not known."""
    if self.scores is None:
      return None
    return float(np.median(self.scores[-_LATEST:]))

  @property
  def is_low(self) -> bool:
    """Whether the policy is known not to be what it should be."""
    return self.score is not None and self.score < LOW_SCORE

  def score_of(self, name: str) -> float | None:
    """The late median of a column of returns, as a score."""
    late, scale = self.late(name), self.scale()
    if late is None or scale is None:
      return None
    return (late.value - scale[0]) / (scale[1] - scale[0])

  def scale(self) -> tuple[float, float] | None:
    """Returns of a random policy and of the expert; None if not known."""
    best = self._told_return
    if best is None:
      best = self.demos.get('mean_return')
    worst = self.binding('Task.random_return')
    returns = self.column('eval_return_mean')
    if worst is None and returns is not None:
      worst = float(np.nanmin(returns))
    are_real = all(isinstance(x, numbers.Real) for x in (worst, best))
    if not are_real or not math.isfinite(best - worst) or best <= worst:
      return None
    return worst, best

  @property
  def num_trained(self) -> int:
    """Evaluations after the first gradient step."""
    return (
      0 if self.run is None else int((self.run.columns['updates'] > 0).sum())
    )

  @property
  def _told_return(self) -> float | None:
    """What the expert returns, as the caller or the task says."""
    if self.expert_return is not None:
      return self.expert_return
    return self.binding('Task.expert_return')

  @property
  def _is_of_success(self) -> bool:
    """Whether scores are shares of successes, and not of returns."""
    has_success = self.run is not None and self.run.has_success
    return has_success and self._told_return is None


def read(
  path: str | os.PathLike, expert_return: float | None = None
) -> Evidence:
  """What is in a run's folder.

  Args:
    path: of the folder.
    expert_return: as of `Evidence`.

  Raises:
    ValueError: metrics.csv or metadata.json is damaged.
  """
  path = Path(os.path.realpath(path))
  bindings: dict[str, str] = {}
  for name in _CONFIGS:
    if (path / name).is_file():
      text = (path / name).read_text(encoding='utf-8', errors='replace')
      bindings |= bindings_lib.parse(text)
  run = runs.read_run(str(path))
  metadata = {}
  if (path / metadata_file.NAME).is_file():
    metadata = metadata_file.read(path / metadata_file.NAME)
  return Evidence(
    path,
    run,
    bindings,
    metadata,
    run_files.last_error(path),
    (path / run_files.COMPLETE).is_file() or _is_spent(run, bindings, metadata),
    expert_return,
  )


def budget(
  bindings: Mapping[str, str], metadata: Mapping[str, Any]
) -> tuple[str, int] | None:
  """Unit and total of what the run may spend; None if nothing says it."""
  found = metadata.get('budget')
  if found:
    return found['unit'], found['total']
  for unit in budget_lib.UNITS:
    text = bindings.get(f'run.{unit}', 'None')
    if text.isdigit():
      return unit, int(text)
  return None


def _is_spent(run, bindings, metadata) -> bool:
  bound = budget(bindings, metadata)
  if run is None or bound is None:
    return False
  return spent(run, bound[0]) >= bound[1]


def spent(run: runs.Run, unit: str) -> int:
  """How much of a budget in `unit` the run has taken up.

  Of a run without steps it is updates, whatever its unit was called.
  """
  return int(run.columns['updates' if run.is_offline else unit][-1])
