"""TD3+BC's losses and steps recomputed in NumPy from the networks' weights."""

import numpy as np
import pytest
import tensorflow as tf
from numpy_networks import layers_of, mlp, randomize, weights_of

from tfirl.agents import td3_bc
from tfirl.types import Transition

OBS, A, B = 4, 2, 32
GAMMA, TAU, ALPHA = 0.9, 0.05, 2.5
NOISE = 0.6  # so that its clipping at 0.5 matters
ADAM = tf.keras.optimizers.legacy.Adam
SGD = tf.keras.optimizers.legacy.SGD


def make_agent(learning_rate=0.0, **kwargs):
  settings = {'gamma': GAMMA, 'tau': TAU, 'hidden': (16, 8), **kwargs}
  make_optimizer = settings.pop('make_optimizer', ADAM)
  agent = td3_bc.Td3BcAgent(
    OBS,
    A,
    make_optimizer=make_optimizer,
    learning_rate=learning_rate,
    **settings,
  )
  randomize(agent)
  return agent


def value(critic, observation, action):
  return mlp(critic, np.concatenate([observation, action], 1))[:, 0]


def numpy_critic_loss(weights, rows, reward, noise):
  """Fujimoto et al. 2018, algorithm 1."""
  _, *critics, actor, target_1, target_2 = weights
  noise = np.clip(NOISE * noise, -0.5, 0.5)
  action = np.tanh(mlp(actor, rows.next_observation))
  action = np.clip(action + noise, -1, 1)
  next_value = np.minimum(
    *(value(t, rows.next_observation, action) for t in (target_1, target_2))
  )
  target = reward + GAMMA * rows.discount * next_value
  return sum(
    ((value(c, rows.observation, rows.action) - target) ** 2).mean()
    for c in critics
  )


def numpy_actor_loss(weights, rows):
  actor, critic, *_ = weights
  action = np.tanh(mlp(actor, rows.observation))
  values = value(critic, rows.observation, action)
  return -ALPHA * values.mean() / np.abs(values).mean()


def numpy_bc_loss(weights, expert):
  action = np.tanh(mlp(weights[0], expert.observation))
  return ((action - expert.action) ** 2).mean()  # over actions as well


def moved(before, after):
  """Which of the six networks changed."""
  return [
    any((a != b).any() for a, b in zip(*pair, strict=True))
    for pair in zip(before, after, strict=True)
  ]


@pytest.mark.parametrize('bc_weight', [0.0, 3.0])
def test_losses_equal_numpy(train, noise, make_rows, bc_weight):
  agent = make_agent(
    policy_update_period=1, bc_weight=bc_weight, policy_noise=NOISE
  )
  rows, reward, expert = make_rows(B, 1), np.linspace(-2, 3, B), make_rows(7, 2)
  weights = weights_of(agent)
  drawn = noise.of_actions(0, B)
  assert np.abs(NOISE * drawn).max() > 0.5
  critic_loss = numpy_critic_loss(weights, rows, reward, drawn)
  actor_loss = numpy_actor_loss(weights, rows)
  actor_loss += bc_weight * numpy_bc_loss(weights, expert)
  found = train(agent, rows, reward, expert=expert)
  np.testing.assert_allclose(found.critic_loss, critic_loss, rtol=1e-4)
  np.testing.assert_allclose(found.actor_loss, actor_loss, rtol=1e-4)


def test_the_clone_holds_the_actor_at_all_rows(train, make_rows):
  """The clone is the actor as it was when the agent was initialised last."""
  agent = make_agent(policy_update_period=1, clone_weight=3.0)
  agent.initialize()
  clone = layers_of(agent._actor_network)
  for variable in agent._actor_network.variables:
    variable.assign(variable + 0.3)
  rows = make_rows(B, 1)
  weights = weights_of(agent)
  apart = np.tanh(mlp(weights[0], rows.observation)) - np.tanh(
    mlp(clone, rows.observation)
  )
  expected = numpy_actor_loss(weights, rows) + 1.5 * (apart**2).mean()
  agent.clone_scale.assign(0.5)
  found = train(agent, rows, np.zeros(B))
  assert (apart**2).mean() > 0.1
  np.testing.assert_allclose(found.actor_loss, expected, rtol=1e-4)


