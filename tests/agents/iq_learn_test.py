"""IQ-Learn's losses and gradients recomputed in NumPy from the weights."""

import numpy as np
import pytest
import tensorflow as tf
from numpy_networks import act, mlp, randomize, weights_of

from tfirl.agents import iq_learn, relabeling
from tfirl.types import Transition

OBS, A, B, EXPERT = 4, 2, 12, 8
GAMMA, ALPHA, CHI2 = 0.9, 0.3, 0.7
SGD = tf.keras.optimizers.legacy.SGD
TERMS = ('value', 'value_expert', 'v0')


def make_agent(**settings):
  """Every network, targets too, has weights of its own; they stay."""
  agent = iq_learn.IqLearnAgent(
    OBS,
    A,
    **{
      'make_optimizer': SGD,
      'learning_rate': 0.0,
      'gamma': GAMMA,
      'tau': 0.0,
      'hidden': (16, 8),
      'fixed_alpha': ALPHA,
      'chi2_alpha': CHI2,
      **settings,
    },
  )
  randomize(agent)
  return agent


def q_of(critic, observation, action):
  return mlp(critic, np.concatenate([observation, action], 1))[:, 0]


def value_of(actor, critics, observation, noise):
  """min Q(s, a) - alpha log pi(a | s) at a sampled action."""
  action, log_pi = act(actor, observation, noise)
  q = np.minimum(*(q_of(critic, observation, action) for critic in critics))
  return q - ALPHA * log_pi


def both(policy, expert):
  return Transition(*map(np.concatenate, zip(policy, expert, strict=True)))


def value_drop(actor, critics, rows, worth_next, noise, term):
  """Its mean over the rows that `term` names."""
  first = 0 if term == 'value' else B
  draw = noise.of_actions(1, B + EXPERT - first)
  value = value_of(actor, critics, rows.observation[first:], draw)
  if term == 'v0':
    return (1 - GAMMA) * value.mean()
  return (value - worth_next[first:]).mean()


def numpy_losses(weights, policy, expert, noise, term):
  """Critic loss, mean implied rewards of expert and policy, actor loss."""
  actor, *critics, target_1, target_2 = weights
  rows = both(policy, expert)
  draws = [noise.of_actions(k, B + EXPERT) for k in range(3)]
  next_value = value_of(
    actor, (target_1, target_2), rows.next_observation, draws[0]
  )
  worth_next = GAMMA * rows.discount * next_value
  drop = value_drop(actor, critics, rows, worth_next, noise, term)
  rewards = np.stack(
    [q_of(c, rows.observation, rows.action) - worth_next for c in critics]
  )
  losses = [
    -reward[B:].mean() + drop + (reward**2).mean() / (4 * CHI2)
    for reward in rewards
  ]
  means = rewards[:, B:].mean(), rewards[:, :B].mean()
  actor_loss = -value_of(actor, critics, rows.observation, draws[2]).mean()
  return np.mean(losses), *means, actor_loss


@pytest.fixture
def rows(make_rows):
  """The policy's and the expert's."""
  return make_rows(B, 1), make_rows(EXPERT, 2)


@pytest.mark.parametrize('term', TERMS)
def test_losses_equal_numpy(train, noise, rows, term):
  agent = make_agent(value_term=term)
  assert 0 < both(*rows).discount.mean() < 1
  expected = numpy_losses(weights_of(agent), *rows, noise, term)
  # No reward is read: as_experience's own are not numbers.
  found = train(agent, rows[0], np.full(B, np.nan), expert=rows[1])
  np.testing.assert_allclose(
    [
      found.critic_loss,
      found.implied_reward_expert,
      found.implied_reward_policy,
      found.actor_loss,
    ],
    expected,
    rtol=1e-4,
    atol=1e-6,
  )


def test_the_temperature_learns_from_both_sides(train, noise, rows):
  agent = make_agent(fixed_alpha=None, initial_alpha=ALPHA)
  actor = weights_of(agent)[0]
  observation = both(*rows).observation
  _, log_pi = act(actor, observation, noise.of_actions(3, B + EXPERT))
  found = train(agent, rows[0], np.zeros(B), expert=rows[1])
  expected = (np.log(ALPHA) * (-log_pi + A)).mean()
  np.testing.assert_allclose(found.alpha_loss, expected, rtol=1e-4)


