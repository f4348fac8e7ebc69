"""Rewards are those of the cost at the moment of training."""

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.agents.ddpg import critic_network
from tf_agents.agents.td3 import td3_agent
from tf_agents.policies import random_tf_policy

from tfirl.agents import actor_critic, relabeling, sac
from tfirl.algorithms.parts import rounds
from tfirl.costs.learner import CostLearner
from tfirl.networks import actor
from tfirl.optimizers.optimistic_adam import OptimisticAdam
from tfirl.types import RewardedTransition, Transition

OBS, A = 4, 2


class RecordingAgent(tf_agent.TFAgent):
  """Keeps what it is given to train on."""

  def __init__(self):
    specs = actor_critic.make_specs(OBS, A)
    policy = random_tf_policy.RandomTFPolicy(*specs)
    super().__init__(*specs, policy, policy, train_sequence_length=None)
    self.initialized = False
    self.given = []

  def _initialize(self):
    self.initialized = True

  def _train(self, experience, weights=None, expert=None):
    self.given.append((experience, weights, expert))
    return tf_agent.LossInfo(
      tf.reduce_sum(experience.next_time_step.reward), ()
    )


def make_sac(learning_rate=0.0):
  return sac.SacAgent(
    OBS,
    A,
    make_optimizer=OptimisticAdam,
    learning_rate=learning_rate,
    hidden=(8,),
    gamma=0.0,
    tau=0.02,
  )


@pytest.fixture
def rows(make_rows):
  return Transition(*map(tf.constant, make_rows(6, 0)))


def test_experience_has_every_field_in_its_place(rows):
  reward = tf.range(6.0)
  experience = relabeling.as_experience(rows, reward)
  time_step, action_step, next_time_step = experience
  assert time_step.observation is rows.observation
  assert action_step.action is rows.action
  assert next_time_step.observation is rows.next_observation
  assert next_time_step.discount is rows.discount
  assert next_time_step.reward is reward
  # MID: a LAST step would be left out of some agents' losses.
  assert not np.any(time_step.is_last()) and not np.any(time_step.is_first())
  assert not np.any(next_time_step.is_last())


def test_reward_is_of_the_observation_and_action_acted_with(rows):
  agent = RecordingAgent()

  def reward_fn(observation, action):
    return observation[:, 0] - 2 * action[:, 1]

  relabeled = relabeling.RewardRelabelingAgent(agent, reward_fn)
  weights = tf.range(6.0)
  old = relabeling.as_experience(rows, tf.fill([6], 99.0))
  info = relabeled.train(old, weights, expert='theirs')
  expected = rows.observation[:, 0] - 2 * rows.action[:, 1]
  [(experience, given_weights, expert)] = agent.given
  np.testing.assert_allclose(experience.next_time_step.reward, expected)
  assert given_weights is weights and expert == 'theirs'
  assert float(info.loss) == pytest.approx(float(tf.reduce_sum(expected)))
  # Nothing else is touched.
  np.testing.assert_array_equal(old.next_time_step.reward, 99.0)
  assert experience.time_step is old.time_step
  assert experience.action_step is old.action_step
  assert experience.next_time_step.discount is rows.discount


def test_wrapper_shows_the_agents_own_parts():
  agent = make_sac()
  relabeled = relabeling.RewardRelabelingAgent(agent, lambda o, a: o[:, 0])
  assert relabeled.policy is agent.policy
  assert relabeled.collect_policy is agent.collect_policy
  assert relabeled.train_step_counter is agent.train_step_counter
  recording = RecordingAgent()
  relabeling.RewardRelabelingAgent(recording, lambda o, a: o[:, 0]).initialize()
  assert recording.initialized


