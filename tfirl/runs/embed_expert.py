"""Makes the policy of an `expert` run the embedded expert of its task.

  python -m tfirl.runs.embed_expert runs/hopper/expert/0

Writes tfirl/demos/experts/weights/TASK.npz: float32 weights of the mean action,
and how they were made, with the return of seeded episodes without trembling.
--out=FILE.npz writes them there instead.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

from tfirl import acting, tasks
from tfirl.agents import export
from tfirl.config import gin_bindings
from tfirl.demos.experts import embedded
from tfirl.evaluation import evaluate as evaluation


def read_weights(folder: Path) -> acting.MlpPolicy:
  """The weights of an exported policy (see `agents.export`).

  Raises: ValueError if it is more than its layers: encodes its observations.
  """
  model = export.load_model(folder)
  layers = export.layers_of(model)
  # The exported head holds means and log standard deviations.
  policy = acting.MlpPolicy(layers, num_actions=len(layers[-1][1]) // 2)
  if not _is_the_same(policy, model):
    raise ValueError(
      f'{folder}: found a policy that is not its layers alone; expected one of '
      'SAC, with make_encoding off'
    )
  return policy


def _is_the_same(policy: acting.MlpPolicy, model) -> bool:
  """Whether both act alike; an encoding is in the graph of `model` only."""
  spec = model.action.concrete_functions[0].structured_input_signature[0][0]
  if spec.shape[1] != policy.observation_size:
    return False
  shape = 32, policy.observation_size
  observations = np.random.default_rng(0).normal(size=shape).astype(np.float32)
  found, expected = policy(observations), model.action(observations).numpy()
  return found.shape == expected.shape and np.allclose(
    found, expected, rtol=1e-3, atol=1e-5
  )


def env_steps(run: Path, policy: str) -> int:
  """After how many env steps `policy` was exported, from metrics.csv.

  best_policy is of the first evaluation with the best mean return; any other
  is taken to be of the last one.
  """
  with open(run / 'metrics.csv', newline='') as file:
    rows = list(csv.DictReader(file))
  if not rows:
    raise ValueError(f'{run / "metrics.csv"}: found no rows; expected some')
  row = rows[-1]
  if policy == 'best_policy':
    row = max(rows, key=lambda row: float(row['eval_return_mean']))
  return int(row['env_steps'])


def _command(argv: list[str]) -> str:
  """What was launched, without the place of the program and the results."""
  flags = [flag for flag in argv[1:] if not flag.startswith('--root_dir')]
  return ' '.join(['python -m tfirl.launch', *flags])


def main(argv: list[str] | None = None) -> None:
  """Evaluates the policy, writes it, and prints what was written."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('run', type=Path, help='ROOT/TASK/expert/SEED')
  parser.add_argument('--policy', default='best_policy', help='or policy')
  parser.add_argument('--episodes', type=int, default=20)
  parser.add_argument('--seed', type=int, default=0)
  parser.add_argument('--out', help='FILE.npz; by default the one that ships')
  args = parser.parse_args(argv)
  policy = read_weights(args.run / args.policy)
  gin_bindings.parse([str(args.run / 'config.gin')])
  task = tasks.make_task()
  env = task.make_env(args.seed, trembles=False)
  stats = evaluation.evaluate(env, policy, args.episodes, args.seed)
  launches = json.loads((args.run / 'metadata.json').read_text())['launches']
  metadata = {
    'task': task.name,
    'env_id': env.env_id,
    'env_kwargs': env.env_kwargs,
    'command': _command(launches[0]['command']),
    'git_commit': launches[0]['git_commit'],
    'versions': launches[0]['versions'],
    'env_steps': env_steps(args.run, args.policy),
    'return_mean': float(np.mean(stats.returns)),
    'return_std': float(np.std(stats.returns)),
    'length_mean': float(np.mean(stats.lengths)),
    'episodes': args.episodes,
    'seed': args.seed,
  }
  path = embedded.write(args.out or task.name, policy, metadata)
  print(f'{path}: {Path(path).stat().st_size} bytes')
  print(json.dumps(metadata, indent=2))


if __name__ == '__main__':
  main()
