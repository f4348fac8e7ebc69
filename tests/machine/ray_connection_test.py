"""Ray of this machine alone, and what is said where there is none."""

import os
import signal
import socket
import sys

import pytest

from tfirl.machine import ray_connection


@pytest.mark.parametrize('address', ['head', 'head:', ':6379', 'head:port'])
def test_bad_address(address):
  with pytest.raises(ValueError, match=f'--ray_address={address}: expected'):
    ray_connection.check_address(address)


def test_an_address_at_which_nobody_answers(monkeypatch):
  """Accepts, and then says nothing, as a port of something else does."""
  monkeypatch.setattr(ray_connection, '_HEALTH_S', 3)
  with socket.socket() as server:
    server.bind(('127.0.0.1', 0))
    server.listen()
    address = f'127.0.0.1:{server.getsockname()[1]}'
    with pytest.raises(RuntimeError, match=f'--ray_address={address}: '):
      ray_connection.check_address(address)


def test_ray_that_is_not_installed(monkeypatch):
  monkeypatch.setitem(sys.modules, 'tfirl.sweeps.executors.ray_tasks', None)
  with pytest.raises(RuntimeError, match="--executor=ray: .*'tfirl\\[ray\\]'"):
    ray_connection.import_module(
      'tfirl.sweeps.executors.ray_tasks', '--executor=ray'
    )


def test_ray_of_this_machine_takes_no_signal():
  pytest.importorskip('ray', reason="needs pip install 'tfirl[ray]'")
  told = []
  old = signal.signal(signal.SIGTERM, lambda *_: told.append('SIGTERM'))
  try:
    with ray_connection.connected(None, num_cpus=3) as ray:
      assert ray.cluster_resources()['CPU'] == 3
      os.kill(os.getpid(), signal.SIGTERM)
  finally:
    signal.signal(signal.SIGTERM, old)
  assert told == ['SIGTERM']
