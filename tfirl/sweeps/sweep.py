r"""Gin files x values x seeds, here, on a Ray cluster or by XManager.

  python -m tfirl.sweeps --gin_file=hype_hopper.gin --gin_file=mm_hopper.gin \
    --seeds=0:5 --sweep='CostLearner.learning_rate=[8e-4,1e-3]' \
    --root_dir=runs/costs --executor=local --max_parallel=2

A --gin_file may name several files, joined by commas. --dry_run prints the
units, one JSON object a line. The same command again skips what is done and
resumes what is not. See docs/sweeps.md.
"""

import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from absl import app, flags

from tfirl.config import flag_help
from tfirl.sweeps import definition, queueing, xm_script
from tfirl.sweeps import flags as sweep_flags
from tfirl.sweeps.executors import local, ray_cluster
from tfirl.work_units import unit as unit_lib
from tfirl.work_units.unit import WorkUnit

_EXECUTORS = {'local': local, 'ray': ray_cluster}


def define_flags() -> None:
  """Flags of all sweeps: what varies, where results go, who runs it."""
  sweep_flags.define_flags()
  sweep_flags.define_executors()


def make_units(file_sets: Sequence[Sequence[str]]) -> list[WorkUnit]:
  """The units of the flags, for these sets of gin files; all checked."""
  given = flags.FLAGS
  configs = definition.make_configs(
    [[*files, *given.scale_file] for files in file_sets],
    definition.parse_points(given.sweep, given.ablate),
    given.gin_bindings,
    given.num_demos,
  )
  executor = _EXECUTORS.get(given.executor, local)
  return definition.make_units(
    configs,
    definition.parse_seeds(given.seeds),
    given.root_dir,
    given.demos,
    executor.unit_env(),
  )


def launch(file_sets: Sequence[Sequence[str]]) -> int:
  """Makes the units, queues and runs them. Returns: 0 if all are done."""
  given = flags.FLAGS
  units = make_units(file_sets)
  if given.dry_run:
    _print_units(units)
    return 0
  queueing.check_writable(given.root_dir)
  waiting = queueing.queue(units, given.accept_code_change)
  if given.executor == 'none':
    _print_units(waiting)
    return 0
  print(f'{len(units)} units, {len(units) - len(waiting)} done before')
  if waiting:
    _EXECUTORS[given.executor].run(waiting, given.fail_fast)
  return _summarize(units)


def run_main(file_sets: Callable[[], Sequence[Sequence[str]]]) -> None:
  """Exits with 1 and one message after a user's error, or if units failed."""
  try:
    sys.exit(launch(file_sets()))
  except (OSError, RuntimeError, ValueError) as error:
    sys.exit(f'error: {error}')


def _print_units(units: Sequence[WorkUnit]) -> None:
  for unit in units:
    print(json.dumps(dataclasses.asdict(unit)))


def _summarize(units: Sequence[WorkUnit]) -> int:
  statuses = [unit_lib.read_status(unit.path) for unit in units]
  for unit, status in zip(units, statuses, strict=True):
    if status.state == unit_lib.FAILED:
      log = unit.path / unit_lib.LOG_FILE
      print(f'{unit.name} failed: {status.message} ({log})', file=sys.stderr)
  undone = sum(status.state != unit_lib.DONE for status in statuses)
  if undone:
    print(
      f'{undone} of {len(units)} units are not done; the same command goes on '
      'with them',
      file=sys.stderr,
    )
  return 1 if undone else 0


def main(argv: list[str]) -> None:
  """Runs what --gin_file names."""
  if len(argv) > 1:
    raise app.UsageError(f'unexpected arguments {argv[1:]}')
  if flags.FLAGS.write_xm_script:
    _write_xm_script()
  else:
    run_main(_given_files)


def run_program(
  argv: Sequence[str] | None = None, name: str = 'python -m tfirl.sweeps'
) -> None:
  """The program of a sweep, on the flags of the command line.

  Args:
    argv: the command line; `sys.argv` by default.
    name: what the program is called in its help.
  """
  sweep_flags.define_all()
  flag_help.run(main, sweep_flags.usage(name), argv)


def _write_xm_script() -> None:
  try:
    script, requirements = xm_script.write(Path.cwd())
  except OSError as error:
    sys.exit(f'error: {error}')
  print(
    f'wrote {script.name} and {requirements.name}: '
    f'pip install -r {requirements.name} in an environment of its own, then '
    f'xmanager launch {script.name} -- --gin_file=...'
  )


def _given_files() -> list[list[str]]:
  if not flags.FLAGS.gin_file:
    raise ValueError('--gin_file is missing; expected mm_hopper.gin, say')
  return [names.split(',') for names in flags.FLAGS.gin_file]
