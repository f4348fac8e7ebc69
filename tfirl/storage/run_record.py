"""A record of a run: what of its folder is small, kept to be read."""

import shutil
from pathlib import Path

from tfirl.storage import last_policy, metadata_file, run_files

# Some 40 KB.
FILES = (
  run_files.METRICS,
  run_files.CONFIG,
  run_files.OPERATIVE_CONFIG,
  metadata_file.NAME,
  last_policy.NAME,
  run_files.COMPLETE,
  run_files.ERROR,
)


def keep(run: Path, record: Path) -> None:
  """Copies those of `FILES` that are in `run`, all of them or nothing.

  Args:
    run: the run's folder.
    record: a folder that is not there yet; what it would lie in is made.

  Raises OSError: they could not be written.
  """
  # A fixed name: the next try removes what a kill has left.
  writing = record.with_name(f'.{record.name}.tmp')
  shutil.rmtree(writing, ignore_errors=True)
  writing.mkdir(parents=True)
  try:
    for name in FILES:
      if (run / name).exists():
        shutil.copy(run / name, writing / name)
    writing.rename(record)
  except BaseException:
    shutil.rmtree(writing, ignore_errors=True)
    raise
