"""Whole rounds of SAC and TD3+BC against the same updates one at a time.

For SAC those are TF-Agents' own. Both sides draw the same noise: the `noise`
fixture replaces normal draws by ones that depend on their count alone.
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

from tfirl.agents import relabeling, sac, td3_bc
from tfirl.algorithms.parts import rounds
from tfirl.optimizers.optimistic_adam import OptimisticAdam
from tfirl.replay import sampling
from tfirl.types import Transition

OBS, A, B, G = 4, 2, 16, 5
LEARNING_RATE, HIDDEN, GAMMA, TAU = 3e-3, (16, 16), 0.95, 0.05
SETTINGS = {
  'learning_rate': LEARNING_RATE,
  'hidden': HIDDEN,
  'gamma': GAMMA,
  'tau': TAU,
}
ADAM = tf.keras.optimizers.legacy.Adam
# Per round: expert rows' share at each update, learning rate scale, cost.
ROUNDS = [
  ([1.0, 0.8, 0.6, 0.5, 0.3], 1.0, [0.5, -1.0, 0.2, 0.7, 1.0, -0.4]),
  ([0.3, 0.2, 0.1, 0.0, 0.0], 0.4, [-2.0, 0.3, 1.0, 0.0, -0.6, 1.5]),
  ([0.0, 0.0, 0.0, 0.0, 0.0], 0.1, [0.1, 0.1, -3.0, 2.0, 0.5, 0.5]),
]


def make_sac(make_optimizer):
  """The agent, TF-Agents', and `train(experience, expert, scale)` of that."""
  reference, learning_rate = make_sac_reference(make_optimizer)

  def train(experience, expert, scale):
    del expert  # The agent is given them too, and has no use for them.
    learning_rate.assign(LEARNING_RATE * scale)
    return reference.train(experience)

  agent = sac.SacAgent(OBS, A, make_optimizer=make_optimizer, **SETTINGS)
  return agent, reference, train


def make_td3_bc(make_optimizer):
  """The agent, another one, and `train(experience, expert, scale)` of that."""
  agent, reference = (
    td3_bc.Td3BcAgent(
      OBS,
      A,
      make_optimizer=make_optimizer,
      bc_weight=0.5,
      critic_clip_norm=1.0,
      weight_decay=1e-3,
      **SETTINGS,
    )
    for _ in range(2)
  )

  def train(experience, expert, scale):
    reference.learning_rate_scale.assign(scale)
    return reference.train(experience, expert=expert)

  return agent, reference, train


def make_sac_reference(make_optimizer):
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
  """Of actor, critics and their targets, and SAC's temperature."""
  names = ('_actor_network', '_critic_network_1', '_critic_network_2')
  names = [*names, *(f'_target{name}' for name in names)]
  networks = [getattr(agent, name) for name in names if hasattr(agent, name)]
  temperature = [agent._log_alpha] if hasattr(agent, '_log_alpha') else []
  return [v for network in networks for v in network.variables] + temperature


def values_of(agent):
  return [variable.numpy() for variable in variables_of(agent)]


def one_by_one(train, learner, expert):
  """Mixes, rewards and trains batch by batch, in NumPy but for `train`."""
  losses = []
  for i_round, (fractions, scale, cost) in enumerate(ROUNDS):
    for g, fraction in enumerate(fractions):
      k, rows = round(fraction * B), slice(g * B, (g + 1) * B)
      ours = Transition(*(field[rows] for field in learner[i_round]))
      theirs = Transition(*(field[rows] for field in expert[i_round]))
      observation, action, discount, next_observation = (
        np.concatenate([b[:k], a[k:]])
        for a, b in zip(ours, theirs, strict=True)
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
      info = train(experience, theirs, scale)
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
    experience = relabeling.as_experience(batch)
    return agent.named_losses(relabeled.train(experience, expert=theirs))

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
    losses.append([float(means['critic_loss']), float(means['actor_loss'])])
  return losses, compiled.num_traces


@pytest.mark.parametrize('make_optimizer', [OptimisticAdam, ADAM])
@pytest.mark.parametrize('make_agents', [make_sac, make_td3_bc])
def test_rounds_equal_updates_one_by_one(
  noise, make_rows, make_agents, make_optimizer
):
  """Hybrid batches, relabeled, in one trace: as the same done by hand."""
  agent, reference, train = make_agents(make_optimizer)
  rng = np.random.default_rng(0)
  for ours, theirs in zip(
    variables_of(agent), variables_of(reference), strict=True
  ):
    ours.assign(rng.normal(0, 0.4, ours.shape))
    theirs.assign(ours)
  start = values_of(agent)
  learner = [make_rows(G * B, seed) for seed in (1, 2, 3)]
  expert = [make_rows(G * B, seed) for seed in (4, 5, 6)]

  noise.restart()
  losses, num_traces = run_rounds(agent, learner, expert)
  noise.restart()
  expected_losses = one_by_one(train, learner, expert)

  assert num_traces == 1
  np.testing.assert_allclose(losses, expected_losses, rtol=1e-4)
  for before, found, expected in zip(
    start, values_of(agent), values_of(reference), strict=True
  ):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert np.abs(expected - before).max() > 1e-3
  assert agent.train_step_counter.numpy() == G * len(ROUNDS)
