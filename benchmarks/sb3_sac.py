"""The peers: SAC, or TD3, of Stable-Baselines3 or SBX (JAX), at tfirl's sizes.

Prints JSON. Runs in an environment of its own (see --sb3_python and
--sbx_python of the other benchmarks), which has no tfirl and no absl. SBX has
the interface of Stable-Baselines3.
"""

import argparse
import importlib
import json
import os
import time

import gymnasium
import torch
from stable_baselines3.common import callbacks

_ROUND = 64  # environment steps, and gradient steps, of a round
_SETTINGS = {
  'sac': {'learning_rate': 7.3e-4, 'gamma': 0.98, 'tau': 0.02},
  'td3': {
    'learning_rate': 3e-4,
    'gamma': 0.99,
    'tau': 0.005,
    'policy_delay': 2,
    'target_policy_noise': 0.2,
    'target_noise_clip': 0.5,
  },
}


class _RoundTimes(callbacks.BaseCallback):
  """Notes the time at the start of every round."""

  def __init__(self):
    super().__init__()
    self.times_s = []

  def _on_rollout_start(self):
    self.times_s.append(time.perf_counter())

  def _on_step(self):
    return True


def make_agent(env, args, learning_starts):
  """The library's agent with the settings of gin_configs/agents for it."""
  library = importlib.import_module(args.library)
  return getattr(library, args.agent.upper())(
    'MlpPolicy',
    env,
    batch_size=args.batch,
    train_freq=_ROUND,
    gradient_steps=_ROUND,
    learning_starts=learning_starts,
    policy_kwargs={'net_arch': [args.hidden, args.hidden]},
    seed=0,
    device='cpu',
    **_SETTINGS[args.agent],
  )


def updates_per_s(env, args):
  """Updates alone, batches drawn from the library's own replay buffer."""
  num_rows = 4096
  agent = make_agent(env, args, learning_starts=num_rows + 1)
  agent.learn(num_rows)  # random actions fill the buffer; no update yet
  for _ in range(2):  # SBX compiles
    agent.train(_ROUND, args.batch)
  start = time.perf_counter()
  for _ in range(args.rounds):
    agent.train(_ROUND, args.batch)
  seconds = time.perf_counter() - start
  return {'updates_per_s': args.rounds * _ROUND / seconds}


def env_steps_per_s(env, args):
  """The loop of `learn`: environment, replay, updates; no cost, no mixing."""
  learning_starts = 10 * _ROUND
  warmup = learning_starts // _ROUND + 2  # rounds before the first timed one
  times = _RoundTimes()
  make_agent(env, args, learning_starts).learn(
    (warmup + args.rounds + 1) * _ROUND, callback=times
  )
  timed = times.times_s[warmup : warmup + args.rounds + 1]
  steps = (len(timed) - 1) * _ROUND
  return {'env_steps_per_s': steps / (timed[-1] - timed[0])}


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--measure', choices=['updates', 'loop'], required=True)
  parser.add_argument(
    '--library', choices=['stable_baselines3', 'sbx'], required=True
  )
  parser.add_argument('--agent', choices=_SETTINGS, default='sac')
  parser.add_argument('--env', default='Hopper-v5')
  parser.add_argument('--batch', type=int, default=256)
  parser.add_argument('--hidden', type=int, default=256)
  parser.add_argument('--rounds', type=int, default=30)
  args = parser.parse_args()
  if 'OMP_NUM_THREADS' in os.environ:  # --threads was given, for all peers
    num_threads = int(os.environ['OMP_NUM_THREADS'])
    torch.set_num_threads(num_threads)
    # JAX takes a thread for each core that it may use, and has no other option.
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:num_threads])
  env = gymnasium.make(args.env)
  run = updates_per_s if args.measure == 'updates' else env_steps_per_s
  print(json.dumps(run(env, args)))


if __name__ == '__main__':
  main()
