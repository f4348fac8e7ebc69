"""Who can reach Reverb's server: this machine alone, unless told otherwise.

Reverb listens on every interface, without authentication, and has no option to
do otherwise. The kernel can bind a socket that listens already to loopback, or
give it a filter of what connects to it. The run itself comes by loopback.
"""

import contextlib
import ctypes
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

LOOPBACK = 'lo'
ANY = 'any'
FLAG_HELP = (
  "interface that Reverb's server is reached by beside loopback, such as eth0, "
  f'or {ANY!r}; whoever comes may read and write'
)

# What Python's socket module has no names for: of the kernel's headers.
_SO_ATTACH_FILTER = 26
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_INTERFACE = 0xFFFFF000 + 8  # where a filter finds the number of a packet's
_LISTENS = '0A'  # in the kernel's tables of sockets
# Of the process, as the servers in it are.
_chosen = LOOPBACK


def choose(name: str) -> None:
  """Opens the servers that this process starts from now on to `name` too.

  Args:
    name: an interface of this machine, such as lo or eth0; 'any' for all.

  Raises:
    ValueError: there is no such interface.
  """
  global _chosen
  known = sorted(found for _, found in socket.if_nameindex())
  if name != ANY and name not in known:
    raise ValueError(
      f'--reverb_interface is {name!r}; expected {ANY!r} or one of '
      f'{", ".join(known)}'
    )
  _chosen = name


def is_open() -> bool:
  """Whether the servers of this process hear more than loopback."""
  return _chosen != LOOPBACK


def restrict(port: int) -> None:
  """Holds whatever this process listens with on `port` to the chosen interface.

  Raises:
    OSError: it could not be done: every machine that reaches this one could
      read and write the tables.
  """
  if _chosen == ANY:
    return
  try:
    sockets = list(_listeners(port))
    for descriptor in sockets:
      _bind(descriptor, _chosen)
  except OSError as error:
    reason = error.strerror or str(error)
  else:
    reason = '' if sockets else 'found no socket that listens on it'
  if reason:
    raise OSError(
      f"Reverb's port {port} is open to every machine, and could not be held "
      f'to the interface {_chosen!r}: {reason}; expected to be allowed to. '
      f'--reverb_interface={ANY} leaves it open'
    )


def _bind(descriptor: int, name: str) -> None:
  """Raises OSError unless the socket then answers loopback and `name` alone."""
  with socket.socket(fileno=os.dup(descriptor)) as listener:
    if name == LOOPBACK:
      _bind_to_loopback(listener)
    else:
      _attach_filter(listener, [LOOPBACK, name])


def _bind_to_loopback(listener: socket.socket) -> None:
  option = socket.SOL_SOCKET, socket.SO_BINDTODEVICE
  listener.setsockopt(*option, LOOPBACK.encode() + b'\0')
  found = listener.getsockopt(*option, 64).rstrip(b'\0').decode()
  if found != LOOPBACK:
    raise OSError(f'it is bound to {found!r}')


def _attach_filter(listener: socket.socket, names: Sequence[str]) -> None:
  """Drops packets of all interfaces but these; bound to one of them, a socket
  would not hear the other.
  """
  code = [(_LOAD, 0, 0, _INTERFACE)]
  for left, name in enumerate(reversed(names)):
    # To the last instruction, past `left` more tests and the refusal.
    code.insert(1, (_IF_EQUAL, left + 1, 0, socket.if_nametoindex(name)))
  code += [(_RETURN, 0, 0, 0), (_RETURN, 0, 0, 0xFFFFFFFF)]
  program = b''.join(struct.pack('HBBI', *word) for word in code)
  memory = ctypes.create_string_buffer(program)
  described = struct.pack('HP', len(code), ctypes.addressof(memory))
  listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)


def _listeners(port: int) -> Iterator[int]:
  """Descriptors of this process's sockets that listen on the TCP port."""
  names = {f'socket:[{inode}]' for inode in _inodes(port)}
  for link in Path('/proc/self/fd').iterdir():
    with contextlib.suppress(FileNotFoundError):  # the folder's own
      if os.readlink(link) in names:
        yield int(link.name)


def _inodes(port: int) -> Iterator[str]:
  for table in ('tcp', 'tcp6'):
    path = Path('/proc/self/net', table)
    if not path.exists():  # a kernel without IPv6
      continue
    for line in path.read_text().splitlines()[1:]:
      _, local, _, state, *rest = line.split()
      if state == _LISTENS and int(local.rpartition(':')[2], 16) == port:
        yield rest[5]
