"""Where the noise of gradient steps comes from, under XLA and without."""

import tensorflow as tf


class NoiseStream(tf.Module):
  """Seeds for stateless random operations, each handed out once.

  XLA takes no notice of the seeds of TensorFlow's own random operations: on a
  CPU all runs would share one stream, and a resumed run would repeat it. Here
  the stream's place is a variable and part of a checkpoint, and one seed is one
  stream.
  """

  def __init__(self):
    """Begins a stream given by TensorFlow's global seed, as weights are."""
    super().__init__('noise_stream')
    key = tf.random.uniform([], maxval=tf.int32.max, dtype=tf.int32)
    # int64, as TensorFlow keeps int32 variables off a GPU.
    self._key_and_count = tf.Variable(
      tf.stack([tf.cast(key, tf.int64), 0]), trainable=False
    )

  def next_seed(self) -> tf.Tensor:
    """The next seed, int32 [2]; also in a graph."""
    step = tf.constant([0, 1], tf.int64)
    return tf.cast(self._key_and_count.assign_add(step), tf.int32)
