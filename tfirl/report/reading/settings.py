"""What the methods of a task were bound to, and in what they differ."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tfirl.config import lasting
from tfirl.report.reading.runs import Run

_NOT_BOUND = '–'


class Settings(NamedTuple):
  """Bindings of a task's methods; a method's runs have the same."""

  header: list[str]  # 'binding', and each method
  differing: list[list[str]]  # name, and its value for each method
  common: list[list[str]]  # name and value


def of_task(found: Sequence[Run]) -> Settings | None:
  """Args: runs of one task, kept apart. Returns: None without any config."""
  configs: dict[str, Mapping[str, str]] = {}
  for run in found:
    if run.algorithm not in configs and run.config is not None:
      configs[run.algorithm] = _of_a_method(run.config)
  if not configs:
    return None
  names = sorted({name for bound in configs.values() for name in bound})
  differing, common = [], []
  for name in names:
    values = [bound.get(name, _NOT_BOUND) for bound in configs.values()]
    if len(set(values)) > 1:
      differing.append([name, *values])
    else:
      common.append([name, values[0]])
  return Settings(['binding', *configs], differing, common)


def _of_a_method(bound: Mapping[str, str]) -> dict[str, str]:
  """Without what may differ between its seeds."""
  return {k: v for k, v in bound.items() if k not in lasting.FREE}
