"""What the batches of published comparisons have in common."""

from collections.abc import Mapping, Sequence

import sweep
from absl import app, flags

METHODS = ('bc', 'mm', 'bc_reg', 'filter', 'hype', 'hype_filter', 'hyper')


def define_flags(tasks: Sequence[str]) -> None:
  """Flags of a sweep, and of a batch over `tasks`; ten seeds by default."""
  sweep.define_flags()
  flags.FLAGS.set_default('seeds', '0:10')
  flags.DEFINE_enum(
    'scale', 'paper', ['paper', 'cpu'], 'paper: as published; cpu: a tenth'
  )
  flags.DEFINE_list('methods', list(METHODS), f'some of {", ".join(METHODS)}')
  flags.DEFINE_list('tasks', list(tasks), f'some of {", ".join(tasks)}')


def file_sets(
  tasks: Sequence[str], cpu_files: Mapping[str, str]
) -> list[tuple[str, ...]]:
  """The gin files of each chosen method on each chosen task.

  Args:
    tasks: of the batch.
    cpu_files: method -> the gin file of the small scale. The published one is
      what every ALGORITHM_TASK.gin has.

  Raises ValueError for a method or a task that the batch doesn't have.
  """
  given = flags.FLAGS
  for flag, known in (('methods', METHODS), ('tasks', tasks)):
    unknown = [name for name in given[flag].value if name not in known]
    if unknown:
      raise ValueError(
        f'--{flag}: found {", ".join(unknown)}; expected some of '
        f'{", ".join(known)}'
      )
  is_small = given.scale == 'cpu'
  return [
    (f'{method}_{task}.gin', *([cpu_files[method]] if is_small else []))
    for task in given.tasks
    for method in given.methods
  ]


def main(tasks: Sequence[str], cpu_files: Mapping[str, str]) -> None:
  """The program of a batch; arguments as of `file_sets`."""

  def run(argv: list[str]) -> None:
    if len(argv) > 1:
      raise app.UsageError(f'unexpected arguments {argv[1:]}')
    sweep.run_main(lambda: file_sets(tasks, cpu_files))

  define_flags(tasks)
  app.run(run)
