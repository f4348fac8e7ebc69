"""From gin files, values and seeds to the list of work units."""

import hashlib
import itertools
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import gin

from tfirl.config import budget as budget_lib
from tfirl.config import demo_bindings, gin_bindings, gin_files, gin_types
from tfirl.config.gin_types import Binding

# Registers all that a gin file may name.
from tfirl.runs import experiment as _experiment  # noqa: F401
from tfirl.work_units.unit import WorkUnit


class Config(NamedTuple):
  """What all seeds of one cell of the sweep have in common.

  Attributes:
    gin_files: names or absolute paths.
    bindings: lines of gin.
    label: the swept bindings, '' without any. The number of demonstrations is
      not among them: the method says it.
    text: gin's whole config, which makes the id.
    task, method, budget, num_actors: what it binds; see `demo_bindings.method`.
  """

  gin_files: tuple[str, ...]
  bindings: tuple[str, ...]
  label: str
  text: str
  task: str
  method: str
  budget: budget_lib.Budget
  num_actors: int


def parse_seeds(text: str) -> list[int]:
  """Seeds of '0:5' (0 to 4) or '0,3,7'.

  Raises ValueError for anything else, or if there is none.
  """
  try:
    if ':' in text:
      first, end = text.split(':')
      seeds = list(range(int(first or 0), int(end)))
    else:
      seeds = [int(seed) for seed in text.split(',')]
  except ValueError:
    seeds = []
  if not seeds or min(seeds) < 0:
    raise ValueError(
      f'--seeds={text}: found no seeds there; expected FIRST:END, END left '
      "out, as in '0:5', or a list as in '0,3,7'"
    )
  return seeds


def parse_points(
  sweeps: Sequence[str], ablations: Sequence[str] = ()
) -> list[tuple[Binding, ...]]:
  """Every combination of the values of `NAME=[VALUE, ...]` lines; of each of
  these itself, and what differs from it by one line of `ablations` alone.

  Raises BindingError for an unknown name, no list, or a value of another type
  than the parameter's.
  """
  axes = []
  for text in sweeps:
    name, equals, _ = text.partition('=')
    where = f'--sweep={text}'
    statements = gin_files.read_text(text, where, None) if equals else []
    values = statements[0][1] if len(statements) == 1 else None
    if not isinstance(values, list) or not values:
      raise gin_files.BindingError(
        f"{where}: found no list of values; expected 'NAME=[VALUE, ...]'"
      )
    lines = [f'{name.strip()} = {value!r}' for value in values]
    axes.append([gin_types.read_binding(line, 'sweep') for line in lines])
  changed = [(gin_types.read_binding(line, 'ablate'),) for line in ablations]
  return [
    (*point, *change)
    for point in itertools.product(*axes)
    for change in [(), *changed]
  ]


def make_configs(
  file_sets: Sequence[Sequence[str]],
  points: Sequence[Sequence[Binding]],
  bindings: Sequence[str],
  num_demos: int | None = None,
) -> list[Config]:
  """One config for each set of gin files and each point, all checked.

  Args:
    file_sets: names or paths.
    points: of the sweep; a point is one value of each binding that it varies.
    bindings: lines of gin, of all units.
    num_demos: how many demonstrated episodes each may use; None: gin says.

  Raises:
    FileNotFoundError: a gin file is missing.
    BindingError: an unknown name or scope, a value of the wrong type, or not
      exactly one budget that the method counts.
    ValueError: num_demos is below 1, or gin binds another number.
  """
  common = [gin_types.read_binding(text, 'gin_bindings') for text in bindings]
  configs = []
  for names in file_sets:
    folders = [gin_files.gin_folder()]
    paths = [_portable_path(name) for name in names]
    statements = []
    for path in paths:
      found = gin_files.find_file(path)
      statements += gin_files.read_file(str(found), folders)
    for point in points:
      gin_types.check_scopes([*common, *point], statements)
      configs.append(_make_config(paths, bindings, point, num_demos))
  return configs


