"""What the batches of published comparisons have in common."""

from collections.abc import Sequence

import sweep
from absl import app, flags

METHODS = ('bc', 'mm', 'bc_reg', 'filter', 'hype', 'hype_filter', 'hyper')
# Gin files after the method's own. At the published scale there are none: it is
# what every ALGORITHM_TASK.gin has.
_SCALES = {
  'paper': dict.fromkeys(METHODS, ()),
  'cpu': {
    'bc': ('scale/cpu.gin',),
    **dict.fromkeys(('mm', 'bc_reg', 'filter'), ('scale/cpu_model_free.gin',)),
    **dict.fromkeys(('hype', 'hype_filter'), ('scale/cpu_hype.gin',)),
    'hyper': ('scale/cpu_hyper.gin',),
  },
}


def define_flags(tasks: Sequence[str]) -> None:
  """Flags of a sweep, and of a batch over `tasks`; ten seeds by default."""
  sweep.define_flags()
  flags.FLAGS.set_default('seeds', '0:10')
  flags.DEFINE_enum(
    'scale', 'paper', list(_SCALES), 'paper: as published; cpu: a tenth of it'
  )
  flags.DEFINE_list('methods', list(METHODS), f'some of {", ".join(METHODS)}')
  flags.DEFINE_list('tasks', list(tasks), f'some of {", ".join(tasks)}')


def file_sets(tasks: Sequence[str]) -> list[tuple[str, ...]]:
  """The gin files of each chosen method on each chosen task.

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
  return [
    (f'{method}_{task}.gin', *_SCALES[given.scale][method])
    for task in given.tasks
    for method in given.methods
  ]


def main(tasks: Sequence[str]) -> None:
  """The program of a batch over `tasks`."""

  def run(argv: list[str]) -> None:
    if len(argv) > 1:
      raise app.UsageError(f'unexpected arguments {argv[1:]}')
    sweep.run_main(lambda: file_sets(tasks))

  define_flags(tasks)
  app.run(run)
