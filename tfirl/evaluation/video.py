"""Frames of a rendered environment to an mp4 or a gif."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import imageio
import numpy as np

_FRAMES_PER_S = 30.0
_SUFFIXES = ('.gif', '.mp4')
_DEPTHS = 1, 3, 4  # of a pixel: grey, RGB, RGBA


class PictureError(ValueError):
  """The environment gives no pictures of which a video could be made."""


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
      PictureError: `env.render()` raises, or gives no picture.
      OSError: nothing can be written there; names it.
    """
    self._steps += 1
    if (self._steps - 1) % self._every:
      return
    where = f'video {self._path}: {_name(env)}.render()'
    frame = _picture(env, where)
    try:
      with self._named():
        self._writer.append_data(frame)
    except ValueError as error:  # of another size than the first, say
      raise PictureError(
        f'{where}: {error}; expected [H, W, 3] arrays of one size'
      ) from error

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


def _name(env: Any) -> str:
  return getattr(env, 'name', type(env).__name__)


def _picture(env: Any, where: str) -> np.ndarray:
  """The frame that `env.render()` gives; of a list of them the last.

  Args:
    env: has `render`.
    where: what is asked for what, for errors.
  """
  expected = (
    "expected an [H, W, 3] array where the environment's render_mode is "
    "'rgb_array'"
  )
  try:
    frame = env.render()
  except NotImplementedError as error:  # gymnasium's own, which says no more
    raise PictureError(f'{where} is not implemented; {expected}') from error
  except Exception as error:  # what a missing GL library raises is its own
    raise PictureError(f'{where}: {type(error).__name__}: {error}') from error
  if isinstance(frame, (list, tuple)) and frame and np.ndim(frame[-1]) == 3:
    frame = frame[-1]
  if not _is_picture(frame):
    raise PictureError(f'{where} gave {_described(frame)}; {expected}')
  return np.asarray(frame)


def _is_picture(frame: Any) -> bool:
  try:
    array = np.asarray(frame)
  except ValueError:  # rows of several lengths
    return False
  is_shaped = array.ndim == 2 or array.ndim == 3 and array.shape[2] in _DEPTHS
  return is_shaped and array.size > 0 and array.dtype.kind in 'uif'


def _described(frame: Any) -> str:
  if isinstance(frame, np.ndarray):
    return f'an array of shape {frame.shape}, {frame.dtype}'
  return 'None' if frame is None else f'a {type(frame).__name__}'
