"""Noise that two agents, or an agent and NumPy, can share; and rows."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability.python.internal import samplers

from tfirl.agents import relabeling
from tfirl.types import Transition

OBS, A = 4, 2
_stateless_normal = tf.random.stateless_normal


class CountedNoise:
  """Stands in for TensorFlow's and TensorFlow Probability's normal draws.

  The k-th draw since `restart` depends on nothing but k and its shape, in
  eager code and in graph loops alike, where TensorFlow's own draws depend on
  the graph that they are in.
  """

  def __init__(self):
    self._count = tf.Variable(0)

  def restart(self):
    self._count.assign(0)

  def __call__(
    self, shape, mean=0.0, stddev=1.0, dtype=tf.float32, seed=None, name=None
  ):
    drawn = _stateless_normal(shape, [5, self._count], dtype=dtype)
    self._count.assign_add(1)
    return mean + stddev * drawn

  def of_tfp(self, shape, *args, **kwargs):
    """The same draws for TFP, which asks for them as [A, B]."""
    return tf.transpose(self(tf.reverse(shape, [0]), *args, **kwargs))

  def of_actions(self, k, num_rows):
    """The k-th draw, [B, A]."""
    return _stateless_normal([num_rows, A], [5, k]).numpy()


@pytest.fixture
def noise(monkeypatch):
  noise = CountedNoise()
  monkeypatch.setattr(samplers, 'normal', noise.of_tfp)
  monkeypatch.setattr(tf.random, 'stateless_normal', noise)
  return noise


@pytest.fixture
def make_rows():
  """`make_rows(num_rows, seed)`: a NumPy `Transition`, a tenth terminal."""

  def make(num_rows, seed):
    rng = np.random.default_rng(seed)
    rows = Transition(
      observation=rng.normal(size=(num_rows, OBS)),
      action=rng.uniform(-1, 1, (num_rows, A)),
      discount=rng.uniform(size=num_rows) > 0.1,
      next_observation=rng.normal(size=(num_rows, OBS)),
    )
    return Transition(*(field.astype(np.float32) for field in rows))

  return make


@pytest.fixture
def train():
  """`train(agent, rows, reward, **kwargs)`: one update. Returns its losses."""

  def train(agent, rows, reward, **kwargs):
    experience = relabeling.as_experience(
      Transition(*map(tf.convert_to_tensor, rows)),
      tf.convert_to_tensor(reward, tf.float32),
    )
    return agent.train(experience, **kwargs).extra

  return train
