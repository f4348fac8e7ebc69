"""Messages of errors that passed through gin. Nothing here imports it."""

_CALLS = '\n  In call to configurable'


def without_calls(error: BaseException) -> str:
  """The error's own message, without the calls gin appends to it."""
  return str(error).split(_CALLS)[0]
