"""Where the wall time of a run goes."""

import collections
import contextlib
import time
from collections.abc import Iterator, Mapping


class Stopwatch:
  """Adds up seconds under names."""

  def __init__(self, seconds: Mapping[str, float] | None = None):
    """Args: `seconds` so far, by name."""
    self._seconds = collections.Counter(seconds)

  @contextlib.contextmanager
  def time(self, name: str) -> Iterator[None]:
    """Adds the wall time of its block to `name`."""
    start = time.monotonic()
    try:
      yield
    finally:
      self._seconds[name] += time.monotonic() - start

  @property
  def seconds(self) -> dict[str, float]:
    """By name, since the run began."""
    return dict(self._seconds)

  def columns(self) -> dict[str, float]:
    """The same as columns of metrics.csv, `time_NAME_s`."""
    return {f'time_{name}_s': s for name, s in self._seconds.items()}
