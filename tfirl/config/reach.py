"""Which configurables the code of others may call.

Read from the source of a function or class: what its names refer to in its
module, if that is tfirl's, and so on. What an argument stands for when it runs
is not seen, nor that a name is not always come by.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gin import config as gin_config

_OURS = 'tfirl'


def configurables(roots: Iterable[str]) -> list[str]:
  """The selectors of `roots` and of all that they reach, each once.

  Args:
    roots: complete selectors.
  """
  selectors = _selectors()
  found, seen = [], set()
  waiting = [gin_config._REGISTRY[root].wrapped for root in roots]
  while waiting:
    part = inspect.unwrap(waiting.pop(0))
    if _key(part) in seen:
      continue
    seen.add(_key(part))
    found += selectors.get(_key(part), [])
    waiting += _called(part)
  return [selector for selector in found if _is_ours(selector)]


def _is_ours(selector: str) -> bool:
  wrapped = inspect.unwrap(gin_config._REGISTRY[selector].wrapped)
  libraries = ('tf_agents', 'tensorflow', 'gin')
  return wrapped.__module__.split('.')[0] not in libraries


def _selectors() -> dict[tuple, list[str]]:
  found = {}
  for selector, configurable in gin_config._REGISTRY.items():
    key = _key(inspect.unwrap(configurable.wrapped))
    found.setdefault(key, []).append(selector)
  return found


def _key(part: Any) -> tuple[str, str]:
  # A class that gin has wrapped is another one of the same name.
  return part.__module__, part.__qualname__


def _called(part: Callable) -> Iterator[Callable]:
  """What of tfirl's own the source of `part` names."""
  module = sys.modules.get(part.__module__)
  if module is None or not part.__module__.startswith(_OURS):
    return
  try:
    tree = ast.parse(textwrap.dedent(inspect.getsource(part)))
  except (OSError, SyntaxError, TypeError):  # made at run time
    return
  annotations = set(_annotations(tree))  # which call nothing
  for node in ast.walk(tree):
    if node in annotations:
      continue
    named = _resolve(node, vars(module))
    if not (inspect.isclass(named) or inspect.isfunction(named)):
      continue
    if getattr(inspect.unwrap(named), '__module__', '').startswith(_OURS):
      yield named


def _annotations(tree: ast.AST) -> Iterator[ast.AST]:
  """All nodes of the annotations of arguments, results and variables."""
  for node in ast.walk(tree):
    for name in ('annotation', 'returns'):
      annotation = getattr(node, name, None)
      if annotation is not None:
        yield from ast.walk(annotation)


def _resolve(node: ast.AST, names: dict[str, Any]) -> Any:
  """What `name` or `module.name` is; None for anything else."""
  if isinstance(node, ast.Name):
    return names.get(node.id)
  if isinstance(node, ast.Attribute):
    base = _resolve(node.value, names)
    if inspect.ismodule(base):
      return getattr(base, node.attr, None)
  return None
