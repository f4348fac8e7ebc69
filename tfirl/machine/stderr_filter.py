"""Keeps notes of Reverb's and XLA's C++ off a program's standard error.

They write to file descriptor 2 themselves, past `sys.stderr`, and have neither
a level nor an environment variable to turn these notes off.
"""

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import BinaryIO

# What they say when all is well; Reverb's errors and warnings look the same but
# for the words.
_NOTES = re.compile(
  rb'WARNING: All log messages before absl::InitializeLog\(\) is called'
  rb'|I0000 .*\] Compiled cluster using XLA!'
  rb'|\[reverb/cc/\S+?:\d+\]\s+('
  rb'Initializing TFRecordCheckpointer'
  rb'|Loading (latest )?checkpoint from'
  rb'|Loading and verifying metadata of the checkpointed tables'
  rb'|Successfully loaded'
  rb"|Metadata for table '\S+' was successfully loaded and verified"
  rb'|(Still|Completed) reading compressed trajectory data'
  rb'|Table \S+ and \d+ items have been successfully loaded'
  rb'|No fallback checkpoint path provided'
  rb"|Trying to load table '"
  rb'|Started replay server on port'
  rb'|Sampler and server are owned by the same process'
  rb'|Stored checkpoint to'
  rb'|Shutting down replay server)'
)
_STDERR = 2  # its file descriptor, wherever `sys.stderr` goes

# Two threads that took turns would give one another's file back.
_lock = threading.RLock()
_open: list[tuple[BinaryIO, int]] = []  # what holds, and the true descriptor


@contextlib.contextmanager
def without_notes() -> Iterator[None]:
  """While it is open, what the process writes to descriptor 2 waits in a file.

  At its end all of that is passed on, but for the lines that are such notes and
  complete. What else the process's threads write meanwhile comes late, and
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
    _open.append((held, true_stderr))
    try:
      yield
    finally:
      _give_back(*_open.pop())
      os.close(true_stderr)


def give_back() -> None:
  """Passes on what is held by whichever thread: before `os._exit`, which would
  take it along.
  """
  for held, true_stderr in reversed(_open):
    _give_back(held, true_stderr)


def _give_back(held: BinaryIO, true_stderr: int) -> None:
  _flush()
  os.dup2(true_stderr, _STDERR)
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
  held.truncate(0)
  with contextlib.suppress(OSError):  # its reader may have gone
    while text:
      text = text[os.write(_STDERR, text) :]
