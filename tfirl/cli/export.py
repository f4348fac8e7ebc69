"""`tfirl export`: what a run learned, for other programs."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tfirl.cli import arguments


def main(argv: Sequence[str], name: str) -> None:
  """Writes it and says where; raises what `runs.leaving.export` raises."""
  args = _make_parser(name).parse_args(argv)
  from tfirl.runs import leaving

  print(leaving.export(args.run, args.what, args.format, args.out))


def _make_parser(name: str) -> argparse.ArgumentParser:
  parser = arguments.make_parser(
    name,
    "What a run learned, for other programs; actions are in the environment's "
    'own units.',
  )
  add = parser.add_argument
  add('run', metavar='RUN', type=Path, help='ROOT/TASK/METHOD/SEED')
  add(
    '--what',
    choices=('policy', 'cost'),
    default='policy',
    help='the policy, or the learned reward (policy)',
  )
  add(
    '--format',
    choices=('saved_model', 'npz', 'tflite', 'onnx'),
    default='saved_model',
    help='tflite and onnx are of a policy (saved_model)',
  )
  add('--out', metavar='PATH', default='', help='RUN/policy.FORMAT, say')
  return parser
