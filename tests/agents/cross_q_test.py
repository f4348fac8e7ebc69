"""CrossQ's losses recomputed in NumPy, and what its updates move."""

import numpy as np
import pytest
import tensorflow as tf
from numpy_networks import act, layers_of

from tfirl.agents import cross_q, relabeling
from tfirl.algorithms.parts import rounds
from tfirl.types import Transition

OBS, A, B = 4, 2, 32
GAMMA, ALPHA, EPSILON, MOMENTUM = 0.9, 0.3, 1e-3, 0.99
SGD = tf.keras.optimizers.legacy.SGD


def make_agent(learning_rate=0.0, **settings):
  return cross_q.CrossQAgent(
    OBS,
    A,
    **{
      'make_optimizer': SGD,
      'learning_rate': learning_rate,
      'gamma': GAMMA,
      'tau': 0.005,
      'hidden': (16, 8),
      'fixed_alpha': ALPHA,
      **settings,
    },
  )


def randomized(agent):
  """Gives every network numbers of its own, variances positive ones."""
  rng = np.random.default_rng(0)
  for network in networks(agent):
    for variable in network.variables:
      spread = rng.normal(0, 0.4, variable.shape)
      is_scale = 'gamma' in variable.name or 'variance' in variable.name
      variable.assign(np.abs(1 + spread) if is_scale else spread)
  return agent


def networks(agent):
  return agent._actor_network, agent._critic_network_1, agent._critic_network_2


def q_of(critic, observation, action, training):
  """Q(s, a) [N], and the moments of each layer's input."""
  values = {v.name.split(':')[0]: v.numpy() for v in critic.variables}
  norms = [name[:-6] for name in values if name.endswith('/gamma')]
  denses = [name[:-7] for name in values if name.endswith('/kernel')]
  x, moments = np.concatenate([observation, action], 1, dtype=np.float64), []
  for i, (norm, dense) in enumerate(zip(norms, denses, strict=True)):
    if i:
      x = np.maximum(x, 0)
    mean, variance = (
      values[f'{norm}/moving_{name}'] for name in ('mean', 'variance')
    )
    if training:
      moments.append((x.mean(0), x.var(0), mean, variance))
      mean, variance = x.mean(0), x.var(0)
    x = (x - mean) / np.sqrt(variance + EPSILON)
    x = values[f'{norm}/gamma'] * x + values[f'{norm}/beta']
    x = x @ values[f'{dense}/kernel'] + values[f'{dense}/bias']
  return x[:, 0], moments


def numpy_losses(agent, rows, reward, noise):
  """Critic loss and actor loss, and what q_of tells of the first critic."""
  actor, *critics = networks(agent)
  next_action, log_pi = act(
    layers_of(actor), rows.next_observation, noise.of_actions(0, B)
  )
  both = (
    np.concatenate([rows.observation, rows.next_observation]),
    np.concatenate([rows.action, next_action]),
  )
  (first, moments), (second, _) = (
    q_of(critic, *both, training=True) for critic in critics
  )
  worth = np.minimum(first[B:], second[B:]) - ALPHA * log_pi
  target = reward + GAMMA * rows.discount * worth
  errors = (first[:B] - target) ** 2 + (second[:B] - target) ** 2
  return 0.5 * errors.mean(), moments


def numpy_actor_loss(agent, rows, noise):
  """By the running moments as they are, after the critics' update."""
  actor, *critics = networks(agent)
  action, log_pi = act(
    layers_of(actor), rows.observation, noise.of_actions(1, B)
  )
  q = np.minimum(
    *(
      q_of(critic, rows.observation, action, training=False)[0]
      for critic in critics
    )
  )
  return (ALPHA * log_pi - q).mean()


def test_losses_equal_numpy(train, noise, make_rows):
  agent = randomized(make_agent())
  rows, reward = make_rows(B, 1), np.linspace(-2, 3, B)
  expected, moments = numpy_losses(agent, rows, reward, noise)
  noise.restart()
  found = train(agent, rows, reward)
  np.testing.assert_allclose(found.critic_loss, expected, rtol=1e-4)
  values = {v.name: v.numpy() for v in agent._critic_network_1.variables}
  for kind, batch, before in (('mean', 0, 2), ('variance', 1, 3)):
    running = [v for name, v in values.items() if f'moving_{kind}' in name]
    for found_value, layer in zip(running, moments, strict=True):
      moved = MOMENTUM * layer[before] + (1 - MOMENTUM) * layer[batch]
      np.testing.assert_allclose(found_value, moved, rtol=1e-4, atol=1e-5)
  np.testing.assert_allclose(
    found.actor_loss, numpy_actor_loss(agent, rows, noise), rtol=1e-4
  )


