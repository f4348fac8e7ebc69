"""What SAC and TD3+BC share, on either."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tfirl import types
from tfirl.agents import relabeling, sac, td3_bc
from tfirl.optimizers.optimistic_adam import OptimisticAdam

OBS, A, B = 4, 2, 32
AGENTS = {
  'sac': sac.SacAgent,
  'td3_bc': functools.partial(td3_bc.Td3BcAgent, policy_update_period=1),
  'td3_bc with a late actor': td3_bc.Td3BcAgent,
}
NETWORKS = ('_actor_network', '_critic_network_1', '_critic_network_2')


@pytest.fixture(params=['sac', 'td3_bc'])
def make_agent(request):
  """`make_agent(**settings)`: every network has weights of its own."""

  def make(**settings):
    settings = {'make_optimizer': OptimisticAdam, 'hidden': (16, 8)} | settings
    agent = AGENTS[request.param](OBS, A, gamma=0.9, tau=0.05, **settings)
    rng = np.random.default_rng(0)
    for network in [*networks(agent), *targets(agent)]:
      for variable in network.variables:
        variable.assign(rng.normal(0, 0.4, variable.shape))
    return agent

  return make


def networks(agent):
  """Actor, critics."""
  return [getattr(agent, name) for name in NETWORKS]


def targets(agent):
  """Those of the last ones: SAC's actor has none."""
  names = [f'_target{name}' for name in NETWORKS]
  return [getattr(agent, name) for name in names if hasattr(agent, name)]


def weights_of(networks):
  return [v.numpy() for network in networks for v in network.variables]


def assert_equal(found, expected):
  for one, other in zip(found, expected, strict=True):
    np.testing.assert_array_equal(one, other)


def cloning_error(agent, expert):
  """Of the policy that acts, mean over rows and actions."""
  return ((agent.mlp_policy()(expert.observation) - expert.action) ** 2).mean()


def test_actor_of_rate_0_stands_still(make_agent, train, make_rows):
  """0 is a rate, and not that of the critics."""
  agent = make_agent(learning_rate=0.01, actor_learning_rate=0.0)
  actor, critic = ([network] for network in networks(agent)[:2])
  before = weights_of(actor), weights_of(critic)
  train(agent, make_rows(B, 1), np.ones(B))
  assert_equal(weights_of(actor), before[0])
  assert any((weights_of(critic)[0] != before[1][0]).ravel())


def test_actor_does_not_learn_where_critics_do_not(make_agent):
  with pytest.raises(ValueError, match='actor_learning_rate is 0.1; expected'):
    make_agent(learning_rate=0.0, actor_learning_rate=0.1)
  make_agent(learning_rate=0.0, actor_learning_rate=0.0)


def test_scale_multiplies_every_learning_rate(
  make_agent, train, noise, make_rows
):
  """A first Adam step is in proportion to its learning rate."""
  steps = {}
  for scale in (1.0, 0.5, 0.0):
    agent = make_agent(learning_rate=0.01)
    agent.learning_rate_scale.assign(scale)
    trained = [v for network in networks(agent) for v in network.variables]
    trained += [agent._log_alpha] if hasattr(agent, '_log_alpha') else []
    before = [variable.numpy() for variable in trained]
    noise.restart()
    train(agent, make_rows(B, 1), np.ones(B))
    steps[scale] = [v.numpy() - b for v, b in zip(trained, before, strict=True)]
  full, half = (
    np.concatenate([step.ravel() for step in steps[scale]])
    for scale in (1.0, 0.5)
  )
  # The sign of the gradient is all that a first step takes of it, so it does
  # not matter that the actor's is of critics that have just moved.
  assert np.isclose(half, full / 2, rtol=0.02, atol=1e-6).mean() > 0.95
  assert all(np.abs(step).max() > 1e-3 for step in steps[1.0])
  assert not any(np.any(step) for step in steps[0.0])


def test_cloning_moves_the_actor_alone_then_the_others_follow(
  make_agent, make_rows
):
  agent = make_agent(learning_rate=0.02, use_ema=True)
  agent.initialize()
  others = [*networks(agent)[1:], *targets(agent)]
  before, expert = weights_of(others), make_rows(8, 2)
  error = cloning_error(agent, expert)
  step = tf.function(agent.clone)
  losses = [float(step(expert)) for _ in range(150)]
  assert losses[-1] < 0.25 * losses[0]
  assert_equal(weights_of(others), before)
  assert cloning_error(agent, expert) == error  # the average's
  agent.initialize()
  assert cloning_error(agent, expert) < 0.1 < 0.3 < error
  followed = networks(agent)[-len(targets(agent)) :]
  assert_equal(weights_of(targets(agent)), weights_of(followed))


def test_critics_may_learn_alone_and_targets_follow_them(
  make_agent, noise, make_rows
):
  """Targets take up .05 of the networks as they are after the step."""
  agent = make_agent(learning_rate=0.01)
  actor, *critics = networks(agent)
  before = weights_of([actor]), weights_of(critics), weights_of(targets(agent))
  rows = types.Transition(*map(tf.constant, make_rows(B, 1)))
  experience = relabeling.as_experience(rows, reward=tf.ones([B]))
  noise.restart()
  loss = float(agent.train_critics(experience))
  noise.restart()
  assert float(agent.train_critics(experience)) < loss  # of the same draws
  assert_equal(weights_of([actor]), before[0])
  moved = [
    np.any(a != b) for a, b in zip(weights_of(critics), before[1], strict=True)
  ]
  assert all(moved)
  agent = make_agent(learning_rate=0.01)
  noise.restart()
  agent.train_critics(experience)
  followed = networks(agent)[-len(targets(agent)) :]
  for target, old, own in zip(
    weights_of(targets(agent)), before[2], weights_of(followed), strict=True
  ):
    np.testing.assert_allclose(target, 0.95 * old + 0.05 * own, atol=1e-6)


