"""`tfirl demos collect|show|convert`."""

from collections.abc import Sequence

from tfirl.cli import arguments
from tfirl.config import flag_help
from tfirl.demos import flags as demo_flags

_HELP = f"""usage: {{name}} collect|show|convert ...

  collect   rolls a policy out: {{name}} collect --task=hopper --out=my.npz
  show      says what a source holds: {{name}} show my.npz minari:ID
  convert   writes a source anew: {{name}} convert minari:ID my.hdf5

A source is
{demo_flags.SOURCES}."""


def main(argv: Sequence[str], name: str) -> int | None:
  """The programs on demonstrations; raises ValueError for any other word."""
  programs = {'collect': _collect, 'show': _show, 'convert': _convert}
  if not argv or argv[0] in ('-h', '--help'):
    print(_HELP.format(name=name))
    return 0
  if argv[0] not in programs:
    raise ValueError(f'found {argv[0]!r}; expected {", ".join(programs)}')
  return programs[argv[0]](argv[1:], f'{name} {argv[0]}')


def _collect(argv: Sequence[str], name: str) -> None:
  usage = f'{name} --task=TASK --out=OUT\n\n{demo_flags.COLLECT_USAGE}'
  given, rest = flag_help.parse(demo_flags.define_collect, usage, [name, *argv])
  if rest:
    raise ValueError(f'unexpected arguments {rest}; expected only flags')
  from tfirl.demos import collect

  collect.main(given)


def _show(argv: Sequence[str], name: str) -> None:
  usage = f'{name} {demo_flags.SHOW_USAGE}'
  given, sources = flag_help.parse(demo_flags.define_show, usage, [name, *argv])
  if not sources:
    raise ValueError(f'found no source; expected {name} SOURCE...')
  from tfirl.demos import summary

  summary.show_as_told(sources, given)


def _convert(argv: Sequence[str], name: str) -> None:
  parser = arguments.make_parser(
    name, 'Writes demonstrations of any source into a file.'
  )
  add = parser.add_argument
  add('source', metavar='IN', help=demo_flags.SOURCES)
  add('out', metavar='OUT', help="FILE.npz, or FILE.hdf5 in D4RL's layout")
  add(
    '--env_id',
    default='',
    help='of a D4RL file without time-outs: its episode length; of the range',
  )
  add(
    '--keys',
    metavar='OURS=THEIRS,...',
    action='append',
    default=[],
    help=demo_flags.KEYS_HELP,
  )
  add(
    '--clip_actions',
    action='store_true',
    help="actions to the range of --env_id's environment; how many is said",
  )
  add('--accept_demos', action='store_true', help=demo_flags.ACCEPT_HELP)
  args = parser.parse_args(argv)
  from tfirl.demos import convert
  from tfirl.demos.formats.foreign import keyed

  raw = convert.convert(
    args.source,
    args.out,
    args.env_id,
    keyed.parse_keys(args.keys),
    args.clip_actions,
    args.accept_demos,
  )
  print(
    f'{args.out}: {len(raw.episode_ends)} episodes, '
    f'{raw.episode_ends[-1]} transitions, of {raw.source}'
  )