@pytest.mark.parametrize('term', TERMS)
def test_gradients_of_the_critics_are_those_of_finite_differences(
  train, noise, rows, term
):
  """A step of 1 down the gradient, against the loss in NumPy."""
  agent = make_agent(value_term=term, learning_rate=1.0)
  before = weights_of(agent)
  train(agent, rows[0], np.zeros(B), expert=rows[1])
  after = weights_of(agent)
  rng = np.random.default_rng(3)

  def loss():
    return numpy_losses(before, *rows, noise, term)[0]

  for critic in (1, 2):
    for array, moved in zip(before[critic], after[critic], strict=True):
      place = tuple(rng.integers(size) for size in array.shape)
      step, kept = 1e-6, array[place]
      array[place] = kept + step
      above = loss()
      array[place] = kept - step
      below = loss()
      array[place] = kept
      gradient = (above - below) / (2 * step)
      np.testing.assert_allclose(
        kept - moved[place], gradient, rtol=1e-3, atol=1e-5
      )
  # Targets stay: their value is where no gradient goes.
  for target in (3, 4):
    for one, other in zip(before[target], after[target], strict=True):
      np.testing.assert_array_equal(one, other)


def test_what_follows_a_terminal_is_worth_nothing(train, noise, rows):
  policy, expert = (
    r._replace(discount=np.zeros_like(r.discount)) for r in rows
  )
  agent = make_agent()
  found = train(agent, policy, np.zeros(B), expert=expert)
  noise.restart()
  other = [r._replace(next_observation=9 * r.observation) for r in rows]
  other = [r._replace(discount=np.zeros_like(r.discount)) for r in other]
  same = train(agent, other[0], np.zeros(B), expert=other[1])
  np.testing.assert_allclose(found.critic_loss, same.critic_loss, rtol=1e-6)
  noise.restart()
  alive = train(agent, rows[0], np.zeros(B), expert=rows[1])
  assert abs(alive.critic_loss - found.critic_loss) > 1e-3


def test_expert_rows_are_asked_for(train, rows):
  agent = make_agent()
  assert agent.uses_expert_rows
  with pytest.raises(
    ValueError, match='tfirl.IqLearnAgent: train.* no expert rows; expected'
  ):
    train(agent, rows[0], np.zeros(B))


def test_an_unknown_value_term_is_refused():
  with pytest.raises(
    ValueError, match="IqLearnAgent.value_term is 'v1'; expected one of"
  ):
    make_agent(value_term='v1')


def test_it_tells_the_two_sides_apart_in_one_trace(make_rows):
  """By their actions: the expert's are above 0, the policy's rows below."""
  agent = make_agent(
    make_optimizer=tf.keras.optimizers.legacy.Adam,
    learning_rate=3e-3,
    tau=0.05,
    fixed_alpha=0.01,
  )
  policy, expert = make_rows(64, 1), make_rows(64, 2)
  policy = policy._replace(action=-np.abs(policy.action))
  expert = expert._replace(action=np.abs(expert.action))
  traces = []

  @tf.function(autograph=False)
  def step():
    traces.append(1)
    info = agent.train(
      relabeling.as_experience(Transition(*map(tf.constant, policy))),
      expert=Transition(*map(tf.constant, expert)),
    )
    return agent.named_losses(info)

  def mean_action():
    return agent.mlp_policy()(policy.observation).mean()

  # While the actor stands still: together they go round each other.
  agent.actor_scale.assign(0.0)
  steps = [
    {name: float(value) for name, value in step().items()} for _ in range(200)
  ]
  last = steps[-1]
  gap = last['implied_reward_expert'] - last['implied_reward_policy']
  assert last['implied_reward_gap'] == pytest.approx(gap, abs=1e-5)
  assert last['implied_reward_gap'] > 2.0
  # No row has a reward, and a nan would end the run.
  assert 'largest_reward' not in last and np.isfinite(list(last.values())).all()
  assert last['alpha'] == pytest.approx(0.01)
  # The actor follows to the expert's side, at the learner's states too.
  assert mean_action() < -0.5
  agent.actor_scale.assign(1.0)
  for _ in range(40):
    step()
  assert mean_action() > 0.2
  assert len(traces) == 1
