"""SAC's losses recomputed in NumPy from the networks' weights."""

import numpy as np
import pytest
import tensorflow as tf
from numpy_networks import act, layers_of, mlp, networks, weights_of
from numpy_networks import randomize as randomize_networks

from tfirl.agents import relabeling, sac
from tfirl.optimizers.optimistic_adam import OptimisticAdam
from tfirl.types import Transition

OBS, A, B = 4, 2, 32
GAMMA, LOG_ALPHA = 0.9, -0.7


def make_agent(learning_rate=0.0, **kwargs):
  settings = {'gamma': GAMMA, 'tau': 0.02, 'hidden': (16, 8), **kwargs}
  make_optimizer = settings.pop('make_optimizer', OptimisticAdam)
  return sac.SacAgent(
    OBS,
    A,
    make_optimizer=make_optimizer,
    learning_rate=learning_rate,
    **settings,
  )


def randomize(agent, seed=0):
  randomize_networks(agent, seed)
  agent._log_alpha.assign(LOG_ALPHA)


def flat_weights(agent):
  return [array for layers in weights_of(agent) for array in layers]


def smaller_q(critics, observation, action):
  x = np.concatenate([observation, action], 1)
  return np.minimum(*(mlp(layers_of(critic), x)[:, 0] for critic in critics))


def numpy_losses(agent, rows, reward, noise, target_entropy):
  """(critic, actor, alpha) losses of Haarnoja et al. 2018, eqs. 5, 7, 18."""
  actor, *critics, target_1, target_2 = networks(agent)
  alpha = np.exp(LOG_ALPHA)
  next_action, log_pi = act(
    layers_of(actor), rows.next_observation, noise.of_actions(0, B)
  )
  next_q = smaller_q((target_1, target_2), rows.next_observation, next_action)
  target = reward + GAMMA * rows.discount * (next_q - alpha * log_pi)
  x = np.concatenate([rows.observation, rows.action], 1)
  errors = [
    (mlp(layers_of(critic), x)[:, 0] - target) ** 2 for critic in critics
  ]
  critic_loss = 0.5 * (errors[0] + errors[1]).mean()

  action, log_pi = act(
    layers_of(actor), rows.observation, noise.of_actions(1, B)
  )
  q = smaller_q(critics, rows.observation, action)
  actor_loss = (alpha * log_pi - q).mean()

  _, log_pi = act(layers_of(actor), rows.observation, noise.of_actions(2, B))
  alpha_loss = (LOG_ALPHA * (-log_pi - target_entropy)).mean()
  return critic_loss, actor_loss, alpha_loss


def bc_loss(agent, expert):
  mean = np.tanh(
    mlp(layers_of(agent._actor_network), expert.observation)[:, :A]
  )
  return ((mean - expert.action) ** 2).mean()


@pytest.mark.parametrize('target_entropy', [None, 0.3])
def test_losses_equal_numpy(train, noise, make_rows, target_entropy):
  agent = make_agent(target_entropy=target_entropy)
  randomize(agent)
  rows, reward = make_rows(B, 1), np.linspace(-2, 3, B)
  assert 0 < rows.discount.mean() < 1
  # Before training: it moves the targets even at learning rate 0.
  expected = numpy_losses(
    agent, rows, reward, noise, -A if target_entropy is None else target_entropy
  )
  found = train(agent, rows, reward)
  np.testing.assert_allclose(found.critic_loss, expected[0], rtol=1e-4)
  np.testing.assert_allclose(found.actor_loss, expected[1], rtol=1e-4)
  np.testing.assert_allclose(found.alpha_loss, expected[2], rtol=1e-4)


def test_critics_alone_take_the_same_step(train, noise, make_rows):
  rows, reward, moved = make_rows(B, 1), np.linspace(-2, 3, B), []
  for takes_all in (True, False):
    agent = make_agent(0.1, make_optimizer=tf.keras.optimizers.legacy.SGD)
    randomize(agent)
    weight = agent._critic_variables[-1]
    before = weight.numpy()
    noise.restart()
    if takes_all:
      train(agent, rows, reward)
    else:
      fields = (*rows, reward.astype(np.float32))
      *rows_, reward_ = map(tf.constant, fields)
      agent.train_critics(relabeling.as_experience(Transition(*rows_), reward_))
    moved.append(weight.numpy() - before)
  assert np.abs(moved[0]).max() > 1e-3
  np.testing.assert_allclose(*moved, rtol=1e-4)


def test_what_else_an_update_tells_equals_numpy(train, noise, make_rows):
  agent = make_agent()
  randomize(agent)
  rows, reward = make_rows(B, 0), np.linspace(-3.0, 2.0, B)
  noise.restart()
  found = train(agent, rows, reward)
  actor, _, second, *_ = networks(agent)
  x = np.concatenate([rows.observation, rows.action], 1)
  q = mlp(layers_of(second), x)
  assert float(found.q_mean) == pytest.approx(q.mean(), rel=1e-4)
  _, log_pi = act(layers_of(actor), rows.observation, noise.of_actions(2, B))
  assert float(found.entropy) == pytest.approx(-log_pi.mean() / A, rel=1e-4)
  assert float(found.largest_reward) == 3.0


def test_behavior_cloning_term_is_added_to_the_actor_loss(
  train, noise, make_rows
):
  agent = make_agent(bc_weight=3.0)
  assert agent.uses_expert_rows
  randomize(agent)
  rows, reward, expert = make_rows(B, 1), np.zeros(B), make_rows(7, 2)
  critic_loss, actor_loss, alpha_loss = numpy_losses(
    agent, rows, reward, noise, -A
  )
  term = 3 * bc_loss(agent, expert)
  found = train(agent, rows, reward, expert=expert)
  assert term > 0.5
  np.testing.assert_allclose(found.actor_loss, actor_loss + term, rtol=1e-4)
  np.testing.assert_allclose(found.critic_loss, critic_loss, rtol=1e-4)
  np.testing.assert_allclose(found.alpha_loss, alpha_loss, rtol=1e-4)