def test_what_else_an_update_tells_equals_numpy(train, make_rows):
  agent = make_agent()
  rows, reward = make_rows(B, 0), np.linspace(-3.0, 2.0, B)
  found = train(agent, rows, reward)
  second = layers_of(agent._critic_network_2)
  q = value(second, rows.observation, rows.action)
  assert float(found.q_mean) == pytest.approx(q.mean(), rel=1e-4)
  assert float(found.largest_reward) == 3.0


def finite_differences(loss_fn, weights, networks_moved):
  """Gradients of `loss_fn(weights)` to each array of `networks_moved`."""
  gradients = []
  for i in networks_moved:
    for j, array in enumerate(weights[i]):
      gradient = np.empty(array.shape)
      for index in np.ndindex(array.shape):
        ends = []
        for step in (1e-5, -1e-5):
          shifted = [list(network) for network in weights]
          shifted[i][j] = array.copy()
          shifted[i][j][index] += step
          ends.append(loss_fn(shifted))
        gradient[index] = (ends[0] - ends[1]) / 2e-5
      gradients.append(gradient)
  return gradients


@pytest.mark.parametrize('clip_norm', [None, 0.3])
def test_critics_step_is_clipped_then_decayed(
  train, noise, make_rows, clip_norm
):
  """Plain gradient descent, so that the step shows the gradient."""
  agent = make_agent(
    0.1,
    make_optimizer=SGD,
    hidden=(5,),
    policy_noise=NOISE,
    critic_clip_norm=clip_norm,
    weight_decay=0.01,
  )
  rows, reward = make_rows(B, 1), np.linspace(-2, 3, B)
  before, drawn = weights_of(agent), noise.of_actions(0, B)
  gradients = finite_differences(
    lambda w: numpy_critic_loss(w, rows, reward, drawn), before, [1, 2]
  )
  norm = np.sqrt(sum((g**2).sum() for g in gradients))
  assert norm > 0.6
  factor = 1.0 if clip_norm is None else clip_norm / norm
  train(agent, rows, reward)
  after = weights_of(agent)
  assert moved(before, after) == [False, True, True, False, False, False]
  for old, new, gradient in zip(
    before[1] + before[2], after[1] + after[2], gradients, strict=True
  ):
    expected = old - 0.1 * (factor * gradient + 0.01 * old)
    np.testing.assert_allclose(new, expected, rtol=1e-3, atol=1e-5)


def test_actors_step_and_targets_follow(train, noise, make_rows):
  agent = make_agent(
    0.1,
    make_optimizer=SGD,
    hidden=(5,),
    policy_update_period=1,
    bc_weight=2.0,
    critic_clip_norm=1e-12,  # the critics stay where they are, nearly
  )
  rows, expert = make_rows(B, 1), make_rows(9, 2)
  before = weights_of(agent)
  values = value(
    before[1], rows.observation, np.tanh(mlp(before[0], rows.observation))
  )
  scale = ALPHA / np.abs(values).mean()  # a constant to the gradient

  def loss(weights):
    action = np.tanh(mlp(weights[0], rows.observation))
    mean = value(weights[1], rows.observation, action).mean()
    return -scale * mean + 2.0 * numpy_bc_loss(weights, expert)

  gradients = finite_differences(loss, before, [0])
  train(agent, rows, np.zeros(B), expert=expert)
  after = weights_of(agent)
  for old, new, gradient in zip(before[0], after[0], gradients, strict=True):
    assert np.abs(gradient).max() > 1e-3
    np.testing.assert_allclose(new, old - 0.1 * gradient, rtol=1e-3, atol=1e-5)
  for i in range(3):
    for target, old, new in zip(
      after[i + 3], before[i + 3], after[i], strict=True
    ):
      expected = (1 - TAU) * old + TAU * new
      np.testing.assert_allclose(target, expected, rtol=1e-4, atol=1e-6)


