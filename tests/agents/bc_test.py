"""Behaviour cloning: its loss in NumPy, and that it learns."""

import numpy as np
import tensorflow as tf

from tfirl.agents import bc
from tfirl.algorithms.parts import rounds
from tfirl.types import Transition

OBS, A = 4, 2


def tensors(rows):
  return Transition(*map(tf.constant, rows))


def numpy_gradients(agent, rows):
  """(loss, its gradients) for one hidden layer: mean of (tanh(..) - a)^2."""
  k0, b0, k1, b1 = (
    np.float64(v.numpy()) for v in agent.cloning_network.variables
  )
  hidden = np.maximum(rows.observation @ k0 + b0, 0)
  predicted = np.tanh(hidden @ k1 + b1)
  error = predicted - rows.action
  d_output = 2 * error * (1 - predicted**2) / error.size
  d_hidden = d_output @ k1.T * (hidden > 0)
  gradients = [
    rows.observation.T @ d_hidden,
    d_hidden.sum(0),
    hidden.T @ d_output,
    d_output.sum(0),
  ]
  return (error**2).mean(), gradients


def test_loss_and_first_adam_step_equal_numpy(make_rows):
  agent = bc.BcAgent(OBS, A, learning_rate=0.01, hidden=(16,))
  rng = np.random.default_rng(0)
  for variable in agent.cloning_network.variables:
    variable.assign(rng.normal(0, 0.5, variable.shape))
  rows = make_rows(32, 1)
  before = [v.numpy() for v in agent.cloning_network.variables]
  loss, gradients = numpy_gradients(agent, rows)
  info = agent.train(bc.as_trajectory(tensors(rows)))
  assert loss > 0.1
  np.testing.assert_allclose(info.loss, loss, rtol=1e-5)
  after = [v.numpy() for v in agent.cloning_network.variables]
  for old, new, gradient in zip(before, after, gradients, strict=True):
    # Adam, t = 1: lr * g / (|g| + eps), eps = 1e-7 / sqrt(1 - beta_2).
    step = 0.01 * gradient / (np.abs(gradient) + 1e-7 / np.sqrt(1e-3))
    np.testing.assert_allclose(new - old, -step, rtol=1e-3, atol=1e-6)


def test_expert_rows_keep_their_place_in_the_trajectory(make_rows):
  rows = tensors(make_rows(5, 0))
  experience = bc.as_trajectory(rows)
  assert experience.observation is rows.observation
  assert experience.action is rows.action
  assert experience.discount is rows.discount
  assert not np.any(experience.is_boundary())


def test_it_clones_a_policy_in_one_trace():
  rng = np.random.default_rng(0)
  target = rng.normal(size=(OBS, A))
  tf.keras.utils.set_random_seed(0)
  agent = bc.BcAgent(OBS, A, learning_rate=3e-3, hidden=(32, 32))

  def make_rows(num_rows):
    observation = rng.normal(size=(num_rows, OBS)).astype(np.float32)
    action = np.tanh(observation @ target).astype(np.float32)
    return Transition(
      observation, action, np.ones(num_rows, np.float32), observation
    )

  def step(batch):
    return {'loss': agent.train(bc.as_trajectory(batch)).loss}

  compiled = rounds.Rounds(step, 100, False)
  losses = [
    float(compiled.run(tensors(make_rows(6400)))['loss']) for _ in range(8)
  ]
  assert compiled.num_traces == 1
  assert agent.train_step_counter.numpy() == 800
  unseen = make_rows(500)
  error = agent.mlp_policy()(unseen.observation) - unseen.action
  assert losses[-1] < losses[0] / 10
  assert (error**2).mean() < 0.02
  assert (unseen.action**2).mean() > 0.3


def test_policy_is_deterministic_and_the_agents_own(make_rows):
  agent = bc.BcAgent(OBS, A, learning_rate=0.01)
  observation = make_rows(9, 0).observation
  policy = agent.mlp_policy()
  expected = agent.cloning_network(observation)[0]
  np.testing.assert_allclose(policy(observation), expected, atol=1e-6)
  assert policy.layers[-1][1].shape == (A,)


def test_a_restored_agent_continues_as_the_original(make_rows, tmp_path):
  def make():
    return bc.BcAgent(OBS, A, learning_rate=0.01, hidden=(8,))

  agent, restored = make(), make()
  agent.train(bc.as_trajectory(tensors(make_rows(8, 0))))
  path = tf.train.Checkpoint(agent=agent).write(str(tmp_path / 'checkpoint'))
  tf.train.Checkpoint(agent=restored).read(path).assert_consumed()
  for one in (agent, restored):
    one.train(bc.as_trajectory(tensors(make_rows(8, 1))))
  for original, continued in zip(
    agent.cloning_network.variables,
    restored.cloning_network.variables,
    strict=True,
  ):
    np.testing.assert_array_equal(continued, original)
  assert restored.train_step_counter.numpy() == 2


def test_agents_count_their_own_steps(make_rows):
  one, other = (bc.BcAgent(OBS, A, learning_rate=0.01) for _ in range(2))
  one.train(bc.as_trajectory(tensors(make_rows(8, 0))))
  assert other.train_step_counter.numpy() == 0


def test_a_restored_agent_keeps_the_rate_it_was_made_with(tmp_path, make_rows):
  """A run goes on from a checkpoint with a lower rate than its own."""
  batch = bc.as_trajectory(tensors(make_rows(32, 1)))
  agents = [
    bc.BcAgent(OBS, A, learning_rate=rate, hidden=(4,)) for rate in (0.1, 0.001)
  ]
  agents[0].train(batch)
  path = tf.train.Checkpoint(agent=agents[0]).write(str(tmp_path / 'x'))
  tf.train.Checkpoint(agent=agents[1]).read(path).assert_consumed()
  before = [v.numpy() for v in agents[1].cloning_network.variables]
  agents[1].train(batch)
  moved = max(
    np.abs(old - new.numpy()).max()
    for old, new in zip(
      before, agents[1].cloning_network.variables, strict=True
    )
  )
  assert 0 < moved < 0.01
