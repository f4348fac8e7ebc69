"""What the batches of published comparisons have in common."""

from collections.abc import Sequence

from absl import app, flags

from tfirl.sweeps import sweep

METHODS = ('bc', 'mm', 'bc_reg', 'filter', 'hype', 'hype_filter', 'hyper')


def define_flags(tasks: Sequence[str]) -> None:
  """Flags of a sweep, and of a batch over `tasks`; ten seeds by default."""
  sweep.define_flags()
  flags.FLAGS.set_default('seeds', '0:10')
  flags.DEFINE_enum(
    'settings',
    'paper',
    ['paper', 'recipe'],
    "paper: as published, paper/METHOD_TASK.gin; recipe: tfirl's own",
  )
  flags.DEFINE_integer(
    'budget',
    None,
    'cuts every run to so much of what its budget counts; the report says so',
    lower_bound=1,
  )
  flags.DEFINE_list('methods', list(METHODS), f'some of {", ".join(METHODS)}')
  flags.DEFINE_list('tasks', list(tasks), f'some of {", ".join(tasks)}')


def file_sets(tasks: Sequence[str]) -> list[tuple[str, ...]]:
  """The gin file of each chosen method on each chosen task of the batch.

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
  folder = 'paper/' if given.settings == 'paper' else ''
  return [
    (f'{folder}{method}_{task}.gin',)
    for task in given.tasks
    for method in given.methods
  ]


def cut_budgets() -> None:
  """Has --budget cut every unit, which is else as its file says."""
  given = flags.FLAGS
  if given.budget is not None:
    binding = f'run.most_steps = {given.budget}'
    given.gin_bindings = [*given.gin_bindings, binding]


def main(tasks: Sequence[str]) -> None:
  """The program of a batch over `tasks`."""

  def run(argv: list[str]) -> None:
    if len(argv) > 1:
      raise app.UsageError(f'unexpected arguments {argv[1:]}')
    cut_budgets()
    sweep.run_main(lambda: file_sets(tasks))

  define_flags(tasks)
  app.run(run)