def test_optimisers_may_begin_anew(make_agent, train, noise, make_rows):
  """Then a step is that of an agent which has these weights at its start."""
  agent, fresh = make_agent(learning_rate=0.01), make_agent(learning_rate=0.01)
  for seed in range(3):
    train(agent, make_rows(B, seed), np.ones(B))
  agent.reset_optimizers()
  for parts in (networks, targets):
    variables = [v for network in parts(fresh) for v in network.variables]
    for variable, weight in zip(
      variables, weights_of(parts(agent)), strict=True
    ):
      variable.assign(weight)
  if hasattr(agent, '_log_alpha'):
    fresh._log_alpha.assign(agent._log_alpha)
  for each in (agent, fresh):
    noise.restart()
    each.train_step_counter.assign(1)  # TD3's actor moves at each second one
    train(each, make_rows(B, 9), np.ones(B))
  assert_equal(weights_of(networks(agent)), weights_of(networks(fresh)))


def test_without_the_term_expert_rows_change_nothing(
  make_agent, train, noise, make_rows
):
  after = []
  for expert in (None, make_rows(8, 2)):
    agent = make_agent(learning_rate=0.01)
    assert not agent.uses_expert_rows
    noise.restart()
    train(agent, make_rows(B, 1), np.ones(B), expert=expert)
    after.append(weights_of(networks(agent)))
  assert_equal(*after)


def test_the_term_without_expert_rows_is_an_error(make_agent, train, make_rows):
  agent = make_agent(learning_rate=0.01, bc_weight=0.5)
  assert agent.uses_expert_rows
  rows = make_rows(B, 1)
  train(agent, rows, np.zeros(B), expert=rows)
  # Those of the previous call are not kept.
  with pytest.raises(
    ValueError, match='^(tfirl.Sac|Td3Bc)Agent.bc_weight is 0.5.*no expert rows'
  ):
    train(agent, rows, np.zeros(B))


def test_the_averaged_policy_follows_the_actors_weights(
  make_agent, train, make_rows
):
  agent = make_agent(learning_rate=0.01, use_ema=True, ema_decay=0.9)
  agent.initialize()
  weights = agent._actor_network.variables
  expected = [weight.numpy() for weight in weights]
  for seed in range(3):
    train(agent, make_rows(B, seed), np.ones(B))
    expected = [
      0.9 * mean + 0.1 * weight.numpy()
      for mean, weight in zip(expected, weights, strict=True)
    ]
  found = [array for layer in agent.mlp_policy().layers for array in layer]
  for array, mean, weight in zip(found, expected, weights, strict=True):
    np.testing.assert_allclose(array, mean, rtol=1e-5, atol=1e-6)
    assert np.abs(array - weight.numpy()).max() > 1e-3


@pytest.mark.parametrize(
  'make_agent', ['sac', 'td3_bc with a late actor'], indirect=True
)
def test_a_restored_agent_continues_as_the_original(
  make_agent, train, noise, make_rows, tmp_path
):
  def updates(agent, seeds):
    for seed in seeds:
      rows, expert = make_rows(B, seed), make_rows(B, 10 + seed)
      train(agent, rows, np.ones(B), expert=expert)

  settings = {'learning_rate': 0.01, 'bc_weight': 0.5, 'use_ema': True}
  agent = make_agent(**settings)
  agent.learning_rate_scale.assign(0.3)
  updates(agent, [1, 2, 3])  # between two updates of a late actor
  path = tf.train.Checkpoint(agent=agent).write(str(tmp_path / 'checkpoint'))
  restored = make_agent(**settings)
  tf.train.Checkpoint(agent=restored).read(path).assert_consumed()
  for one in (agent, restored):
    noise.restart()
    updates(one, [4, 5])
  assert_equal(
    [v.numpy() for v in restored.variables],
    [v.numpy() for v in agent.variables],
  )
  assert restored.train_step_counter.numpy() == 5


def test_agents_count_their_own_steps(make_agent, train, make_rows):
  one, other = (make_agent(learning_rate=0.01) for _ in range(2))
  train(one, make_rows(B, 1), np.zeros(B))
  assert one.train_step_counter.numpy() == 1
  assert other.train_step_counter.numpy() == 0


@pytest.mark.parametrize('layer_norm', [False, True])
@pytest.mark.parametrize('name', [*NETWORKS[1:], '_target_critic_network_1'])
def test_normalised_critics_do_not_see_how_large_a_layer_is(
  make_agent, layer_norm, name
):
  agent = make_agent(learning_rate=0.0, critic_layer_norm=layer_norm)
  critic = getattr(agent, name)
  rng = np.random.default_rng(1)
  rows = [rng.normal(size=[B, size]).astype(np.float32) for size in (OBS, A)]
  before = critic(tuple(rows))[0].numpy()
  for variable in critic.variables[:2]:  # of the first layer
    variable.assign(3.0 * variable)
  is_same = np.allclose(critic(tuple(rows))[0], before, rtol=1e-3, atol=1e-3)
  assert is_same == layer_norm
