"""Parameters without a default: what is said where gin binds none."""

import contextlib
import inspect
import re
from collections.abc import Iterator, Sequence

import gin
from gin import config as gin_config

from tfirl import checks
from tfirl.config import configurables, gin_bindings, gin_files, gin_types

# gin's own words, which it says when the call comes.
_UNBOUND = re.compile(
  r'Required bindings for `(\S+)` not provided in config: \[(.*?)\]'
)


def check(name: str) -> None:
  """Raises BindingError if a parameter that `name` can't be called without is
  not bound; names all such.

  Args:
    name: of a configurable that is certain to be called, out of any scope.
  """
  selector = gin_config._REGISTRY.get_match(name).selector
  parameters = inspect.signature(configurables.function_of(selector)).parameters
  unbound = [
    key
    for key, parameter in parameters.items()
    if parameter.default is gin.REQUIRED
    and gin_bindings.value_of(f'{name}.{key}', gin.REQUIRED) is gin.REQUIRED
  ]
  if unbound:
    raise gin_files.BindingError(_text(name, unbound))


@contextlib.contextmanager
def worded() -> Iterator[None]:
  """What gin says of a call in here that lacks such a parameter is raised as
  BindingError, in the words of `check`.
  """
  try:
    yield
  except RuntimeError as error:
    found = _UNBOUND.search(str(error))
    if found is None:
      raise
    name, unbound = found[1], re.findall(r"'(\w+)'", found[2])
    raise gin_files.BindingError(_text(name, unbound)) from error


def _text(name: str, unbound: Sequence[str]) -> str:
  return '\n'.join(_line(name, parameter) for parameter in unbound)


def _line(name: str, parameter: str) -> str:
  key = ('', gin_config._REGISTRY.get_match(name).selector, parameter)
  binding, hint = gin_files.key_text(key), gin_types.hint_of(key)
  is_known = hint is not inspect.Parameter.empty
  kind = checks.words_for(hint) if is_known else 'a value'
  return (
    f'{binding} is not bound, and has no default; expected a line '
    f"'{binding} = ...' of gin, with {kind}"
  )