def test_behavior_cloning_term_pulls_the_actor_to_the_expert(train, make_rows):
  agent = make_agent(learning_rate=0.02, bc_weight=200.0)
  randomize(agent)
  rows, expert = make_rows(B, 1), make_rows(8, 2)
  step = tf.function(lambda r, e: train(agent, r, np.zeros(B), expert=e))
  before = bc_loss(agent, expert)
  for _ in range(120):
    step(rows, expert)
  # Actions of random numbers: the best constant answer leaves about 1 / 3.
  assert bc_loss(agent, expert) < 0.075 < 0.3 < before


def test_the_clone_holds_the_actor_at_all_rows(train, noise, make_rows):
  """The clone is the actor as it was when the agent was initialised last."""
  agent = make_agent(clone_weight=3.0)
  assert not agent.uses_expert_rows
  randomize(agent, 1)
  agent.initialize()
  rows, reward = make_rows(B, 1), np.zeros(B)
  _, actor_loss, _ = numpy_losses(agent, rows, reward, noise, -A)
  found = train(agent, rows, reward)
  np.testing.assert_allclose(found.actor_loss, actor_loss, rtol=1e-4)

  layers = layers_of(agent._actor_network)
  randomize(agent, 2)
  _, actor_loss, _ = numpy_losses(agent, rows, reward, noise, -A)
  ours, theirs = (
    np.tanh(mlp(found, rows.observation)[:, :A])
    for found in (layers_of(agent._actor_network), layers)
  )
  term = 3 * np.mean((ours - theirs) ** 2)
  noise.restart()
  found = train(agent, rows, reward)
  assert term > 0.5
  np.testing.assert_allclose(found.actor_loss, actor_loss + term, rtol=1e-4)


def test_a_checkpoint_has_the_clone(tmp_path):
  ours, theirs = (make_agent(clone_weight=1.0) for _ in range(2))
  path = tf.train.Checkpoint(agent=ours).write(str(tmp_path / 'agent'))
  tf.train.Checkpoint(agent=theirs).read(path).assert_consumed()
  for one, other in zip(
    layers_of(ours._clone_network),
    layers_of(theirs._clone_network),
    strict=True,
  ):
    np.testing.assert_array_equal(one[0], other[0])


def test_twins_start_different_and_targets_equal_to_them():
  agent = make_agent(hidden=(16, 16))
  _, *critics = networks(agent)
  kernels = [[v.numpy() for v in n.variables[::2]] for n in critics]
  for one, other in zip(kernels[0], kernels[1], strict=True):
    assert np.abs(one - other).max() > 0.05
  for i in (0, 1):
    for one, target in zip(kernels[i], kernels[i + 2], strict=True):
      np.testing.assert_array_equal(one, target)


def test_one_seed_makes_one_agent():
  def make(seed):
    tf.keras.utils.set_random_seed(seed)
    return flat_weights(make_agent())

  one, same, other = make(1), make(1), make(2)
  for a, b in zip(one, same, strict=True):
    np.testing.assert_array_equal(a, b)
  assert any(np.any(a != b) for a, b in zip(one, other, strict=True))


def test_policy_in_numpy_is_the_agents_mode(make_rows):
  agent = make_agent()
  randomize(agent)
  observation = make_rows(B, 1).observation
  expected = np.tanh(mlp(layers_of(agent._actor_network), observation)[:, :A])
  np.testing.assert_allclose(agent.mlp_policy()(observation), expected, 1e-4)


def test_a_fixed_temperature_stays(train, make_rows):
  agent = make_agent(learning_rate=0.01, fixed_alpha=0.2)
  for seed in range(3):
    train(agent, make_rows(B, seed), np.ones(B))
  np.testing.assert_allclose(agent.alpha, 0.2, rtol=1e-6)
  learned = make_agent(learning_rate=0.01)
  train(learned, make_rows(B, 0), np.ones(B))
  assert abs(learned.alpha.numpy() - 1.0) > 1e-3


def test_the_temperatures_rate_may_stay_while_the_others_fall(train, make_rows):
  """A first step of Adam is the rate itself."""
  for is_scaled, step in ((True, 0.0025), (False, 0.01)):
    agent = make_agent(learning_rate=0.01, scale_alpha_rate=is_scaled)
    agent.learning_rate_scale.assign(0.25)
    before = flat_weights(agent)
    train(agent, make_rows(B, 0), np.ones(B))
    moved = abs(float(agent._log_alpha))  # from log 1
    assert moved == pytest.approx(step, rel=1e-3)
    # OptimisticAdam's first step is twice its rate.
    most = max(
      np.abs(a - b).max()
      for a, b in zip(flat_weights(agent), before, strict=True)
    )
    assert most == pytest.approx(2 * 0.0025, rel=1e-2)


def test_sampled_actions_are_of_the_actors_distribution(make_rows):
  """A Gaussian of known mean and deviation, squashed; at one observation."""
  agent = make_agent()
  randomize(agent)
  observation = make_rows(1, 1).observation
  head = mlp(layers_of(agent._actor_network), observation)[0]
  repeated = np.repeat(observation, 20_000, 0)
  actions = agent.sample_actions(repeated).numpy()
  assert actions.shape == (20_000, A) and np.abs(actions).max() <= 1.0
  # Quantiles commute with tanh.
  median = np.median(actions, 0)
  np.testing.assert_allclose(median, np.tanh(head[:A]), atol=0.03)
