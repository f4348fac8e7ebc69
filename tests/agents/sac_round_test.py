"""Whole rounds against TF-Agents' own SAC, one update at a time.

Both sides draw the same noise: the `noise` fixture replaces TensorFlow
Probability's normal draws by ones that depend on their count alone.
"""

import functools

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.agents.ddpg import critic_network
from tf_agents.agents.sac import sac_agent, tanh_normal_projection_network
from tf_agents.networks import actor_distribution_network
from tf_agents.specs import tensor_spec
from tf_agents.trajectories import policy_step, trajectory
from tf_agents.trajectories import time_step as ts

from tfirl.agents import relabeling, sac
from tfirl.algorithms import rounds
from tfirl.optimizers.optimistic_adam import OptimisticAdam
from tfirl.replay import sampling
from tfirl.types import Transition

OBS, A, B, G = 4, 2, 16, 5
LEARNING_RATE, GAMMA, TAU, HIDDEN = 3e-3, 0.95, 0.05, (16, 16)
ADAM = tf.keras.optimizers.legacy.Adam
# Per round: expert rows' share at each update, learning rate scale, cost.
ROUNDS = [
  ([1.0, 0.8, 0.6, 0.5, 0.3], 1.0, [0.5, -1.0, 0.2, 0.7, 1.0, -0.4]),
  ([0.3, 0.2, 0.1, 0.0, 0.0], 0.4, [-2.0, 0.3, 1.0, 0.0, -0.6, 1.5]),
  ([0.0, 0.0, 0.0, 0.0, 0.0], 0.1, [0.1, 0.1, -3.0, 2.0, 0.5, 0.5]),
]


def make_reference(make_optimizer):
  """TF-Agents' SAC, nothing of tfirl but the optimiser."""
  observation_spec = tensor_spec.TensorSpec([OBS], tf.float32)
  action_spec = tensor_spec.BoundedTensorSpec([A], tf.float32, -1.0, 1.0)
  actor = actor_distribution_network.ActorDistributionNetwork(
    observation_spec,
    action_spec,
    fc_layer_params=HIDDEN,
    continuous_projection_net=functools.partial(
      tanh_normal_projection_network.TanhNormalProjectionNetwork,
      std_transform=lambda x: tf.exp(tf.clip_by_value(x, -20.0, 2.0)),
    ),
  )
  critics = [
    critic_network.CriticNetwork(
      (observation_spec, action_spec), joint_fc_layer_params=HIDDEN
    )
    for _ in range(2)
  ]
  learning_rate = tf.Variable(LEARNING_RATE)

  def optimizer(make):
    return make(learning_rate=lambda: learning_rate)

  agent = sac_agent.SacAgent(
    ts.time_step_spec(observation_spec),
    action_spec,
    critic_network=critics[0],
    critic_network_2=critics[1],
    actor_network=actor,
    actor_optimizer=optimizer(make_optimizer),
    critic_optimizer=optimizer(make_optimizer),
    alpha_optimizer=optimizer(ADAM),
    target_update_tau=TAU,
    gamma=GAMMA,
    target_entropy=-float(A),
    train_step_counter=tf.Variable(0, dtype=tf.int64),
  )
  agent.initialize()
  return agent, learning_rate


def variables_of(agent):
  return [
    *agent._actor_network.variables,
    *agent._critic_network_1.variables,
    *agent._critic_network_2.variables,
    *agent._target_critic_network_1.variables,
    *agent._target_critic_network_2.variables,
    agent._log_alpha,
  ]


def values_of(agent):
  return [variable.numpy() for variable in variables_of(agent)]


def reference_updates(agent, learning_rate, learner, expert):
  """Mixes, rewards and trains batch by batch, in NumPy but for `train`."""
  losses = []
  for i_round, (fractions, scale, cost) in enumerate(ROUNDS):
    learning_rate.assign(LEARNING_RATE * scale)
    for g, fraction in enumerate(fractions):
      k, rows = round(fraction * B), slice(g * B, (g + 1) * B)
      observation, action, discount, next_observation = (
        np.concatenate([theirs[rows][:k], ours[rows][k:]])
        for ours, theirs in zip(learner[i_round], expert[i_round], strict=True)
      )
      reward = -np.concatenate([observation, action], 1) @ np.float32(cost)
      mid = np.full(B, 1, np.int32)
      experience = trajectory.Transition(
        ts.TimeStep(mid, np.zeros(B), np.ones(B), observation),
        policy_step.PolicyStep(action),
        ts.TimeStep(mid, reward, discount, next_observation),
      )
      experience = tf.nest.map_structure(
        lambda x: tf.constant(
          x, tf.int32 if x.dtype == np.int32 else tf.float32
        ),
        experience,
      )
      info = agent.train(experience)
      losses.append([info.extra.critic_loss, info.extra.actor_loss])
  return np.reshape(losses, [len(ROUNDS), G, 2]).mean(1)


def run_rounds(agent, learner, expert):
  """The same by `Rounds`. Returns: mean losses and the number of traces."""
  cost = tf.Variable(tf.zeros([OBS + A]))

  def reward_fn(observation, action):
    return -tf.linalg.matvec(tf.concat([observation, action], 1), cost)

  relabeled = relabeling.RewardRelabelingAgent(agent, reward_fn)

  def step(ours, theirs, fraction):
    batch = sampling.mix(ours, theirs, tf.squeeze(fraction))
    info = relabeled.train(relabeling.as_experience(batch), expert=theirs)
    return {'critic': info.extra.critic_loss, 'actor': info.extra.actor_loss}

  compiled = rounds.Rounds(step, G, jit_compile=False)
  losses = []
  for i_round, (fractions, scale, weights) in enumerate(ROUNDS):
    agent.learning_rate_scale.assign(scale)
    cost.assign(weights)
    means = compiled.run(
      Transition(*map(tf.constant, learner[i_round])),
      Transition(*map(tf.constant, expert[i_round])),
      tf.constant(fractions, tf.float32),
    )
    losses.append([float(means['critic']), float(means['actor'])])
  return losses, compiled.num_traces


@pytest.mark.parametrize('make_optimizer', [OptimisticAdam, ADAM])
def test_rounds_equal_tf_agents_update_by_update(
  noise, make_rows, make_optimizer
):
  tf.keras.utils.set_random_seed(0)
  agent = sac.SacAgent(
    OBS,
    A,
    make_optimizer=make_optimizer,
    learning_rate=LEARNING_RATE,
    hidden=HIDDEN,
    gamma=GAMMA,
    tau=TAU,
  )
  reference, learning_rate = make_reference(make_optimizer)
  for ours, theirs in zip(
    variables_of(agent), variables_of(reference), strict=True
  ):
    theirs.assign(ours)
  start = values_of(agent)
  learner = [make_rows(G * B, seed) for seed in (1, 2, 3)]
  expert = [make_rows(G * B, seed) for seed in (4, 5, 6)]

  noise.restart()
  losses, num_traces = run_rounds(agent, learner, expert)
  noise.restart()
  expected_losses = reference_updates(reference, learning_rate, learner, expert)

  assert num_traces == 1
  np.testing.assert_allclose(losses, expected_losses, rtol=1e-4)
  for before, found, expected in zip(
    start, values_of(agent), values_of(reference), strict=True
  ):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert np.abs(expected - before).max() > 1e-3
  assert agent.train_step_counter.numpy() == G * len(ROUNDS)
