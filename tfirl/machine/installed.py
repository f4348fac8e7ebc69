"""Which code is installed on this machine."""

import functools
import hashlib
from pathlib import Path


@functools.cache
def code_version() -> str:
  """A hash of tfirl's Python files: the same in a checkout and a wheel."""
  package = Path(__file__).resolve().parent.parent
  digest = hashlib.sha256()
  for path in sorted(package.rglob('*.py')):
    if path.is_file():
      digest.update(f'{path.relative_to(package)}\n'.encode())
      digest.update(path.read_bytes())
  return digest.hexdigest()[:12]
