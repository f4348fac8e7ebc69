"""`tfirl train`: the program of `python -m tfirl.launch`."""

import argparse
from collections.abc import Sequence

from tfirl.cli import arguments
from tfirl.config import argument_types


def main(argv: Sequence[str], name: str) -> None:
  """Trains; exits with 1 and one line after a user's error."""
  args = _make_parser(name).parse_args(argv)
  from tfirl.config import demo_bindings, gin_files

  files = [arguments.gin_file(file) for file in (args.name, *args.gin_file)]
  for file in files:
    gin_files.find_file(file)  # not after seconds of TensorFlow
  from tfirl.runs import launch

  launch.run(
    files,
    demo_bindings.accepting(args.binding, args.accept_demos),
    args.root_dir,
    args.seed,
    args.demos,
    args.num_demos,
    args.allow_changes,
    args.reverb_interface,
    args.ray_address,
  )


def _make_parser(name: str) -> argparse.ArgumentParser:
  parser = arguments.make_parser(
    name, 'Trains a policy. The same command again resumes.'
  )
  parser.usage = '%(prog)s NAME [OPTION ...]'
  add = parser.add_argument
  add('name', metavar='NAME', help='of `tfirl list`, or a gin file')
  seed = argument_types.seed
  add('--seed', metavar='N', type=seed, default=0, help='of everything (0)')
  add(
    '-b',
    '--binding',
    action='append',
    default=[],
    help="a line of gin, such as 'run.real_steps = 20000'; repeatable",
  )
  add(
    '--demos',
    metavar='SRC',
    help='FILE.npz, .hdf5 or .csv, d4rl:NAME, minari:ID; not the embedded ones',
  )
  add(
    '--accept_demos',
    action='store_true',
    help='go on where they contradict themselves or the environment',
  )
  add(
    '--num_demos',
    metavar='K',
    type=argument_types.count,
    help='use the first so many demonstrated episodes',
  )
  add(
    '--root_dir',
    metavar='DIR',
    default='runs',
    help='results go to DIR/TASK/METHOD[-nK]/SEED (runs)',
  )
  add(
    '--gin_file',
    metavar='EXTRA',
    action='append',
    default=[],
    help='a gin file that is laid over it; repeatable',
  )
  add(
    '--allow_changes',
    action='store_true',
    help='go on though bindings have changed',
  )
  add(
    '--ray_address',
    metavar='H:P',
    help='the Ray cluster whose run.num_actors act (this machine)',
  )
  add(
    '--reverb_interface',
    metavar='IF',
    default='lo',
    help='lets Reverb be reached by it too: eth0, or any (lo)',
  )
  return parser
