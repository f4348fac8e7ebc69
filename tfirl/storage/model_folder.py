"""SavedModels: what they tell of themselves, and how one replaces another."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfirl.storage import atomic_file

_MODEL = 'saved_model.pb'


def save(
  module: tf.Module,
  folder: str | os.PathLike,
  signature: tf.types.experimental.GenericFunction,
  metadata: Mapping[str, Any],
) -> None:
  """Writes a SavedModel, in place of an earlier one, whole or not at all.

  Args:
    module: what is saved.
    folder: its place; a slash at the end is of no matter.
    signature: what serves, 'serving_default'.
    metadata: JSON-able; in metadata.json beside the model.

  Raises:
    FileExistsError: what is at `folder` is no SavedModel.
  """
  folder = Path(os.path.normpath(folder))
  if folder.exists() and not (folder / _MODEL).is_file():
    raise FileExistsError(
      f'{folder} is there and is no SavedModel; expected one to replace, or a '
      'new name'
    )
  writing, replaced = (
    folder.with_name(f'{folder.name}.{end}') for end in ('tmp', 'old')
  )
  for leftover in (writing, replaced):
    shutil.rmtree(leftover, ignore_errors=True)
  tf.saved_model.save(
    module, str(writing), signatures={'serving_default': signature}
  )
  text = json.dumps(metadata, indent=2) + '\n'
  atomic_file.write_text(writing / 'metadata.json', text)
  if folder.exists():
    os.rename(folder, replaced)
  os.rename(writing, folder)
  shutil.rmtree(replaced, ignore_errors=True)
