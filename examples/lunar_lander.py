"""A task that tfirl does not ship, by a method as it is: Box2D's lander.

  pip install box2d
  python lunar_lander.py --method hype --seed 100

The demonstrations are landings of Gymnasium's own heuristic for it. Prints
what the policy returns beside them; the run's folder holds the curve.
"""

import argparse
import functools
import pathlib

import gymnasium
from gymnasium.envs.box2d import lunar_lander

import tfirl
from tfirl.demos.recorder import record


def main() -> None:
  """Records once, trains, or goes on, and evaluates."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--method', default='hype', help='(hype)')
  parser.add_argument('--seed', type=int, default=0, help='(0)')
  parser.add_argument('--num_demos', type=int, default=10, help='landings (10)')
  parser.add_argument('--real_steps', type=int, default=50_000, help='(50,000)')
  parser.add_argument(
    '--clone_weight', type=float, help='holds the game to its clone'
  )
  parser.add_argument('--root_dir', default='runs', help='(runs)')
  args = parser.parse_args()
  env = gymnasium.make('LunarLander-v3', continuous=True)
  path = pathlib.Path(args.root_dir, 'lunar_lander.npz')
  if not path.exists():
    path.parent.mkdir(parents=True, exist_ok=True)
    landings = max(10, args.num_demos)
    act = functools.partial(lunar_lander.heuristic, env)
    record(env, act, landings, str(path))
  task = tfirl.Task(
    'lunar_lander', env_id='LunarLander-v3', env_kwargs={'continuous': True}
  )
  demos = tfirl.load_demonstrations(path, task)
  budget = {} if args.method == 'bc' else {'real_steps': args.real_steps}
  bindings = []
  if args.clone_weight is not None:
    bindings = [f'tfirl.SacAgent.clone_weight = {args.clone_weight}']
  run = tfirl.imitate(
    args.method,
    task,
    demos,
    seed=args.seed,
    num_demos=args.num_demos,
    root_dir=args.root_dir,
    bindings=bindings,
    **budget,
  )
  returns = run.evaluate(episodes=100).returns
  print(f'{args.method}: {returns.mean():.1f} +- {returns.std():.1f}')
  used = demos.episode_returns[: args.num_demos]
  print(f'demonstrations: {used.mean():.1f}')


if __name__ == '__main__':
  main()
