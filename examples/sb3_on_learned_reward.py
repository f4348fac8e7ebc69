"""Stable-Baselines3's SAC on the reward that a tfirl run learned.

In an environment of its own, without TensorFlow:

  python -m venv sb3
  sb3/bin/pip install stable-baselines3 'gymnasium[mujoco]'
  sb3/bin/pip install --no-deps CHECKOUT   # or a copy of learned_reward.py
  sb3/bin/python sb3_on_learned_reward.py runs/hopper/hype/0/cost.npz

Prints what the policy returns by the learned and by the task's own reward; the
latter it never saw. OUT_curve/evaluations.npz has what it returned by that on
the way: `timesteps` [K], `results` [K, 5].
"""

import argparse

import gymnasium
from stable_baselines3 import SAC
from stable_baselines3.common import callbacks, evaluation, monitor

from tfirl.costs.learned_reward import LearnedReward, LearnedRewardWrapper


def main() -> None:
  """Trains on the one reward, evaluates by both."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('cost', help='cost.npz of a run')
  parser.add_argument('--steps', type=int, default=100_000, help='(100,000)')
  parser.add_argument('--seed', type=int, default=0, help='(0)')
  parser.add_argument('--out', default='sb3_policy', help='(sb3_policy)')
  args = parser.parse_args()
  task = LearnedReward(args.cost).metadata
  kwargs = {'max_episode_steps': task.get('max_episode_steps')}
  kwargs |= task['env_kwargs']
  env, judge_env = (gymnasium.make(task['env_id'], **kwargs) for _ in range(2))
  learned = LearnedRewardWrapper(env, args.cost)
  model = SAC('MlpPolicy', learned, seed=args.seed, verbose=1)
  curve = callbacks.EvalCallback(
    monitor.Monitor(judge_env),
    eval_freq=max(1, args.steps // 20),
    log_path=f'{args.out}_curve',
    verbose=0,
  )
  model.learn(args.steps, callback=curve)
  model.save(args.out)
  for name, judge in (('learned', learned), ("the task's", env)):
    mean, std = evaluation.evaluate_policy(model, monitor.Monitor(judge))
    print(f'return by {name} reward: {mean:.1f} +- {std:.1f}')


if __name__ == '__main__':
  main()
