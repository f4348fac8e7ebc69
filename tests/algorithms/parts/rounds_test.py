"""The loop over a round's batches; with SAC in it: agents/sac_round_test."""

import numpy as np
import pytest
import tensorflow as tf

from tfirl.algorithms.parts.rounds import Rounds
from tfirl.types import Transition


def make_polynomial(num_steps, jit_compile=False):
  """Rounds of total <- 10 * total + scale * sum(batch): the order shows."""
  total = tf.Variable(0.0)

  def step(batch, scale):
    tf.debugging.assert_shapes([(batch, [2]), (scale, [1])])
    total.assign(10 * total + tf.reduce_sum(batch) * tf.squeeze(scale))
    return {'total': total.value(), 'scale': tf.squeeze(scale)}

  return total, Rounds(step, num_steps, jit_compile)


@pytest.mark.parametrize('jit_compile', [False, True])
def test_steps_in_order_each_on_its_own_rows(jit_compile):
  total, rounds = make_polynomial(3, jit_compile)
  losses = rounds.run(
    tf.constant([1.0, 0.0, 2.0, 1.0, 1.0, 4.0]), tf.constant([1.0, 2.0, 1.0])
  )
  # Batches (1, 0), (2, 1), (1, 4): sums 1, 3 * 2, 5.
  assert total.numpy() == 165
  assert float(losses['total']) == pytest.approx((1 + 16 + 165) / 3)
  assert float(losses['scale']) == pytest.approx(4 / 3)


def test_a_round_of_one_step():
  total, rounds = make_polynomial(1)
  losses = rounds.run(tf.constant([2.0, 3.0]), tf.constant([1.0]))
  assert total.numpy() == 5 and float(losses['total']) == 5


def test_nests_keep_their_form():
  rng = np.random.default_rng(0)
  rows = Transition(
    rng.normal(size=(12, 3)).astype(np.float32),
    rng.normal(size=(12, 2)).astype(np.float32),
    rng.normal(size=12).astype(np.float32),
    rng.normal(size=(12, 3)).astype(np.float32),
  )
  seen = []

  def step(batch):
    assert isinstance(batch, Transition)
    seen.append([field.shape.as_list() for field in batch])
    return {'last': batch.next_observation[-1, -1] + batch.discount[0]}

  losses = Rounds(step, 4, False).run(tf.nest.map_structure(tf.constant, rows))
  assert seen[0] == [[3, 3], [3, 2], [3], [3, 3]]
  expected = rows.next_observation[2::3, -1] + rows.discount[::3]
  assert float(losses['last']) == pytest.approx(expected.mean(), rel=1e-5)


def test_one_trace_unless_shapes_change():
  _, rounds = make_polynomial(2)
  for i in range(5):
    rounds.run(tf.fill([4], float(i)), tf.fill([2], 1.0 / (i + 1)))
  assert rounds.num_traces == 1
  with pytest.raises(ValueError, match='evenly divisible by 2 but is 5'):
    rounds.run(tf.zeros([5]), tf.zeros([2]))


def test_a_step_is_traced_once_and_autograph_leaves_it_alone():
  """It would rewrite all of TF-Agents, at each start of a run."""
  seen = []

  def step(batch, unused_expert=None):
    seen.append(tf.__internal__.autograph.control_status_ctx().status.name)
    return {'mean': tf.reduce_mean(batch)}

  losses = Rounds(step, 3, False).run(tf.constant([1.0, 2.0, 6.0]))
  assert float(losses['mean']) == 3
  assert seen == ['DISABLED']


def test_noise_is_drawn_anew_at_every_step():
  """Under a global seed, an op outside the loop would repeat one inside."""
  tf.random.set_seed(1)
  draws = tf.Variable(tf.zeros([8]))
  i = tf.Variable(0)

  def step(rows):
    draws.scatter_nd_update([[i]], [tf.random.normal([])])
    i.assign_add(1)
    return {'rows': tf.reduce_sum(rows)}

  rounds = Rounds(step, 4, False)
  for _ in range(2):
    rounds.run(tf.zeros([4]))
  assert len(set(draws.numpy().tolist())) == 8
