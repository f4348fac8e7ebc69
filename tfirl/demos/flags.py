"""Flags of the programs on demonstrations; needs only absl."""

from absl import flags

COLLECT_USAGE = (
  "Rolls a policy out into demonstrations: by default the task's own expert.\n"
)
SOURCES = 'FILE.npz, FILE.hdf5, FILE.csv, d4rl:NAME, minari:ID or embedded:TASK'
SHOW_USAGE = (
  f'SOURCE...: says what demonstrations hold. A source is\n{SOURCES}.\n'
)
KEYS_HELP = "what the file's keys are: observations=obs,actions=acts"
ACCEPT_HELP = 'go on with demonstrations that contradict themselves'


def define_collect(values: flags.FlagValues = flags.FLAGS) -> None:
  """Flags of `demos.collect`, among `values`."""

  def define(kind, name, default, text, **limits):
    kind(name, default, text, flag_values=values, **limits)

  define(flags.DEFINE_string, 'task', None, 'name of a gin file of tasks/')
  define(
    flags.DEFINE_string,
    'policy',
    'embedded',
    'a run folder, a SavedModel, an .npz of weights, module:function; '
    "embedded, the task's",
  )
  define(flags.DEFINE_string, 'out', None, 'FILE.npz, FILE.hdf5 or minari:ID')
  define(
    flags.DEFINE_integer, 'episodes', 64, 'how many to keep', lower_bound=1
  )
  define(flags.DEFINE_integer, 'seed', 0, 'of the first attempt', lower_bound=0)
  define(
    flags.DEFINE_bool,
    'full_length_only',
    True,
    'drop falls, not successes; in a maze, misses of the goal',
  )
  define(
    flags.DEFINE_float,
    'min_return',
    None,
    'keep the episodes of so high a return, whatever ended them',
  )
  define(
    flags.DEFINE_bool,
    'stochastic',
    False,
    'sample actions; the ant: with its noise',
  )
  define(flags.DEFINE_bool, 'tremble', False, "with the task's trembling hand")
  flags.mark_flags_as_required(['task', 'out'], values)


def define_show(values: flags.FlagValues = flags.FLAGS) -> None:
  """Flags of `demos.summary`, among `values`."""
  flags.DEFINE_string(
    'env_id',
    '',
    'of a D4RL file without time-outs: its episode length',
    flag_values=values,
  )
  flags.DEFINE_integer(
    'num_demos',
    None,
    'only of the first so many episodes of each',
    flag_values=values,
  )
  flags.DEFINE_multi_string('keys', [], KEYS_HELP, flag_values=values)
  flags.DEFINE_bool('accept_demos', False, ACCEPT_HELP, flag_values=values)
