"""The batches behind docs/results: what is compared, on which seeds."""

from collections.abc import Sequence
from typing import NamedTuple

from absl import app, flags

from tfirl.config import demo_bindings
from tfirl.sweeps import sweep

_MUJOCO = ('hopper', 'walker2d', 'halfcheetah', 'ant', 'humanoid')
_MAZES = ('pointmaze', 'antmaze_large_diverse', 'antmaze_large_play')
_LINES = (
  'WarmStart.bc_steps = 0',
  'WarmStart.bc_anneal = False',
  'WarmStart.critic_steps = 0',
  'WarmStart.actor_starts_at = 0',
  'WarmStart.bc_rows = None',
  'WarmStart.clone_differences = None',
  'tfirl.SacAgent.initial_alpha = 1.0',
  'tfirl.SacAgent.bc_weight = 0.0',
  'tfirl.SacAgent.clone_weight = 0.0',
  'tfirl.SacAgent.critic_layer_norm = False',
  'learning_rate/piecewise_linear.segments = [(1.0, 1.0, 1)]',
  'make_encoding.standardize = False',
  'AbsorbingLevel.initial = 0.0',
  'CostLearner.match_time = False',
)


class Table(NamedTuple):
  """One table of docs/results.

  Attributes:
    methods: of `METHOD_TASK.gin`.
    tasks: likewise.
    seeds: as of --seeds; nobody tuned on them.
    num_demos: demonstrated episodes, one column each; none for all there are.
    lines: of gin; each run also with one of them alone changed.
  """

  methods: tuple[str, ...]
  tasks: tuple[str, ...]
  seeds: str
  num_demos: tuple[int, ...] = ()
  lines: tuple[str, ...] = ()


TABLES = {
  'tasks': Table(
    (
      *('bc', 'mm', 'filter', 'hype', 'hype_filter', 'iq_learn', 'hyper'),
      'hype_many_updates',  # what the model buys
    ),
    _MUJOCO,
    '100:105',
  ),
  'few': Table(
    ('bc', 'iq_learn', 'hype', 'hyper'), _MUJOCO, '100:103', (1, 4, 10)
  ),
  'mazes': Table(
    ('bc', 'mm', 'filter', 'hype_filter', 'hyper'), _MAZES, '100:105'
  ),
  # What each line of the recipe is worth, on seeds that it was tuned on.
  'lines': Table(
    ('hype',), ('hopper', 'walker2d', 'ant'), '0:2', (1, 64), _LINES
  ),
}


def define_flags() -> None:
  """Those of a sweep, and what of a table is run."""
  sweep.define_flags()
  flags.FLAGS.set_default('seeds', None)
  flags.DEFINE_enum('table', 'tasks', list(TABLES), 'which of the tables')
  for flag in ('methods', 'tasks'):
    flags.DEFINE_list(flag, None, f"some of the table's {flag}; all by default")


def file_sets() -> list[tuple[str, ...]]:
  """The gin files of the chosen cells; the table's seeds, numbers of
  demonstrations and lines become those of the sweep, where its flags say none.

  Raises ValueError for a method or a task that the table doesn't have.
  """
  given = flags.FLAGS
  table = TABLES[given.table]
  if given.seeds is None:
    given.seeds = table.seeds
  if table.num_demos and given.num_demos is None:
    axis = f'{demo_bindings.BINDING}={list(table.num_demos)}'
    given.sweep = [*given.sweep, axis]
  given.ablate = given.ablate or list(table.lines)
  methods = _chosen('methods', table.methods)
  tasks = _chosen('tasks', table.tasks)
  return [(f'{method}_{task}.gin',) for task in tasks for method in methods]


def _chosen(flag: str, known: Sequence[str]) -> Sequence[str]:
  names = flags.FLAGS[flag].value
  if names is None:
    return known
  unknown = [name for name in names if name not in known]
  if unknown:
    raise ValueError(
      f'--{flag}: found {", ".join(unknown)}; expected some of '
      f'{", ".join(known)}, the {flag} of --table={flags.FLAGS.table}'
    )
  return names


def main() -> None:
  """The program."""

  def run(argv: list[str]) -> None:
    if len(argv) > 1:
      raise app.UsageError(f'unexpected arguments {argv[1:]}')
    sweep.run_main(file_sets)

  define_flags()
  app.run(run)
