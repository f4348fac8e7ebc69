"""How many threads TensorFlow takes."""

import logging
import os
from collections.abc import Mapping

_OPERATIONS = 'TF_NUM_INTEROP_THREADS'  # at a time
_THREADS = 'TF_NUM_INTRAOP_THREADS'  # of each


def environment(num_threads: int) -> Mapping[str, str]:
  """What TensorFlow reads: two operations at a time, each on half the threads.

  Its own default lets every operation take all threads. Those that could run
  side by side (the two critics, the parts of a fit) then wait for each other: a
  tenth fewer SAC updates a second on 2 cores, a seventh fewer epochs of a fit.

  Args:
    num_threads: at least 1.
  """
  operations = min(2, num_threads)
  each = -(-num_threads // operations)
  return {_OPERATIONS: str(operations), _THREADS: str(each)}


def take(num_threads: int = 0) -> None:
  """Sizes the thread pools of this process.

  Must come before TensorFlow's first operation; later it only warns.

  Args:
    num_threads: 0 for as many as there are cores, unless the environment says
      (TF_NUM_INTRAOP_THREADS).
  """
  import tensorflow as tf  # those who only ask for `environment` don't need it

  if not num_threads:
    if _THREADS in os.environ:
      return
    num_threads = len(os.sched_getaffinity(0))
  chosen = environment(num_threads)
  threading = tf.config.threading
  try:
    threading.set_inter_op_parallelism_threads(int(chosen[_OPERATIONS]))
    threading.set_intra_op_parallelism_threads(int(chosen[_THREADS]))
  except RuntimeError:
    logging.warning(
      'num_threads = %d has no effect: TensorFlow has started already',
      num_threads,
    )
