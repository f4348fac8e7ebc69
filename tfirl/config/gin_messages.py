"""Messages of errors that passed through gin. Nothing here imports it."""

_CALLS = '\n  In call to configurable'


def without_calls(error: BaseException) -> str:
  """The error's own message and its notes, without the calls gin appends.

  One without a message goes by its type.
  """
  message = str(error).split(_CALLS)[0] or type(error).__name__
  notes = getattr(error, '__notes__', ())
  return message + ''.join(f' ({note})' for note in notes)