def test_targets_are_the_critics_own(train, noise, make_rows):
  losses = []
  for weight in (0.0, 5.0):
    agent = randomized(make_agent())
    for target in (
      agent._target_critic_network_1,
      agent._target_critic_network_2,
    ):
      for variable in target.variables:
        variable.assign(tf.fill(variable.shape, weight))
    noise.restart()
    losses.append(float(train(agent, make_rows(B, 1), np.ones(B)).critic_loss))
  assert losses[0] == losses[1]


@pytest.mark.parametrize('policy_delay', [1, 3])
def test_the_actor_moves_at_one_update_in_so_many(make_rows, policy_delay):
  """In a graph as by hand; what the actor last told is told again."""
  agent = make_agent(1e-3, policy_delay=policy_delay, fixed_alpha=None)

  def step(rows, reward):
    return agent.named_losses(
      agent.train(relabeling.as_experience(rows, reward))
    )

  compiled, moved, losses = rounds.Rounds(step, 1, False), [], []
  rows = Transition(*map(tf.constant, make_rows(B, 1)))
  for _ in range(6):
    before = [layers_of(network) for network in networks(agent)]
    losses.append(float(compiled.run(rows, tf.ones(B))['actor_loss']))
    after = [layers_of(network) for network in networks(agent)]
    moved.append(
      [
        any((a != b).any() for a, b in zip(old, new, strict=True))
        for old, new in zip(before, after, strict=True)
      ]
    )
  actors, *critics = zip(*moved, strict=True)
  assert list(actors) == [i % policy_delay == 0 for i in range(6)]
  assert all(map(all, critics))
  assert len(set(losses)) == 6 // policy_delay
  assert compiled.num_traces == 1


def test_critics_alone_take_the_same_step(train, noise, make_rows):
  agent = make_agent(0.1, policy_delay=2)
  critic, moved = agent._critic_network_1, []
  for count in range(2):  # all learn, then the critics alone
    randomized(agent)
    agent.train_step_counter.assign(count)
    before = critic.trainable_variables[-1].numpy()
    noise.restart()
    train(agent, make_rows(B, 1), np.ones(B))
    moved.append(critic.trainable_variables[-1].numpy() - before)
  assert np.abs(moved[0]).max() > 1e-3
  np.testing.assert_allclose(*moved, rtol=1e-4)


def test_the_average_follows_at_every_update(train, make_rows):
  """Of a weight that moved from 0 to 1 once, in three updates."""
  agent = make_agent(policy_delay=3, use_ema=True, ema_decay=0.5)
  (mean, weight), *_ = agent._averaged_weights()
  mean.assign(tf.zeros_like(mean))
  weight.assign(tf.ones_like(weight))
  for _ in range(3):
    train(agent, make_rows(B, 1), np.ones(B))
  np.testing.assert_allclose(mean, 1 - 0.5**3 * np.ones(mean.shape))


def test_learns_what_an_action_is_worth(make_rows):
  """A bandit, whose reward is -|a - .5|^2: both sides find it."""
  agent = make_agent(
    1e-3,
    make_optimizer=tf.keras.optimizers.legacy.Adam,
    hidden=(64, 64),
    fixed_alpha=0.05,
  )
  rng = np.random.default_rng(0)

  def step(rows, reward):
    return agent.named_losses(
      agent.train(relabeling.as_experience(rows, reward))
    )

  compiled = rounds.Rounds(step, 900, False)
  rows = make_rows(900 * B, 1)._replace(discount=np.zeros(900 * B, np.float32))
  rows = rows._replace(
    action=rng.uniform(-1, 1, rows.action.shape).astype(np.float32)
  )
  reward = -((rows.action - 0.5) ** 2).sum(1)
  compiled.run(Transition(*map(tf.constant, rows)), tf.constant(reward))
  action = agent.mlp_policy()(rows.observation[:500])
  assert np.abs(action - 0.5).mean() < 0.2  # .05 to .12 of ten seeds
  values = agent.values(rows.observation[:500], rows.action[:500]).numpy()
  assert np.corrcoef(values, reward[:500])[0, 1] > 0.95


def test_a_normalised_layer_is_not_normalised_twice():
  with pytest.raises(ValueError, match='critic_layer_norm is True; exp'):
    make_agent(critic_layer_norm=True)
