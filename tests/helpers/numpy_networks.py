"""An agent's networks in NumPy, for the tests that recompute its losses."""

import numpy as np

_NETWORKS = ('_actor_network', '_critic_network_1', '_critic_network_2')


def networks(agent):
  """Actor, both critics, and the targets of those that have one."""
  names = [*_NETWORKS, *(f'_target{name}' for name in _NETWORKS)]
  return [getattr(agent, name) for name in names if hasattr(agent, name)]


def randomize(agent, seed=0):
  """Gives every network, targets too, weights of its own."""
  rng = np.random.default_rng(seed)
  for network in networks(agent):
    for variable in network.variables:
      variable.assign(rng.normal(0, 0.4, variable.shape))


def layers_of(network):
  """Kernels and biases in turn, float64."""
  return [v.numpy().astype(np.float64) for v in network.variables]


def weights_of(agent):
  """Those of each of its networks."""
  return [layers_of(network) for network in networks(agent)]


def mlp(layers, x):
  """The last layer's sums on rows `x`, of `layers_of`; ReLU before it."""
  *hidden, (kernel, bias) = zip(layers[::2], layers[1::2], strict=True)
  for inner_kernel, inner_bias in hidden:
    x = np.maximum(x @ inner_kernel + inner_bias, 0)
  return x @ kernel + bias


def act(layers, observation, noise):
  """SAC's action [B, A] by unit `noise`, and its log density [B]."""
  mean, log_std = np.split(mlp(layers, observation), 2, axis=1)
  log_std = np.clip(log_std, -20, 2)
  action = np.tanh(mean + np.exp(log_std) * noise)
  log_normal = -0.5 * noise**2 - log_std - 0.5 * np.log(2 * np.pi)
  return action, (log_normal - np.log(1 - action**2)).sum(1)
