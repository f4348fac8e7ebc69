"""The matmuls of SAC's updates and nothing else: the bound of sac_updates.py.

  python benchmarks/sac_matmuls.py --measure

Of one update, by what they wait for: the actor's forward passes (for the
target, for its own loss, for the temperature's), those of both targets and both
critics, the critics' again for the actor's loss, and the backward passes of
both losses. No biases, no ReLUs, no optimiser: weights stay, but those that an
update would have moved are not read before it.
"""

import json

import program
import updates
from absl import flags


def _layers(*sizes: int):
  """Kernels of a network, [in, out] each; small, so that nothing overflows."""
  import tensorflow as tf

  shapes = zip(sizes[:-1], sizes[1:], strict=True)
  return [tf.Variable(tf.random.normal(shape, stddev=0.05)) for shape in shapes]


def _forward(kernels, inputs):
  """Inputs of all layers, and outputs."""
  import tensorflow as tf

  passed = [inputs]
  for kernel in kernels:
    passed.append(tf.matmul(passed[-1], kernel))
  return passed


def _backward(kernels, passed, gradient, *, of_weights: bool, of_inputs: bool):
  """Gradients of the kernels, and of the network's inputs, or an empty list."""
  import tensorflow as tf

  gradients = []
  for i in reversed(range(len(kernels))):
    if of_weights:
      gradients.append(tf.matmul(passed[i], gradient, transpose_a=True))
    if i or of_inputs:
      gradient = tf.matmul(gradient, kernels[i], transpose_b=True)
  return [*gradients, gradient] if of_inputs else gradients


def _make_update(hidden: int):
  """`update(rows)`: all matmuls, on [B, O + A]. Returns a number of them."""
  import tensorflow as tf

  num_seen, num_actions = updates.SIZES
  num_inputs = num_seen + num_actions
  actor = _layers(num_seen, hidden, hidden, 2 * num_actions)
  critics, targets = (
    [_layers(num_inputs, hidden, hidden, 1) for _ in range(2)] for _ in range(2)
  )

  def judged(seen, acted):
    return tf.concat([seen, acted[:, :num_actions]], 1)

  def update(rows):
    seen = rows[:, :num_seen]
    following = judged(seen, _forward(actor, 2.0 * seen)[-1])
    ends = [_forward(target, following)[-1] for target in targets]
    for critic in critics:
      passed = _forward(critic, rows)
      ends += _backward(
        critic, passed, passed[-1], of_weights=True, of_inputs=False
      )
    acted = _forward(actor, seen)
    with tf.control_dependencies(ends):
      own = judged(seen, acted[-1])
    to_actions = []
    for critic in critics:
      passed = _forward(critic, own)
      (gradient,) = _backward(
        critic, passed, passed[-1], of_weights=False, of_inputs=True
      )
      to_actions.append(gradient[:, : 2 * num_actions])
    gradients = _backward(
      actor, acted, tf.add_n(to_actions), of_weights=True, of_inputs=False
    )
    with tf.control_dependencies(gradients):
      once_more = 3.0 * seen
    ends += [*gradients, _forward(actor, once_more)[-1]]
    # A number of each, or the graph would drop what nobody reads.
    return tf.add_n([end[0, 0] for end in ends])

  return update


def _measure() -> dict[str, float]:
  import tensorflow as tf

  from tfirl.machine import threads

  threads.take()
  update = _make_update(flags.FLAGS.hidden)
  rows = tf.random.normal([flags.FLAGS.batch, sum(updates.SIZES)])

  @tf.function(autograph=True)
  def run_round():
    total = 0.0
    for i in tf.range(updates.UPDATES_PER_ROUND):
      # Else all updates were one, for they compute the same.
      total += update(rows * tf.cast(i, tf.float32))
    return total

  return updates.rate(lambda: run_round().numpy())


def main(_):
  print(json.dumps(_measure()))


if __name__ == '__main__':
  program.run(main)
