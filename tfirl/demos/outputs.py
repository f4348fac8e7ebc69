"""Files that demonstrations are written into, looked at before they are made.

An hour of rollouts should not end in a misspelling.
"""

import os
import tempfile

from tfirl.demos.formats.d4rl.d4rl_writing import save_d4rl
from tfirl.demos.formats.npz import save_npz
from tfirl.demos.raw import RawDemonstrations

_WRITERS = {'.npz': save_npz, '.hdf5': save_d4rl}


def check_new(name: str, out: str, expected: str) -> str:
  """The path that `out` means, of a file that can be written and is not there.

  Args:
    name: of the flag or argument.
    out: FILE.npz or FILE.hdf5; may begin with ~.
    expected: what to say of other names.

  Raises:
    FileExistsError: it is there.
    ValueError: it is of another kind, or can't be written.
  """
  path = os.path.expanduser(out)
  if os.path.splitext(path)[1] not in _WRITERS:
    raise ValueError(f'{name}: found {out!r}; expected {expected}')
  try:
    os.stat(path)
  except FileNotFoundError:
    _check_folder(name, path)
    return path
  except (OSError, ValueError) as error:
    raise _unfit(name, path, error) from None
  raise FileExistsError(f'{name}: {path} is there already; expected a new file')


def write(raw: RawDemonstrations, path: str) -> None:
  """Writes `raw` to FILE.npz, or as FILE.hdf5 in D4RL's layout."""
  _WRITERS[os.path.splitext(path)[1]](raw, path)


def _check_folder(name: str, path: str) -> None:
  """The first folder on the way that is there must take a file."""
  folder = os.path.dirname(os.path.abspath(path))
  while not os.path.lexists(folder):
    folder = os.path.dirname(folder)
  try:
    with tempfile.TemporaryFile(dir=folder):
      pass
  except OSError as error:
    raise _unfit(name, path, error) from None


def _unfit(name: str, path: str, error: Exception) -> ValueError:
  reason = getattr(error, 'strerror', None) or error
  return ValueError(
    f'{name}: found {path!r}, which cannot be written ({reason}); expected a '
    'file in a folder that can be written in'
  )
