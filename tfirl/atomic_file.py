"""Writing a file whole or not at all."""

import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
  """Writes the whole file or, on any error, leaves the old one alone."""
  # Its own name for each process: two may write the same file at once.
  writing = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
  try:
    with open(writing, 'w', encoding='utf-8') as file:
      file.write(text)
      file.flush()
      os.fsync(file.fileno())
    os.replace(writing, path)
  except BaseException:
    writing.unlink(missing_ok=True)
    raise
