"""What the bound of an update counts."""

import sys

import tensorflow as tf


def test_an_update_has_the_matmuls_of_sac(load_script, monkeypatch):
  monkeypatch.syspath_prepend('benchmarks')
  script = load_script('benchmarks/sac_matmuls.py')
  update = script._make_update(hidden=8)
  num_inputs = sum(sys.modules['updates'].SIZES)
  graph = tf.function(update).get_concrete_function(
    tf.TensorSpec([4, num_inputs], tf.float32)
  )
  matmuls = [op for op in graph.graph.get_operations() if op.type == 'MatMul']
  forward = 3 * (3 + 2 + 2 + 2)  # actor x 3, targets, critics, critics again
  backward = 2 * 5 + 2 * 3 + 5  # critics, critics to the actions, actor
  assert len(matmuls) == forward + backward
  assert float(update(tf.ones([4, num_inputs]))) != 0.0
