"""What gin knows of a configurable: its function, and what may be bound.

Read from gin's private registry, for which it has no public way; gin-config is
pinned to 0.5.0.
"""

import inspect
from collections.abc import Callable

from gin import config as gin_config

MACRO = 'gin.macro'


def function_of(selector: str) -> Callable | None:
  """The function, or the constructor, that a complete selector names.

  None for a macro.
  """
  if selector == MACRO:
    return None
  function = gin_config._REGISTRY[selector].wrapped
  if inspect.isclass(function):
    function = gin_config._find_class_construction_fn(function)
  return inspect.unwrap(function)


def parameters_of(selector: str) -> list[str]:
  """The named parameters of a complete selector that gin may bind; keys of
  **kwargs don't count.
  """
  configurable = gin_config._REGISTRY[selector]
  spec = inspect.getfullargspec(function_of(selector))
  names = [n for n in spec.args + spec.kwonlyargs if n not in ('self', 'cls')]
  if configurable.allowlist:
    names = [name for name in names if name in configurable.allowlist]
  return [name for name in names if name not in (configurable.denylist or ())]
