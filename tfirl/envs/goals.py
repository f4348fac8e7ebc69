"""What `info` says of a goal, in the words of gymnasium's environments."""

from collections.abc import Mapping
from typing import Any

import numpy as np

_KEYS = 'success', 'is_success'


def is_reached(info: Mapping[str, Any]) -> bool | None:
  """Whether a step's `info` calls it a success; None if it says nothing.

  What is no number, None for one, says nothing. Many environments have the key
  in the step of the success alone.
  """
  reached = None
  for key in _KEYS:
    value = info.get(key)
    if value is None:
      continue
    value = np.asarray(value)
    if value.dtype.kind in 'biuf' and not np.isnan(value).all():
      reached = bool(reached) or bool(np.any(value > 0))
  return reached
