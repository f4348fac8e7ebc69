"""Keeps runs of different configurations apart, though they have one name."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfirl.config import lasting
from tfirl.report.reading.runs import Run, order
from tfirl.storage import metadata_file

_DEMOS = '--demos'
# What scores are set against is no difference of what made them.
_RETURNS = ('Task.expert_return', 'Task.random_return')
_IGNORED = (*lasting.LENGTHS, *lasting.FREE, *_RETURNS)
_UNKNOWN = 'config unknown'
_MOST_LETTERS = 60  # of what is added to a name


def keep_apart(runs: Sequence[Run]) -> tuple[list[Run], list[str]]:
  """Gives runs of one task and name other names where their configs differ.

  How long a run lasts, how often it was evaluated and the like are no
  difference.

  Returns:
    The runs, `hype [gamma = 0.9]` say, sorted as by `read_runs`; and a note
    for each name, with the bindings that differ and the seeds that have which.
  """
  groups: dict[tuple[str, str], list[Run]] = {}
  for run in runs:
    groups.setdefault((run.task, run.algorithm), []).append(run)
  labels, notes = {}, []
  for (task, algorithm), group in groups.items():
    configs = {run.path: _config(run) for run in group}
    if len(set(map(_frozen, configs.values()))) < 2:
      continue
    differing = _differing(list(configs.values()))
    labels |= _labels(configs, differing)
    notes.append(
      f'{task}/{algorithm}: runs of different configurations are kept apart: '
      f'{_describe(group, configs, differing)}'
    )
  renamed = [
    dataclasses.replace(run, algorithm=f'{run.algorithm} [{labels[run.path]}]')
    if run.path in labels
    else run
    for run in runs
  ]
  return sorted(renamed, key=order), notes


def _config(run: Run) -> dict[str, str] | None:
  """What of the run's config counts; None where nothing tells it."""
  if run.config is None:
    return None
  kept = {k: v for k, v in run.config.items() if k not in _IGNORED}
  source = _source_of_demos(run.path)
  return kept if source is None else {**kept, _DEMOS: source}


def _source_of_demos(path: str) -> str | None:
  """What --demos named, with the digest of what was there if it is known."""
  try:
    metadata = metadata_file.read(Path(path, metadata_file.NAME))
  except ValueError:  # what is damaged is told by who needs it
    return None
  source = metadata.get('demos')
  if source is None:
    return None
  digest = (metadata.get('demonstrations') or {}).get('digest')
  if digest:  # the same, wherever they lie
    return f'{os.path.basename(source)} ({digest[:8]})'
  return metadata.get('demos_path') or source


def _frozen(config: dict[str, str] | None):
  return None if config is None else frozenset(config.items())


def _differing(configs: Sequence[dict[str, str] | None]) -> list[str]:
  """Names of bindings that are not the same in all known configs."""
  known = [config for config in configs if config is not None]
  names = sorted({name for config in known for name in config})
  found = [n for n in names if len({config.get(n) for config in known}) > 1]
  return sorted(found, key=lambda name: name == _DEMOS)  # the last


def _labels(
  configs: Mapping[str, dict[str, str] | None], differing: Sequence[str]
) -> dict[str, str]:
  """Path of each run -> what tells its config from the others."""
  by_config: dict[Any, str] = {}
  for config in configs.values():
    if _frozen(config) in by_config:
      continue
    label = _UNKNOWN
    if config is not None:
      label = ', '.join(_brief(config, name) for name in differing)
      label = label or 'config known'
    if len(label) > _MOST_LETTERS or label in by_config.values():
      label = f'{label[:_MOST_LETTERS]} #{len(by_config) + 1}'
    by_config[_frozen(config)] = label
  return {path: by_config[_frozen(config)] for path, config in configs.items()}


def _describe(
  group: Sequence[Run],
  configs: Mapping[str, dict[str, str] | None],
  differing: Sequence[str],
) -> str:
  """'gamma is 0.9 in seeds 0, 1 and 0.99 in seed 2; ...'."""
  known = [run for run in group if configs[run.path] is not None]
  parts = []
  for name in differing:
    seeds: dict[str, list[str]] = {}
    for run in known:
      seeds.setdefault(_value(configs[run.path], name), []).append(run.seed)
    told = [f'{v} in seed {", ".join(found)}' for v, found in seeds.items()]
    parts.append(f'{name} is {" and ".join(told)}')
  without = [run.path for run in group if configs[run.path] is None]
  if without:
    parts.append(f'there is no config.gin in {", ".join(without)}')
  return '; '.join(parts)


def _brief(config: Mapping[str, str], name: str) -> str:
  """'gamma = 0.9', or a data set without its folder."""
  value = _value(config, name)
  short = os.path.basename(value) if name == _DEMOS else value
  return f'{name.rpartition(".")[2]} = {short}'


def _value(config: Mapping[str, str], name: str) -> str:
  return config.get(name, 'not bound')
