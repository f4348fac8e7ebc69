"""Frames of a rendered environment to an mp4 or a gif."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import imageio

_FRAMES_PER_S = 30.0
_SUFFIXES = ('.gif', '.mp4')


class VideoWriter:
  """Thins the environment's frames to about 30 a second and writes them.

  Use as a context manager: the file appears under its name when the block
  ends, and never if the block raised.
  """

  def __init__(self, path: str, steps_per_s: float):
    """Opens the file.

    Args:
      path: ends in .mp4 or .gif; its folder is made if absent.
      steps_per_s: environment steps in a second of simulated time.

    Raises:
      ValueError: another suffix.
      OSError: nothing can be written there; names it.
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in _SUFFIXES:
      raise ValueError(
        f'video {path}: found suffix {suffix!r}; expected one of {_SUFFIXES}'
      )
    self._path = path
    self._temporary = f'{path}.tmp{suffix}'
    with self._named():
      os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
      # An ffmpeg that can't would only be told by a broken pipe.
      open(self._temporary, 'wb').close()
    self._every = max(1, round(steps_per_s / _FRAMES_PER_S))
    fps = steps_per_s / self._every
    # A gif's clock is the duration of a frame, an mp4's the frames a second.
    timing = {'duration': 1000 / fps, 'loop': 0} if suffix == '.gif' else {}
    timing = timing or {'fps': fps, 'macro_block_size': 1}
    self._writer = imageio.get_writer(self._temporary, mode='I', **timing)
    self._steps = 0

  def add(self, env: Any) -> None:
    """Renders `env` if this step's frame is one that is kept.

    Raises:
      ValueError: `env.render()` gives no picture.
    """
    self._steps += 1
    if (self._steps - 1) % self._every:
      return
    frame = env.render()
    if frame is None:
      raise ValueError(
        f'video {self._path}: env.render() gave None; expected an [H, W, 3] '
        "array (was the environment made with render_mode='rgb_array'?)"
      )
    with self._named():
      self._writer.append_data(frame)

  def __enter__(self) -> 'VideoWriter':
    return self

  def __exit__(self, error_type: type | None, *_: Any) -> None:
    try:
      with self._named():
        self._writer.close()
        if error_type is None:
          os.replace(self._temporary, self._path)
    finally:
      if os.path.exists(self._temporary):
        os.remove(self._temporary)

  @contextlib.contextmanager
  def _named(self) -> Iterator[None]:
    try:
      yield
    except OSError as error:
      # imageio puts all that ffmpeg said behind the first line.
      problem = error.strerror or str(error).strip().split('\n')[0]
      raise OSError(
        f'video {self._path}: {problem}; expected a path that can be written'
      ) from error
