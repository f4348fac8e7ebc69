"""Flags that say what a sweep is; needs only absl, for any interpreter."""

from absl import flags


def define_flags() -> None:
  """What varies, where results go, and how many at a time."""
  flags.DEFINE_string('seeds', '0:3', "FIRST:END, END left out; or '0,3,7'")
  flags.DEFINE_multi_string(
    'sweep', [], "'NAME=[VALUE, ...]', a gin binding; several are combined"
  )
  flags.DEFINE_multi_string(
    'scale_file', [], 'a gin file that every unit gets after its own'
  )
  flags.DEFINE_multi_string('gin_bindings', [], 'handed to each unit')
  flags.DEFINE_string('demos', None, 'handed to each unit')
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
