"""Makes the policy of an `expert` run the embedded expert of its task.

  python -m tfirl.runs.embed_expert runs/hopper/expert/0

Writes tfirl/demos/experts/weights/TASK.npz: its mean action, as policy.npz, and
how it was made, with the return of seeded episodes without trembling.
--out=FILE.npz writes it there instead.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from tfirl import tasks
from tfirl.config import argument_types, gin_bindings
from tfirl.demos.experts import embedded
from tfirl.evaluation import evaluate as evaluation
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's names
from tfirl.storage import metadata_file, policy_file, run_files


def read(path: Path) -> tuple[policy_file.EnvPolicy, int]:
  """The policy that a run left, and after how many env steps it was evaluated.

  metrics.csv can't tell: after a kill it may have lost the row of best_policy.

  Raises: ValueError if it was not evaluated.
  """
  found = policy_file.load(path)
  evaluation = found.metadata['latest_evaluation']
  if not evaluation:
    raise ValueError(f'{path}: found no evaluation of it; expected one')
  return found, int(evaluation['env_steps'])


def _command(argv: list[str]) -> str:
  """What was launched, without the place of the program and the results."""
  is_cli = Path(argv[0]).name == 'tfirl'
  words = ['tfirl' if is_cli else 'python -m tfirl.launch']
  rest = iter(argv[1:])
  for word in rest:
    if word == '--root_dir':
      next(rest, None)
    elif not word.startswith('--root_dir='):
      words.append(word)
  return ' '.join(words)


def main(argv: list[str] | None = None) -> None:
  """`embed`, with errors of the user's in one line and exit code 1."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('run', type=Path, help='ROOT/TASK/expert/SEED')
  parser.add_argument('--policy', default='best_policy', help='or policy')
  parser.add_argument('--episodes', type=argument_types.count, default=20)
  parser.add_argument('--seed', type=argument_types.seed, default=0)
  parser.add_argument('--out', help='FILE.npz; by default the one that ships')
  try:
    embed(parser.parse_args(argv))
  except (OSError, ValueError) as error:
    raise SystemExit(f'error: {error}') from None


def embed(args: argparse.Namespace) -> None:
  """Evaluates the policy, writes it, and prints what was written.

  Args: the command line's: run, policy, episodes, seed and out.

  Raises:
    FileNotFoundError, ValueError: there is no such run, or its policy is none
      for an expert; or it can't be evaluated or written.
  """
  found, env_steps = read(args.run / f'{args.policy}.npz')
  policy = found.unit_policy.deterministic()
  gin_bindings.parse([str(args.run / run_files.CONFIG)])
  task = tasks.make_task()
  with task.make_env(args.seed, trembles=False) as env:
    stats = evaluation.evaluate(env, policy, args.episodes, args.seed)
  launches = metadata_file.read(args.run / metadata_file.NAME)['launches']
  metadata = {
    'task': task.name,
    'env_id': env.env_id,
    'env_kwargs': env.env_kwargs,
    'command': _command(launches[-1]['command']),
    'git_commit': launches[-1]['git_commit'],
    'versions': launches[-1]['versions'],
    'env_steps': env_steps,
    'return_mean': float(np.mean(stats.returns)),
    'return_std': float(np.std(stats.returns)),
    'length_mean': float(np.mean(stats.lengths)),
    'episodes': args.episodes,
    'seed': args.seed,
  }
  path = Path(args.out or embedded.weights_path(task.name))
  path.parent.mkdir(parents=True, exist_ok=True)
  expert = policy_file.make(policy, found.low, found.high, metadata)
  policy_file.save(expert, path)
  print(f'{path}: {path.stat().st_size} bytes')
  print(json.dumps(metadata, indent=2))


if __name__ == '__main__':
  main()
