"""Policies out and blocks in, between two ends of one process."""

import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from tfirl.replay import exchange, interface
from tfirl.replay.errors import BlockedWriterError, StarvedTableError

_ROWS, _WIDTH, _CAPACITY = 4, 3, 2


@pytest.fixture
def learner():
  made = exchange.Exchange(_ROWS, _WIDTH, _CAPACITY)
  yield made
  made.close()


@pytest.fixture
def make_actor(learner):
  return lambda timeout_s=1.0: exchange.Outpost(
    f'127.0.0.1:{learner.port}', timeout_s
  )


def _block(number):
  counts = (np.int64(n) for n in (5, 6, number, 7))
  rows = np.full((_ROWS, _WIDTH), number, np.float32)
  return exchange.Block(rows, np.arange(_ROWS), *counts)


def _orders(version, is_over=False):
  data = np.frombuffer(b'policy %d' % version, np.uint8)
  flags = np.bool_(version % 2), np.bool_(is_over)
  return exchange.Orders(data, np.int64(version), *flags)


def _never():
  return False


def test_actors_read_the_latest_orders_as_often_as_they_like(
  learner, make_actor
):
  actors = make_actor(), make_actor()
  for version in (1, 2):
    learner.tell(_orders(version))
    for actor in [*actors, *actors]:
      found = actor.read()
      assert found.policy.tobytes() == b'policy %d' % version
      assert (found.version, found.is_stochastic) == (version, version == 1)
      assert not found.is_over
  learner.tell(_orders(3, is_over=True))
  assert actors[0].read().is_over


def test_a_block_is_taken_once_and_in_order(learner, make_actor):
  one, other = make_actor(), make_actor()
  assert one.write(_block(0), _never) and other.write(_block(1), _never)
  assert learner.num_waiting == 2
  taken = [learner.take(1000), learner.take(1000)]
  for number, block in enumerate(taken):
    for found, expected in zip(block, _block(number), strict=True):
      np.testing.assert_array_equal(found, expected)
      assert found.dtype == expected.dtype
  assert learner.take(200) is None
  assert learner.num_waiting == 0


def test_actors_wait_for_room_and_then_no_longer(learner, make_actor):
  actor = make_actor()
  for number in range(_CAPACITY):
    assert actor.write(_block(number), _never)
  start = time.monotonic()
  with pytest.raises(BlockedWriterError, match='took no block for 1 s.*actor_'):
    actor.write(_block(9), _never)
  assert 1.0 <= time.monotonic() - start < 4.0


def test_an_actor_that_is_told_to_stop_waits_no_longer(learner, make_actor):
  actor = make_actor(timeout_s=600.0)
  learner.tell(_orders(0))
  for number in range(_CAPACITY):
    actor.write(_block(number), _never)
  learner.tell(_orders(1, is_over=True))
  assert not actor.write(_block(9), lambda: bool(actor.read().is_over))


def test_no_policy_is_told_within_the_time(learner, make_actor):
  with pytest.raises(StarvedTableError, match='no policy within 1 s'):
    make_actor().read()


def test_a_policy_that_is_not_taken_is_told(learner, monkeypatch):
  """Else actors would go on by the one before, without a word."""
  monkeypatch.setattr(learner._writer, 'flush', lambda timeout_ms: False)
  with pytest.raises(BlockedWriterError, match='took no policy for 60 s'):
    learner.tell(_orders(1))


def test_a_learner_that_stands_still_does_not_answer():
  code = (
    'from tfirl.replay import exchange; import time;'
    'made = exchange.Exchange(1, 1, 1);'
    'print(made.port, flush=True); time.sleep(600)'
  )
  environment = os.environ | {'PYTHONPATH': os.pathsep.join(sys.path)}
  with subprocess.Popen(
    [sys.executable, '-c', code],
    stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL,
    env=environment,
  ) as process:
    try:
      address = f'127.0.0.1:{int(process.stdout.readline())}'
      actor = exchange.Outpost(address, 1.0)
      assert actor.answers(5.0)
      process.send_signal(signal.SIGSTOP)
      time.sleep(0.2)
      start = time.monotonic()
      assert not actor.answers(2.0)
      assert time.monotonic() - start < 4.0
      process.send_signal(signal.SIGCONT)
      assert actor.answers(5.0)
      process.kill()
      process.wait()
      assert not actor.answers(2.0)
    finally:
      process.kill()


def test_it_is_heard_by_this_machine_alone(learner):
  option = socket.SOL_SOCKET, socket.SO_BINDTODEVICE
  (descriptor,) = interface._listeners(learner.port)
  with socket.socket(fileno=os.dup(descriptor)) as listener:
    assert listener.getsockopt(*option, 64).rstrip(b'\0') == b'lo'
