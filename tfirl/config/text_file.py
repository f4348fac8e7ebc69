"""Reading text that a user wrote."""

import os


def read(path: str | os.PathLike, what: str) -> str:
  """All of a UTF-8 file, without the mark that some programs begin it with.

  Args:
    path: of the file.
    what: it is to be, for errors: 'a gin file'.

  Raises:
    OSError: it is not there, or can't be read; names it.
    ValueError: it is no UTF-8; names it, and the place.
  """
  try:
    with open(path, encoding='utf-8-sig') as file:
      return file.read()
  except UnicodeDecodeError as error:
    raise ValueError(
      f'{path}: found byte {error.object[error.start]:#04x} at position '
      f'{error.start}, which is no UTF-8; expected {what}, as UTF-8 text'
    ) from error
  except OSError as error:
    raise type(error)(f'{path}: {error.strerror}; expected {what}') from error
