"""Closing what a constructor has opened, should it fail."""

import contextlib
from collections.abc import Iterator
from typing import Protocol, TypeVar


class _Closable(Protocol):
  def close(self) -> None: ...


_Part = TypeVar('_Part', bound=_Closable)


@contextlib.contextmanager
def on_error(part: _Part) -> Iterator[_Part]:
  """Closes `part` if the block raises, a signal's exception included; else it
  stays open. What the block raised goes on, with a note of what `close` raised.
  """
  try:
    yield part
  except BaseException as error:
    try:
      part.close()
    except Exception as another:
      error.add_note(f'and closing what was open failed: {another!r}')
    raise
