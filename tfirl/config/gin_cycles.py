"""Bindings that need their own value: gin would call itself without an end."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from gin import config as gin_config

from tfirl.config import gin_files
from tfirl.config.gin_files import MACRO, BindingError, Key, Statement

_Call = tuple[str, str]  # scope, complete selector
_LONGEST = 50  # of calls, each for a value of the one before


def check(statements: Sequence[Statement]) -> None:
  """Raises BindingError if the value of a binding takes that value.

  `A = %A`, `A = %B` with `B = %A`, and `run.real_steps = @run()` do. Names must
  have been checked before.
  """
  bound = {key: (value, where) for key, value, where in statements}
  done = set()
  for scope, selector, _ in bound:
    _follow((scope, selector), bound, (), (), done)


def _follow(
  call: _Call,
  bound: dict[Key, tuple[Any, str]],
  calls: tuple[_Call, ...],
  path: tuple[Key, ...],
  done: set[_Call],
) -> None:
  """Looks at all that `call` calls.

  Args:
    call: what is called.
    bound: values, and where they are written.
    calls: those that lead here.
    path: the binding of each of them that does.
    done: calls that were looked at to their ends.
  """
  if call in done:
    return
  if call in calls:
    _tell(path[calls.index(call) :], bound, 'refers to itself')
  if len(path) > _LONGEST:
    _tell(path[:1], bound, f'refers to more than {_LONGEST} in a row')
  for key in _taken(call, bound):
    for called in _called(bound[key][0], call[0]):
      _follow(called, bound, (*calls, call), (*path, key), done)
  done.add(call)


def _tell(
  path: Sequence[Key], bound: dict[Key, tuple[Any, str]], problem: str
) -> None:
  key = path[0]
  ways = ', '.join(
    f'{gin_files.key_text(k)} = {gin_files.shorten(repr(bound[k][0]))}'
    for k in path
  )
  raise BindingError(
    f'{bound[key][1]}: {gin_files.key_text(key)} {problem} ({ways}); expected '
    'a value that is there without it'
  )


def _taken(call: _Call, bound: Collection[Key]) -> list[Key]:
  """The bindings whose values a call takes: of each parameter that of the
  longest scope which the call's begins with.
  """
  scope, selector = call
  taken = {}
  for key in sorted(bound, key=lambda key: len(key[0])):
    lies_in = not key[0] or f'{scope}/'.startswith(f'{key[0]}/')
    if key[1] == selector and lies_in:
      taken[key[2]] = key
  return list(taken.values())


def _called(value: Any, scope: str) -> Iterator[_Call]:
  """What is called to make `value`, in a call of `scope`."""
  for reference in gin_files.references(value):
    if reference.is_macro:
      yield reference.text[1:], MACRO
    elif reference.text.endswith('()'):
      own, _, name = reference.text[1:-2].rpartition('/')
      for selector in gin_config._REGISTRY.matching_selectors(name):
        yield own or scope, selector
