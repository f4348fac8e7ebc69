"""Whole rounds of TD3+BC against the same updates one at a time.

Both sides draw the same noise: the `noise` fixture replaces TensorFlow's normal
draws by ones that depend on their count alone.
"""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.agents import relabeling, td3_bc
from tfirl.algorithms import rounds
from tfirl.optimizers.optimistic_adam import OptimisticAdam
from tfirl.replay import sampling
from tfirl.types import Transition

OBS, A, B = 4, 2, 32
ADAM = tf.keras.optimizers.legacy.Adam


def make_agent(make_optimizer):
  """Every network, targets too, has weights of its own, always the same."""
  agent = td3_bc.Td3BcAgent(
    OBS,
    A,
    make_optimizer=make_optimizer,
    learning_rate=3e-3,
    hidden=(16, 8),
    gamma=0.9,
    tau=0.05,
    bc_weight=0.5,
    critic_clip_norm=1.0,
    weight_decay=1e-3,
  )
  rng = np.random.default_rng(0)
  for variable in variables_of(agent):
    variable.assign(rng.normal(0, 0.4, variable.shape))
  return agent


def variables_of(agent):
  networks = (
    agent._actor_network,
    agent._critic_network_1,
    agent._critic_network_2,
    agent._target_actor_network,
    agent._target_critic_network_1,
    agent._target_critic_network_2,
  )
  return [variable for network in networks for variable in network.variables]


def tensors(rows):
  return Transition(*map(tf.convert_to_tensor, rows))


def train(agent, rows, reward, expert):
  experience = relabeling.as_experience(
    tensors(rows), tf.constant(reward, tf.float32)
  )
  return agent.train(experience, expert=expert).extra


@pytest.mark.parametrize('make_optimizer', [OptimisticAdam, ADAM])
def test_rounds_equal_updates_one_by_one(noise, make_rows, make_optimizer):
  """Hybrid batches, relabeled, in one trace: as the same done by hand."""
  num_steps, fractions = 5, [1.0, 0.8, 0.5, 0.5, 0.0]
  cost = np.float32([0.5, -1.0, 0.2, 0.7, 1.0, -0.4])
  agent, reference = make_agent(make_optimizer), make_agent(make_optimizer)
  relabeled = relabeling.RewardRelabelingAgent(
    agent, lambda o, a: -tf.linalg.matvec(tf.concat([o, a], 1), cost)
  )

  def step(ours, theirs, fraction):
    batch = sampling.mix(ours, theirs, tf.squeeze(fraction))
    experience = relabeling.as_experience(batch)
    return agent.named_losses(relabeled.train(experience, expert=theirs))

  compiled = rounds.Rounds(step, num_steps, jit_compile=False)
  noise.restart()
  found, expected = [], []
  data = [(make_rows(num_steps * B, i), make_rows(num_steps * B, 9 + i))
          for i in range(3)]  # fmt: skip
  for ours, theirs in data:
    found.append(
      compiled.run(tensors(ours), tensors(theirs), tf.constant(fractions))
    )
  noise.restart()
  for ours, theirs in data:
    losses = []
    for g, fraction in enumerate(fractions):
      k, rows = round(fraction * B), slice(g * B, (g + 1) * B)
      expert = Transition(*(field[rows] for field in theirs))
      batch = Transition(
        *(
          np.concatenate([b[:k], a[rows][k:]])
          for a, b in zip(ours, expert, strict=True)
        )
      )
      reward = -np.concatenate([batch.observation, batch.action], 1) @ cost
      losses.append(train(reference, batch, reward, expert))
    expected.append(np.mean(losses, axis=0))
  assert compiled.num_traces == 1
  for ours, (actor_loss, critic_loss) in zip(found, expected, strict=True):
    np.testing.assert_allclose(ours['actor_loss'], actor_loss, rtol=1e-4)
    np.testing.assert_allclose(ours['critic_loss'], critic_loss, rtol=1e-4)
  for one, other in zip(
    variables_of(agent), variables_of(reference), strict=True
  ):
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
  assert agent.train_step_counter.numpy() == 3 * num_steps
