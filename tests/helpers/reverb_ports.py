"""Whether Reverb's servers were stopped."""

import contextlib
import socket
from unittest import mock

import reverb


@contextlib.contextmanager
def none_left_open(num_servers=1):
  """Fails unless so many servers are started in here, and stopped again."""
  make_server, ports = reverb.Server, []

  def serve(*args, **kwargs):
    server = make_server(*args, **kwargs)
    ports.append(server.port)
    return server

  with mock.patch.object(reverb, 'Server', serve):
    yield
  assert [_is_open(port) for port in ports] == [False] * num_servers


def _is_open(port):
  with contextlib.suppress(ConnectionRefusedError):
    socket.create_connection(('localhost', port), 1).close()
    return True
  return False