def make_units(
  configs: Sequence[Config],
  seeds: Sequence[int],
  root_dir: str,
  demos: str | None,
  env: Mapping[str, str],
) -> list[WorkUnit]:
  """The list of units: cut short, all configs have as many seeds.

  Raises ValueError if two units are the same or share a folder.
  """
  demos = os.path.abspath(demos) if demos and os.path.exists(demos) else demos
  units = [
    _make_unit(config, seed, os.path.abspath(root_dir), demos, env)
    for seed in seeds
    for config in configs
  ]
  _check_distinct(units)
  return units


def _portable_path(name: str) -> str:
  """Absolute, but for a file that comes with tfirl on every machine."""
  path = gin_files.find_file(name)
  if path.resolve().is_relative_to(gin_files.gin_folder().resolve()):
    return name
  return str(path.absolute())


def _make_config(
  paths: Sequence[str],
  bindings: Sequence[str],
  point: Sequence[Binding],
  num_demos: int | None,
) -> Config:
  lines = [*bindings, *(binding.text for binding in point)]
  lines = demo_bindings.parse(paths, lines, num_demos)
  axes = [
    (name, value) for name, value in point if name != demo_bindings.BINDING
  ]
  label = ', '.join(f'{name}={value!r}' for name, value in axes)
  algorithm = gin_bindings.value_of('run.algorithm')
  return Config(
    gin_files=tuple(paths),
    bindings=tuple(lines),
    label=label,
    text=gin.config_str(),
    task=gin_bindings.value_of('Task.name'),
    method=demo_bindings.method(),
    num_actors=gin_bindings.value_of('run.num_actors', 0),
    budget=_budget(algorithm, f'{", ".join(paths)}{label and f" ({label})"}'),
  )


def _budget(algorithm: str, where: str) -> budget_lib.Budget:
  """What the parsed config gives the run; raises BindingError, at `where`."""
  bound = {
    name: gin_bindings.value_of(f'run.{name}', None)
    for name in budget_lib.UNITS
  }
  units = gin_bindings.value_of('run.make_algorithm').budget_units
  try:
    most = gin_bindings.value_of('run.most_steps', None)
    return budget_lib.make_budget(bound, units, algorithm, most)
  except ValueError as error:
    raise gin_files.BindingError(f'{where}: {error}') from error


def _make_unit(
  config: Config,
  seed: int,
  root: str,
  demos: str | None,
  env: Mapping[str, str],
) -> WorkUnit:
  if config.label:
    root = os.path.join(root, _folder_name(config.label))
  argv = ['python', '-m', 'tfirl.launch']
  argv += [f'--gin_file={path}' for path in config.gin_files]
  argv += [f'--gin_bindings={line}' for line in config.bindings]
  argv += [f'--seed={seed}', f'--root_dir={root}']
  argv += [f'--demos={demos}'] if demos else []
  key = json.dumps([config.text, seed, demos])
  return WorkUnit(
    id=hashlib.sha256(key.encode()).hexdigest()[:12],
    argv=tuple(argv),
    run_dir=os.path.join(root, config.task, config.method, str(seed)),
    env=dict(env),
    cwd=str(Path.cwd()),
    steps=config.budget.total,
    budget_unit=config.budget.unit,
    label=config.label,
    num_actors=config.num_actors,
  )


def _folder_name(label: str) -> str:
  """A folder name for the label, short and without odd characters."""
  name = re.sub(r'[^\w.=,-]+', '_', label)
  if name == label and len(name) <= 80:
    return name
  return f'{name[:80]}-{hashlib.sha256(label.encode()).hexdigest()[:6]}'


def _check_distinct(units: Sequence[WorkUnit]) -> None:
  by_id, by_folder = {}, {}
  for unit in units:
    if unit.id in by_id:
      raise ValueError(
        f'duplicate units: {unit.name} and {by_id[unit.id].name} (id {unit.id})'
        ' have the same config and seed; expected each once'
      )
    if unit.run_dir in by_folder:
      raise ValueError(
        f'duplicate units: ids {unit.id} and {by_folder[unit.run_dir].id} '
        f'would both write to {unit.run_dir}; expected gin files that bind '
        'another run.algorithm or Task.name, or other seeds'
      )
    by_id[unit.id] = by_folder[unit.run_dir] = unit
