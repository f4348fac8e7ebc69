"""Where Reverb writes its checkpoints, and what lies beside them.

A saved folder holds `reverb/` (Reverb's own checkpoint: blocks and limiter
counts), `partial_TABLE.npz` (rows that do not fill a block yet) and
`tables.json` (configuration and size of each table).
"""

import json
import os
import pathlib
import shutil
from collections.abc import Mapping

import numpy as np
import reverb
from reverb.platform.default import checkpointers

from tfirl.machine import stderr_filter

# A folder of every process, without checkpoints, where none can be written.
_IDLE = '/proc/self/task'


class CheckpointTarget:
  """Makes one server write each checkpoint into a folder of its own.

  Reverb fixes the folder when the server starts, and deletes what else lies
  there. So it is given `/proc/self/fd/N`, and descriptor N is made to stand for
  the new folder while a checkpoint is written: nothing is copied across disks,
  and no temporary folder can be cleaned away, or left behind by a kill.

  Args:
    restore_from: saved folder that the server starts from, or None.
  """

  def __init__(self, restore_from: pathlib.Path | None = None):
    self._descriptor = os.open(_IDLE, os.O_RDONLY | os.O_DIRECTORY)
    # This must be the checkpoint itself: given its parent, or nothing at
    # all, Reverb starts with empty tables without a word.
    fallback = restore_from and str((restore_from / 'reverb').resolve())
    self.checkpointer = checkpointers.DefaultCheckpointer(
      f'/proc/self/fd/{self._descriptor}', fallback_checkpoint_path=fallback
    )

  def write(self, client: reverb.Client, folder: pathlib.Path) -> None:
    """Writes the checkpoint `folder/reverb`.

    Raises:
      OSError: Reverb failed to write, as on a full disk.
    """
    target = folder / 'reverb.tmp'
    target.mkdir(parents=True)
    self._point_to(target)
    try:
      with stderr_filter.without_notes():
        name = pathlib.Path(client.checkpoint()).name
      (target / name).rename(folder / 'reverb')
    except RuntimeError as error:
      raise OSError(
        f'{folder / "reverb"}: Reverb could not write its checkpoint: {error}'
      ) from error
    finally:
      self._point_to(_IDLE)
      shutil.rmtree(target, ignore_errors=True)

  def close(self) -> None:
    """Gives the descriptor back; the server must have stopped."""
    if self._descriptor is not None:
      os.close(self._descriptor)
      self._descriptor = None  # another file may get its number

  def _point_to(self, folder: str | os.PathLike) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
      os.dup2(opened, self._descriptor, inheritable=False)
    finally:
      os.close(opened)


def write_tables(
  folder: pathlib.Path,
  tables: Mapping[str, dict],
  partial_rows: Mapping[str, np.ndarray],
) -> None:
  """Writes `tables.json` and each table's partial block, [n, width]."""
  for name, rows in partial_rows.items():
    np.savez(folder / f'partial_{name}.npz', rows=rows)
  text = json.dumps(tables, indent=1, sort_keys=True)
  (folder / 'tables.json').write_text(text + '\n')


def check_tables(folder: pathlib.Path, expected: Mapping[str, dict]) -> dict:
  """Checks that `folder` was saved with the tables now configured.

  Reverb would bring back the old configuration, limiter included, and pass
  over the new one in silence.

  Args:
    folder: written by `write_tables`.
    expected: for each table the values that must be the same.

  Returns:
    What was saved, for each table.

  Raises:
    FileNotFoundError: `folder` holds no saved tables.
    ValueError: tables or values differ; the text names them.
  """
  path = folder / 'tables.json'
  if not path.is_file() or not (folder / 'reverb').is_dir():
    raise FileNotFoundError(
      f'{folder}: found no saved tables; expected {path.name} and reverb/'
    )
  saved = json.loads(path.read_text())
  if sorted(saved) != sorted(expected):
    raise ValueError(
      f'{path}: found tables {sorted(saved)}; expected {sorted(expected)}'
    )
  for name, values in expected.items():
    for key, value in values.items():
      if saved[name].get(key) != value:
        raise ValueError(
          f'{path}: table {name!r}: found {key} = {saved[name].get(key)}, '
          f'but {value} is configured now. Restore with the old value, or '
          'start a new run.'
        )
  return saved


def read_partial_rows(
  folder: pathlib.Path, name: str, width: int
) -> np.ndarray:
  """Reads a table's partial block, [n, width] float32.

  Raises:
    FileNotFoundError: the file is missing.
    ValueError: the rows do not have `width` columns.
  """
  path = folder / f'partial_{name}.npz'
  if not path.is_file():
    raise FileNotFoundError(f'{path}: missing; expected a partial block')
  with np.load(path, allow_pickle=False) as arrays:
    rows = arrays['rows']
  if rows.ndim != 2 or rows.shape[1] != width:
    raise ValueError(f'{path}: found {rows.shape}; expected [n, {width}]')
  return rows
