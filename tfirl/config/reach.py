"""Which configurables the code of others may call.

Read from the source of a function or class: what its names refer to in its
module, if that is tfirl's, and so on. What an argument stands for when it runs
is not seen, nor that a name is not always come by; but neither annotations nor
defaults in whose place something is bound count.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from gin import config as gin_config

_OURS = 'tfirl'


def configurables(
  roots: Iterable[str], bound: Collection[tuple[str, str]] = ()
) -> list[str]:
  """The selectors of `roots` and of all that they reach, each once.

  Args:
    roots: complete selectors.
    bound: (complete selector, parameter) of what is bound.
  """
  selectors = _selectors()
  found, seen = [], set()
  waiting = [gin_config._REGISTRY[root].wrapped for root in roots]
  while waiting:
    part = inspect.unwrap(waiting.pop(0))
    if _key(part) in seen:
      continue
    seen.add(_key(part))
    names = selectors.get(_key(part), [])
    found += names
    waiting += _called(part, {name for of, name in bound if of in names})
  return [selector for selector in found if is_ours(selector)]


def is_ours(selector: str) -> bool:
  """Whether a complete selector is of tfirl, or of what tfirl gave gin."""
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


def _called(part: Callable, bound: Collection[str]) -> Iterator[Callable]:
  """What of tfirl's own the source of `part` names, if its parameters `bound`
  are bound.
  """
  module = sys.modules.get(part.__module__)
  if module is None or not part.__module__.startswith(_OURS):
    return
  try:
    tree = ast.parse(textwrap.dedent(inspect.getsource(part)))
  except (OSError, SyntaxError, TypeError):  # made at run time
    return
  for node in ast.walk(tree):
    _forget_uncalled(node, bound)
  for node in ast.walk(tree):
    named = _resolve(node, vars(module))
    if not (inspect.isclass(named) or inspect.isfunction(named)):
      continue
    if getattr(inspect.unwrap(named), '__module__', '').startswith(_OURS):
      yield named


def _forget_uncalled(node: ast.AST, bound: Collection[str]) -> None:
  """Takes from `node` annotations, and the defaults of parameters `bound`."""
  if isinstance(node, ast.arg):
    node.annotation = None
  elif isinstance(node, ast.AnnAssign):
    node.annotation = ast.Constant(None)
  elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
    node.returns = None
  elif isinstance(node, ast.arguments):
    node.kw_defaults = [
      None if argument.arg in bound else default
      for argument, default in zip(
        node.kwonlyargs, node.kw_defaults, strict=True
      )
    ]


def _resolve(node: ast.AST, names: dict[str, Any]) -> Any:
  """What `name` or `module.name` is; None for anything else."""
  if isinstance(node, ast.Name):
    return names.get(node.id)
  if isinstance(node, ast.Attribute):
    base = _resolve(node.value, names)
    if inspect.ismodule(base):
      return getattr(base, node.attr, None)
  return None
