"""The peer: mbrl-lib's ModelTrainer and ModelEnv at tfirl's sizes. Prints JSON.

Runs in an environment of its own (see --mbrl_python of the other benchmarks),
which has no tfirl and no absl.
"""

import argparse
import json
import os
import time
import types

import numpy as np
import torch
from mbrl import models
from mbrl.env import termination_fns
from mbrl.util import common, replay_buffer

_MEMBERS, _ELITES, _BATCH = 7, 5, 256


def make_model(observation_size, action_size, args):
  """The ensemble as MBPO configures it, and its trainer."""
  network = models.GaussianMLP(
    observation_size + action_size,
    observation_size,
    'cpu',
    num_layers=4,
    ensemble_size=_MEMBERS,
    hid_size=args.hidden,
    propagation_method='random_model',
    learn_logvar_bounds=True,
    activation_fn_cfg={'_target_': 'torch.nn.SiLU'},
  )
  model = models.OneDTransitionRewardModel(
    network,
    target_is_delta=True,
    normalize=True,
    normalize_double_precision=True,
    learned_rewards=False,
    num_elites=_ELITES,
  )
  return model, models.ModelTrainer(model, 3e-4, weight_decay=5e-5)


def make_buffer(rows):
  """mbrl-lib's replay buffer, filled with `rows`."""
  observation = rows['observations']
  number = len(observation)
  buffer = replay_buffer.ReplayBuffer(
    number,
    observation.shape[1:],
    rows['actions'].shape[1:],
    rng=np.random.default_rng(0),
  )
  no = np.zeros(number, bool)
  buffer.add_batch(
    observation,
    rows['actions'],
    rows['next_observations'],
    np.zeros(number, np.float32),
    no,
    no,
  )
  return buffer


def fit(trainer, iterators, num_epochs):
  """Seconds of a fit: its epochs, and the hold-out before and after each."""
  start = time.perf_counter()
  trainer.train(*iterators, num_epochs=num_epochs, silent=True)
  return time.perf_counter() - start


def make_policy(observation_size, action_size, hidden=256):
  """A sampled tanh Gaussian with two hidden layers, as SAC's actor."""
  net = torch.nn.Sequential(
    torch.nn.Linear(observation_size, hidden),
    torch.nn.ReLU(),
    torch.nn.Linear(hidden, hidden),
    torch.nn.ReLU(),
    torch.nn.Linear(hidden, 2 * action_size),
  )

  def act(observation):
    with torch.no_grad():
      mean, log_std = net(torch.from_numpy(observation)).chunk(2, -1)
      std = torch.exp(log_std.clamp(-20, 2))
      return torch.tanh(mean + std * torch.randn_like(mean)).numpy()

  return act


def imagine(model_env, policy, starts, length, buffer):
  """MBPO's rollouts into `buffer`. Returns: transitions a second."""
  begin = time.perf_counter()
  state = model_env.reset(starts, return_as_np=True)
  observation, is_over = starts, np.zeros(len(starts), bool)
  written = 0
  for _ in range(length):
    action = policy(observation)
    successor, reward, done, state = model_env.step(action, state, sample=True)
    alive = ~is_over
    buffer.add_batch(
      observation[alive],
      action[alive],
      successor[alive],
      reward[alive, 0],
      done[alive, 0],
      np.zeros(np.count_nonzero(alive), bool),
    )
    written += np.count_nonzero(alive)
    observation = successor
    is_over |= done.squeeze()
  return written / (time.perf_counter() - begin)


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--measure', choices=['fit', 'imagine'], required=True)
  parser.add_argument('--rows', required=True)
  parser.add_argument('--hidden', type=int, default=200)
  parser.add_argument('--epochs', type=int, default=3)
  parser.add_argument('--length', type=int, default=5)
  args = parser.parse_args()
  if 'OMP_NUM_THREADS' in os.environ:  # --threads was given, for both peers
    torch.set_num_threads(int(os.environ['OMP_NUM_THREADS']))
  rows = dict(np.load(args.rows))
  starts, sizes = rows['observations'], [11, 3]
  model, trainer = make_model(*sizes, args)
  buffer = make_buffer(rows)
  model.update_normalizer(buffer.get_all())
  iterators = common.get_basic_buffer_iterators(
    buffer, _BATCH, 0.2, ensemble_size=_MEMBERS
  )
  first = fit(trainer, iterators, 1)
  if args.measure == 'fit':
    first = fit(trainer, iterators, 1)
    more = fit(trainer, iterators, 1 + args.epochs)
    seconds = (more - first) / args.epochs
    print(json.dumps({'epochs_per_minute': 60.0 / seconds}))
    return
  spaces = types.SimpleNamespace(observation_space=None, action_space=None)
  env = models.ModelEnv(
    spaces,
    model,
    termination_fns.hopper,
    reward_fn=lambda action, _: torch.zeros(len(action), 1),
  )
  policy = make_policy(*sizes)
  capacity = args.length * len(starts)
  imagined = replay_buffer.ReplayBuffer(capacity, starts.shape[1:], (3,))
  rates = [
    imagine(env, policy, starts, args.length, imagined) for _ in range(3)
  ]
  print(json.dumps({'transitions_per_s': sorted(rates)[1]}))


if __name__ == '__main__':
  main()