def test_actor_and_targets_move_together_and_late(train, make_rows):
  agent = make_agent(0.01, policy_update_period=3)
  history = [weights_of(agent)]
  losses = []
  for seed in range(6):
    losses.append(
      float(train(agent, make_rows(B, seed), np.ones(B)).actor_loss)
    )
    history.append(weights_of(agent))
  critics_only = [False, True, True, False, False, False]
  for i, (before, after) in enumerate(
    zip(history[:-1], history[1:], strict=True)
  ):
    assert moved(before, after) == ([True] * 6 if i in (2, 5) else critics_only)
  # In between, the latest loss is reported.
  assert losses[:2] == [0.0, 0.0] and losses[2] == losses[3] == losses[4] != 0.0
  assert losses[5] != losses[4]


@pytest.mark.parametrize(
  'parameter, message',
  [
    ({'alpha': 0.0}, 'alpha is 0.0; expected float, more than 0'),
    ({'bc_weight': -1.0}, 'bc_weight is -1.0; expected float, at least 0'),
    ({'policy_update_period': 0}, 'policy_update_period is 0'),
    (
      {'critic_clip_norm': 0.0},
      'critic_clip_norm is 0.0; expected float, more',
    ),
    ({'weight_decay': -1e-4}, 'weight_decay is -0.0001'),
  ],
)
def test_parameters_out_of_range(parameter, message):
  with pytest.raises(ValueError, match=f'Td3BcAgent.{message}'):
    make_agent(**parameter)


def test_it_learns_where_reward_is(train):
  """Reward -|a - a*(s)|: the greedy action approaches a*(s)."""
  tf.keras.utils.set_random_seed(0)
  agent = td3_bc.Td3BcAgent(
    1, 1, make_optimizer=ADAM, learning_rate=3e-3, gamma=0.0, tau=0.05,
    hidden=(32, 32),
  )  # fmt: skip
  rng = np.random.default_rng(0)
  step = tf.function(lambda rows, reward: train(agent, rows, reward))
  for _ in range(800):
    observation = rng.uniform(-1, 1, (64, 1)).astype(np.float32)
    action = rng.uniform(-1, 1, (64, 1)).astype(np.float32)
    reward = -np.abs(action - 0.8 * observation)[:, 0]
    rows = Transition(observation, action, np.zeros(64, 'f'), observation)
    step(rows, reward)
  observation = np.linspace(-0.9, 0.9, 50, dtype=np.float32)[:, None]
  found = agent.mlp_policy()(observation)
  assert np.abs(found - 0.8 * observation).mean() < 0.1


def test_without_exploration_noise_it_acts_by_its_mean(make_rows):
  """In the environment, in a model and for the cost, as published."""
  agent = make_agent(exploration_noise=0.0)
  observation = make_rows(9, 1).observation
  expected = np.tanh(mlp(layers_of(agent._actor_network), observation))
  policy = agent.mlp_policy()
  for action in (
    policy(observation),
    policy(observation, np.random.default_rng(0)),
    agent.sample_actions(tf.constant(observation)),
  ):
    np.testing.assert_allclose(action, expected, rtol=1e-4)


def test_policy_in_numpy_and_its_exploration(make_rows):
  agent = make_agent(exploration_noise=0.3)
  observation = make_rows(1, 1).observation
  expected = np.tanh(mlp(layers_of(agent._actor_network), observation))
  policy = agent.mlp_policy()
  np.testing.assert_allclose(policy(observation), expected, 1e-4)
  repeated = np.repeat(observation, 20_000, 0)
  for sampled in (
    policy(repeated, np.random.default_rng(0)),
    agent.sample_actions(tf.constant(repeated)).numpy(),
  ):
    assert np.abs(sampled).max() <= 1.0
    # Clipping leaves the median, and the quantiles below the bound.
    np.testing.assert_allclose(np.median(sampled, 0), expected[0], atol=0.02)
    inward = np.quantile(-np.sign(expected) * sampled, 0.8413, axis=0)
    distance = inward - np.median(-np.sign(expected) * sampled, 0)
    np.testing.assert_allclose(distance, 0.3, atol=0.02)
