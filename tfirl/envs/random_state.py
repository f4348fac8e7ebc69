"""The state of an environment's own random generator.

gymnasium's is NumPy's `Generator`; environments that were written for gym may
have a `RandomState`, or something else, whose state is then not kept.
"""

from typing import Any

import numpy as np


def get(rng: Any) -> dict[str, Any] | None:
  """Of `np_random`; None if it is of no kind that is known."""
  if isinstance(rng, np.random.RandomState):
    return rng.get_state(legacy=False)
  if isinstance(rng, np.random.Generator):
    return rng.bit_generator.state
  return None


def set_to(rng: Any, state: dict[str, Any] | None) -> None:
  """Has it go on from what `get` gave."""
  if isinstance(rng, np.random.RandomState):
    rng.set_state(state)
  elif isinstance(rng, np.random.Generator):
    rng.bit_generator.state = state
