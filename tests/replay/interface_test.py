"""Reverb's server answers this machine alone."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys

import pytest

from tfirl.replay import interface

_HOST, _GUEST = '10.213.77.1', '10.213.77.2'  # of the two ends of a cable
_CONNECT = """
import socket, sys
try:
  socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()
  print('open')
except OSError:
  print('closed')
"""


@pytest.fixture(autouse=True)
def loopback():
  yield
  interface.choose(interface.LOOPBACK)


def _device_of(listener):
  """The interface that a socket is held to, '' for none."""
  option = socket.SOL_SOCKET, socket.SO_BINDTODEVICE
  return listener.getsockopt(*option, 64).rstrip(b'\0').decode()


def _devices(port):
  """The interface of each socket of this process that listens on the port."""
  found = []
  for descriptor in interface._listeners(port):
    with socket.socket(fileno=os.dup(descriptor)) as listener:
      found.append(_device_of(listener))
  return found


def test_finds_its_sockets_by_their_port():
  with socket.create_server(('', 0)) as one, socket.create_server(('', 0)) as b:
    port = one.getsockname()[1]
    assert list(interface._listeners(port)) == [one.fileno()]
    interface.restrict(port)
    assert (_device_of(one), _device_of(b)) == ('lo', '')


def test_an_unknown_interface_is_refused_with_those_there_are():
  with pytest.raises(ValueError, match="is 'eth7x'; expected 'any' or one of"):
    interface.choose('eth7x')
  with socket.create_server(('', 0)) as listener:
    interface.restrict(listener.getsockname()[1])  # as before
    assert _device_of(listener) == 'lo'


@pytest.mark.parametrize('error', [PermissionError(1, 'not permitted'), None])
def test_a_server_that_stays_open_to_all_is_an_error(
  make_replay, monkeypatch, error
):
  def refuse(descriptor, name):
    raise error

  if error:
    monkeypatch.setattr(interface, '_bind', refuse)
  else:
    monkeypatch.setattr(interface, '_inodes', lambda port: [])
  words = 'not permitted' if error else 'found no socket'
  with pytest.raises(OSError, match=words) as info:
    make_replay()
  assert 'is open to every machine' in str(info.value)
  assert '--reverb_interface=any' in str(info.value)
  monkeypatch.undo()
  make_replay()  # nothing of the first one is in its way


@contextlib.contextmanager
def _other_machine():
  """Yields the words that run a command in a network namespace that is joined
  to ours by a cable; None where that is not allowed.
  """
  name, ours, theirs = f'tfirl{os.getpid()}', f'tf{os.getpid()}', 'tfguest'
  inside = ['ip', 'netns', 'exec', name]
  setup = (
    f'ip netns add {name}',
    f'ip link add {ours} type veth peer name {theirs} netns {name}',
    f'ip addr add {_HOST}/24 dev {ours}',
    f'ip link set {ours} up',
    f'ip -n {name} addr add {_GUEST}/24 dev {theirs}',
    f'ip -n {name} link set {theirs} up',
  )
  done = [
    subprocess.call(command.split(), stderr=subprocess.DEVNULL)
    for command in (setup if shutil.which('ip') else ['false'])
  ]
  try:
    yield None if any(done) else inside
  finally:
    if not done[0]:
      subprocess.call(['ip', 'netns', 'del', name])
      subprocess.call(['ip', 'link', 'del', ours], stderr=subprocess.DEVNULL)


def test_another_machine_gets_no_connection(make_replay, make_rows):
  with _other_machine() as inside, socket.create_server(('', 0)) as control:
    if inside is None:
      pytest.skip('no network namespace can be made here (needs root, and ip)')

    def call(port, words, host=_HOST):
      command = [*words, sys.executable, '-c', _CONNECT, host, str(port)]
      return subprocess.check_output(command, text=True).strip()

    port = make_replay()._server.port
    assert _devices(port) == ['lo']
    assert call(control.getsockname()[1], inside) == 'open'  # the cable works
    assert call(port, inside) == 'closed'
    assert call(port, [], 'localhost') == 'open'
    cable = f'tf{os.getpid()}'
    for name, expected in ((cable, 'open'), ('lo', 'closed'), ('any', 'open')):
      interface.choose(name)
      replay = make_replay()
      replay.writer('policy').append(
        make_rows(range(8))
      )  # it comes by loopback
      assert replay.size('policy') == 8
      assert call(replay._server.port, inside) == expected
    others = {n for _, n in socket.if_nameindex()} - {'lo', cable}
    interface.choose(min(others, default='lo'))
    assert call(make_replay()._server.port, inside) == 'closed'
