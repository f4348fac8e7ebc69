"""Keeps Reverb's C++ notes off a program's standard error.

Reverb writes to file descriptor 2 itself, past `sys.stderr`, and has neither a
level nor an environment variable to turn its notes off.
"""

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import BinaryIO

# What it says when all is well; its errors and warnings look the same but for
# the words.
_NOTES = re.compile(
  rb'\[reverb/cc/\S+?:\d+\]\s+('
  rb'Initializing TFRecordCheckpointer'
  rb'|Loading (latest )?checkpoint from'
  rb'|Loading and verifying metadata of the checkpointed tables'
  rb'|Successfully loaded'
  rb"|Trying to load table '"
  rb'|Started replay server on port'
  rb'|Sampler and server are owned by the same process'
  rb'|Stored checkpoint to'
  rb'|Shutting down replay server)'
)
_STDERR = 2  # its file descriptor, wherever `sys.stderr` goes

# Two threads that took turns would give one another's file back.
_lock = threading.RLock()


@contextlib.contextmanager
def without_reverb_notes() -> Iterator[None]:
  """While it is open, what the process writes to descriptor 2 waits in a file.

  At its end all of that is passed on, but for the lines that are Reverb's notes
  and complete. What else the process's threads write meanwhile comes late, and
  is not lost. Without a descriptor 2, or room for the file, nothing is held.
  """
  with _lock, contextlib.ExitStack() as stack:
    try:
      held = stack.enter_context(tempfile.TemporaryFile())
      true_stderr = os.dup(_STDERR)
    except OSError:
      yield
      return
    _flush()
    os.dup2(held.fileno(), _STDERR)
    try:
      yield
    finally:
      _flush()
      os.dup2(true_stderr, _STDERR)
      os.close(true_stderr)
      _pass_on(held)


def _flush() -> None:
  """What Python's own stream still holds belongs to where it was written."""
  with contextlib.suppress(AttributeError, OSError, ValueError):
    sys.stderr.flush()


def _pass_on(held: BinaryIO) -> None:
  held.seek(0)
  text = b''.join(
    line for line in held if not (_NOTES.match(line) and line.endswith(b'\n'))
  )
  with contextlib.suppress(OSError):  # its reader may have gone
    while text:
      text = text[os.write(_STDERR, text) :]