def test_two_updates_in_one_graph_see_the_cost_change_between_them(rows):
  """With Q = 0, gamma = 0: critic loss = 1/2 * 2 * cost^2."""
  agent = make_sac()
  for network in (agent._critic_network_1, agent._critic_network_2):
    for variable in network.variables:
      variable.assign(tf.zeros_like(variable))
  cost = tf.Variable(1.0)
  relabeled = relabeling.RewardRelabelingAgent(
    agent, lambda observation, action: tf.fill([6], -cost)
  )
  traces = []

  @tf.function
  def two_updates(batch, second_cost):
    traces.append(1)
    first = relabeled.train(relabeling.as_experience(batch))
    cost.assign(second_cost)
    second = relabeled.train(relabeling.as_experience(batch))
    return first.extra.critic_loss, second.extra.critic_loss

  found = [*two_updates(rows, tf.constant(3.0))]
  found += [*two_updates(rows, tf.constant(0.5))]
  np.testing.assert_allclose(found, [1.0, 9.0, 9.0, 0.25], rtol=1e-6)
  assert len(traces) == 1


def test_a_learned_cost_is_read_anew_by_a_compiled_round(rows, make_rows):
  cost = CostLearner(OBS, A, seed=0, batch_size=16)
  agent = RecordingAgent()
  relabeled = relabeling.RewardRelabelingAgent(agent, cost.reward_fn)

  def step(batch):
    return {'sum': relabeled.train(relabeling.as_experience(batch)).loss}

  compiled = rounds.Rounds(step, 1, False)
  sums = []
  for _ in range(3):
    expected = float(tf.reduce_sum(cost.reward_fn(rows[0], rows[1])))
    sums.append(float(compiled.run(rows)['sum']))
    assert sums[-1] == pytest.approx(expected, rel=1e-5)
    cost.update(make_rows(20, 1), make_rows(20, 2))
  assert len({round(total, 5) for total in sums}) == 3
  assert compiled.num_traces == 1


@pytest.mark.parametrize('in_graph', [False, True])
def test_training_without_relabeling_stops_at_the_first_loss(rows, in_graph):
  agent = make_sac(learning_rate=0.01)

  def step(batch):
    return {'loss': agent.train(relabeling.as_experience(batch)).loss}

  run = rounds.Rounds(step, 2, False).run if in_graph else step
  with pytest.raises(tf.errors.InvalidArgumentError, match='Critic loss'):
    run(rows)


def test_another_agent_of_tf_agents_is_relabeled_too(rows):
  """TD3's critic loss: twice Huber(cost) where Q = 0 and gamma = 0."""
  time_step_spec, action_spec = actor_critic.make_specs(OBS, A)
  critic = critic_network.CriticNetwork(
    (time_step_spec.observation, action_spec), joint_fc_layer_params=(4,)
  )
  agent = td3_agent.Td3Agent(
    time_step_spec,
    action_spec,
    actor.make_deterministic_actor(time_step_spec.observation, action_spec),
    critic,
    tf.keras.optimizers.legacy.Adam(0.0),
    tf.keras.optimizers.legacy.Adam(0.0),
    gamma=0.0,
  )
  agent.initialize()
  for network in (agent._critic_network_1, agent._critic_network_2):
    for variable in network.variables:
      variable.assign(tf.zeros_like(variable))
  relabeled = relabeling.RewardRelabelingAgent(
    agent, lambda observation, action: tf.fill([6], 3.0)
  )
  info = relabeled.train(relabeling.as_experience(rows))
  assert float(info.extra.critic_loss) == pytest.approx(2 * 2.5)  # 3 - 1/2


def test_a_row_that_has_a_reward_brings_it(make_rows):
  rows = make_rows(3, 0)
  rewarded = RewardedTransition(*rows, np.float32([1, 2, 3]))
  found = relabeling.as_experience(rewarded).next_time_step.reward
  np.testing.assert_array_equal(found, [1, 2, 3])
  given = relabeling.as_experience(rewarded, tf.zeros([3]))
  np.testing.assert_array_equal(given.next_time_step.reward, np.zeros(3))
