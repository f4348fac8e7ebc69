"""Importing what a user wrote: whatever it raises is told as his error."""

import importlib
import importlib.util
import types


def load(name: str) -> types.ModuleType:
  """The module `name`.

  Raises:
    ValueError: it is not found, or its code fails or ends the program; names
      the module, its file and the error.
  """
  try:
    return importlib.import_module(name)
  except (Exception, SystemExit) as error:  # it may raise anything
    raise ValueError(
      f"can't import {name}{_place(name)}: {_words(error)}"
    ) from error


def _place(name: str) -> str:
  """' (FILE)' if that is known."""
  try:
    found = importlib.util.find_spec(name)
  except (Exception, SystemExit):  # a parent of it fails
    return ''
  return f' ({found.origin})' if found and found.origin else ''


def _words(error: BaseException) -> str:
  if isinstance(error, ModuleNotFoundError):
    return str(error)
  if isinstance(error, SyntaxError):
    where = f'{error.filename}:{error.lineno}'
    return f'{type(error).__name__}: {error.msg} at {where}'
  if isinstance(error, SystemExit):
    return f'it ends the program (SystemExit: {error.code})'
  text = str(error).strip().split('\n')[0]
  return f'{type(error).__name__}: {text}'
