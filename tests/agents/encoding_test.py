"""Agents that encode observations: networks, copies of them, and cloning."""

import functools

import gin
import numpy as np
import pytest
import tensorflow as tf

from tfirl.agents import bc, sac, td3_bc
from tfirl.types import Transition

OBS, A = 4, 2
DEMOS = np.random.default_rng(0).uniform(0, 20, (400, OBS)).astype(np.float32)
_GAME = {
  'make_optimizer': tf.keras.optimizers.legacy.Adam,
  'gamma': 0.9,
  'tau': 0.05,
}
AGENTS = {
  'sac': functools.partial(sac.SacAgent, **_GAME),
  'td3_bc': functools.partial(td3_bc.Td3BcAgent, **_GAME),
  'bc': bc.BcAgent,
}
all_agents = pytest.mark.parametrize('name', AGENTS)
games = pytest.mark.parametrize('name', ['sac', 'td3_bc'])


@pytest.fixture(params=[0, 2], ids=['standardized', 'with waves'])
def num_frequencies(request):
  """K of agents that also standardise: without it, shapes do not tell."""
  gin.bind_parameter('make_encoding.standardize', True)
  gin.bind_parameter('make_encoding.num_frequencies', request.param)
  return request.param


def make_agent(name):
  """Its weights, and its targets', are random numbers of their own."""
  agent = AGENTS[name](OBS, A, DEMOS, learning_rate=3e-3, hidden=(16, 8))
  rng = np.random.default_rng(1)
  for variable in agent.variables:
    if 'kernel' in variable.name or 'bias' in variable.name:
      variable.assign(rng.normal(0, 0.4, variable.shape))
  return agent


def encoded(observation, num_frequencies):
  """All four numbers are positions."""
  z = (observation - DEMOS.mean(0, dtype=float)) / DEMOS.std(0, dtype=float)
  k = np.arange(1, num_frequencies + 1)
  angles = (np.pi / 2 * z[:, :, np.newaxis] * k).reshape(len(z), -1)
  return np.concatenate([z, np.sin(angles), np.cos(angles)], 1)


def mlp(network, x):
  values = [np.float64(variable.numpy()) for variable in network.variables]
  layers = list(zip(values[::2], values[1::2], strict=True))
  for kernel, bias in layers[:-1]:
    x = np.maximum(x @ kernel + bias, 0)
  kernel, bias = layers[-1]
  return x @ kernel + bias


@all_agents
def test_the_policy_is_the_actor_of_encoded_observations(
  name, num_frequencies, make_rows
):
  agent = make_agent(name)
  observation = 10 + 8 * make_rows(30, 1).observation
  actor = agent.cloning_network if name == 'bc' else agent._actor_network
  head = mlp(actor, encoded(observation, num_frequencies))
  expected = np.tanh(head[:, :A])
  assert expected.std(0).min() > 0.03
  time_step = tf.ones([30], tf.int32)
  found, _ = actor(observation, step_type=time_step, network_state=())
  found = found.mode() if name == 'sac' else found
  np.testing.assert_allclose(found, expected, atol=1e-4)
  policy = agent.mlp_policy()
  np.testing.assert_allclose(policy(observation), expected, atol=1e-4)
  np.testing.assert_allclose(policy(observation[3]), expected[3], atol=1e-4)
  assert policy.observation_size == OBS


@games
@pytest.mark.parametrize('k', [1, 2])
def test_critics_and_their_targets_value_encoded_observations(
  name, num_frequencies, k, make_rows
):
  """TF-Agents copies networks: a copy might see what the first does not."""
  agent = make_agent(name)
  rows = make_rows(30, 1)
  observation = 10 + 8 * rows.observation
  critic = getattr(agent, f'_critic_network_{k}')
  target = getattr(agent, f'_target_critic_network_{k}')
  inputs = encoded(observation, num_frequencies), rows.action
  for network in (critic, target):
    expected = mlp(network, np.concatenate(inputs, 1))[:, 0]
    assert expected.std() > 0.1
    found, _ = network((observation, rows.action))
    np.testing.assert_allclose(found, expected, atol=1e-4)
  values = critic((observation, rows.action))[0].numpy()
  before = target((observation, rows.action))[0].numpy()
  assert np.abs(values - before).max() > 0.1
  agent.initialize()
  after = target((observation, rows.action))[0].numpy()
  np.testing.assert_array_equal(after, values)


def test_the_target_of_an_actor_equals_it_once_initialized(
  num_frequencies, make_rows
):
  agent = make_agent('td3_bc')
  observation = 10 + 8 * make_rows(30, 1).observation
  target = agent._target_actor_network
  head = mlp(target, encoded(observation, num_frequencies))
  np.testing.assert_allclose(target(observation)[0], np.tanh(head), atol=1e-4)
  actions = agent.mlp_policy()(observation)
  assert np.abs(target(observation)[0] - actions).max() > 0.1
  agent.initialize()
  np.testing.assert_allclose(target(observation)[0], actions, atol=1e-5)


def _cloning_error(name, num_frequencies):
  """Mean squared, on unseen rows, of a policy that turns 7 times in 20 m."""
  tf.keras.utils.set_random_seed(0)
  gin.bind_parameter('make_encoding.standardize', True)
  gin.bind_parameter('make_encoding.num_frequencies', num_frequencies)
  agent = AGENTS[name](OBS, A, DEMOS, learning_rate=3e-3, hidden=(32, 32))
  gin.clear_config()

  def make_rows(observation):
    turn = np.tanh(5 * np.sin(2 * np.pi * observation[:, :1] / 5.7))
    action = np.float32(0.8) * np.concatenate([turn, -turn], 1)
    return Transition(
      observation, action, np.ones(len(action), 'f'), observation
    )

  step = (
    agent.clone
    if name != 'bc'
    else lambda rows: agent.train(bc.as_trajectory(rows)).loss
  )
  step, rows = tf.function(step), make_rows(DEMOS)
  for _ in range(300):
    step(Transition(*map(tf.constant, rows)))
  rng = np.random.default_rng(2)
  unseen = make_rows(rng.uniform(0, 20, (500, OBS)).astype(np.float32))
  error = agent.mlp_policy()(unseen.observation) - unseen.action
  return (error**2).mean()


@all_agents
def test_waves_clone_sharp_turns_that_coordinates_do_not(name):
  """By the same network in the same steps; never turning errs by 0.5."""
  plain, waves = (_cloning_error(name, k) for k in (0, 6))
  assert waves < 0.12 < 0.5 < plain
