"""Threads are shared between operations at a time and the work of each."""

import json
import os
import subprocess
import sys

import pytest

from tfirl.machine import threads

_TELL = """
import json, sys
import tensorflow as tf
from tfirl.machine import threads
threads.take(int(sys.argv[1]))
t = tf.config.threading
print(json.dumps([t.get_inter_op_parallelism_threads(),
                  t.get_intra_op_parallelism_threads()]))
"""


def _take(num_threads, **environment):
  """The pools [operations at a time, threads of each] of a new process."""
  kept = {k: v for k, v in os.environ.items() if not k.startswith('TF_NUM_')}
  done = subprocess.run(
    [sys.executable, '-c', _TELL, str(num_threads)],
    env={**kept, **environment},
    capture_output=True,
    check=True,
    timeout=120,
  )
  return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
  ('num_threads', 'operations', 'each'),
  [(1, 1, 1), (2, 2, 1), (3, 2, 2), (4, 2, 2), (16, 2, 8)],
)
def test_two_operations_share_the_threads(num_threads, operations, each):
  assert threads.environment(num_threads) == {
    'TF_NUM_INTEROP_THREADS': str(operations),
    'TF_NUM_INTRAOP_THREADS': str(each),
  }


def test_takes_what_is_asked_for():
  assert _take(4) == [2, 2]


def test_zero_takes_the_cores_this_process_may_use():
  cores = len(os.sched_getaffinity(0))
  operations, each = _take(0)
  assert operations * each in (cores, cores + 1)


def test_zero_leaves_it_to_the_environment():
  assert _take(0, TF_NUM_INTRAOP_THREADS='3') == [0, 0]


def test_too_late_only_warns(caplog):
  import tensorflow as tf

  tf.zeros(1) + 1.0  # TensorFlow has started
  threads.take(64)
  assert 'num_threads = 64 has no effect' in caplog.text
