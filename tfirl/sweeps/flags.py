"""Flags of a sweep; needs only absl, for any interpreter."""

from absl import flags

EXECUTORS = ('local', 'ray', 'none')
_USAGE = """{name}: gin files x values x seeds; the same command again resumes.
  --gin_file=hype_hopper.gin --gin_file=mm_hopper.gin --seeds=0:5
  --sweep='CostLearner.learning_rate=[8e-4,1e-3]' --max_parallel=2
"""


def usage(name: str) -> str:
  """What the help of the program `name` begins with."""
  return _USAGE.format(name=name)


def define_all() -> None:
  """Flags of a sweep of gin files, unless they are there already."""
  if 'gin_file' not in flags.FLAGS:
    define_flags()
    define_executors()
    define_gin_file()


def define_flags() -> None:
  """What varies, where results go, and how many at a time."""
  flags.DEFINE_string('seeds', '0:3', "FIRST:END, END left out; or '0,3,7'")
  flags.DEFINE_multi_string(
    'sweep', [], "'NAME=[VALUE, ...]', gin; several are combined"
  )
  flags.DEFINE_multi_string(
    'ablate',
    [],
    "'NAME = VALUE', gin: each unit also with this line alone changed",
  )
  flags.DEFINE_multi_string(
    'scale_file', [], 'a gin file that every unit gets after its own'
  )
  flags.DEFINE_multi_string('gin_bindings', [], 'handed to each unit')
  flags.DEFINE_string(
    'demos', None, 'handed to each unit', allow_overwrite=False
  )
  flags.DEFINE_integer(
    'num_demos', None, 'handed to each unit: how many demonstrated episodes'
  )
  flags.DEFINE_string('root_dir', 'runs', 'folder of the sweep')
  flags.DEFINE_integer(
    'max_parallel', 1, 'units at a time on this machine', lower_bound=1
  )
  flags.DEFINE_bool('fail_fast', False, 'the first failed unit stops the rest')
  flags.DEFINE_bool(
    'accept_code_change', False, 'go on with units that other code began'
  )


def define_gin_file() -> None:
  """The methods and tasks of a sweep that has no list of its own."""
  flags.DEFINE_multi_string(
    'gin_file', [], 'what to run; several files joined by commas are one'
  )


def define_executors() -> None:
  """Who runs a sweep, and how Ray does."""
  flags.DEFINE_enum('executor', 'local', EXECUTORS, 'who runs it; none queues')
  flags.DEFINE_bool('dry_run', False, 'only print the units')
  flags.DEFINE_bool(
    'write_xm_script', False, "only write XManager's script, to this folder"
  )
  flags.DEFINE_string(
    'ray_address', None, "ray: HOST:PORT; without it this machine's own"
  )
  flags.DEFINE_integer(
    'cpus_per_unit',
    1,
    'ray: cores a unit takes, and its threads',
    lower_bound=1,
  )
  flags.DEFINE_float(
    'gpus_per_unit', 0.0, 'ray: GPUs a unit takes', lower_bound=0
  )
  flags.DEFINE_integer(
    'max_retries', 3, 'ray: more tries of a unit', lower_bound=0
  )
  # 75: stopped; 137: killed, for its memory.
  flags.DEFINE_list(
    'retry_exit_codes', ['75', '137'], 'ray: try again after these too'
  )
