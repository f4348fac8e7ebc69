"""Writing a file whole or not at all."""

import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
  """Writes the whole file or, on any error, leaves the old one alone."""
  write_bytes(path, text.encode('utf-8'))


def write_bytes(path: Path, data: bytes) -> None:
  """Likewise."""
  # Its own name for each process: two may write the same file at once.
  writing = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
  try:
    with open(writing, 'wb') as file:
      file.write(data)
      file.flush()
      os.fsync(file.fileno())
    os.replace(writing, path)
  except BaseException:
    writing.unlink(missing_ok=True)
    raise
