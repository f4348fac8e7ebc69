"""A run's TensorBoard file: its numbers, its settings and its videos."""

import contextlib
import io
import os
from collections.abc import Iterator, Mapping

import imageio
import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams
from tensorboard.plugins.image import metadata as image_metadata

# A gif is kept in the event file whole: of so many frames, of so many pixels.
_MOST_FRAMES, _MOST_PIXELS = 100, 240
_FRAME_MS = 100


class Board:
  """Event files only grow: after a resumption they show dropped points too."""

  def __init__(self, folder: str):
    """Args: folder of the run; made if absent."""
    self._folder = folder
    self._writer = tf.summary.create_file_writer(folder)

  def scalars(self, numbers: Mapping[str, float | None], step: int) -> None:
    """Adds a point to each curve.

    Args:
      numbers: by tag, 'eval/return_mean' for one; None and NaN are left out.
      step: the x of all.

    Raises:
      OSError: the file could not be written (a full disk, say).
    """
    with self._writing(step):
      for tag, number in numbers.items():
        if number is not None and number == number:
          tf.summary.scalar(tag, float(number))

  def settings(self, values: Mapping[str, bool | float | str]) -> None:
    """What the HParams tab shows of this run. Raises OSError likewise."""
    with self._writing(0):
      hparams.hparams(dict(values), trial_id=os.path.abspath(self._folder))

  def video(self, tag: str, path: str, step: int) -> None:
    """Shows an .mp4 among the images, thinned. Raises OSError likewise."""
    gif, size = _as_gif(path)
    height, width = (str(number).encode() for number in size)
    with self._writing(step):
      tf.summary.write(
        tag,
        tf.constant([width, height, gif]),
        metadata=image_metadata.create_summary_metadata(None, None),
      )

  def close(self) -> None:
    """Flushes and closes the file."""
    self._writer.close()

  @contextlib.contextmanager
  def _writing(self, step: int) -> Iterator[None]:
    try:
      with self._writer.as_default(step=step):
        yield
      self._writer.flush()
    except tf.errors.OpError as error:
      raise OSError(
        f"{self._folder}: TensorBoard's file could not be written: "
        f'{error.message}'
      ) from error


def _as_gif(path: str) -> tuple[bytes, tuple[int, int]]:
  """The frames of an .mp4 as an animated gif, and its height and width."""
  with imageio.get_reader(path) as reader:
    frames = [np.asarray(frame) for frame in reader]
  every = -(-len(frames) // _MOST_FRAMES)
  stride = -(-max(frames[0].shape[:2]) // _MOST_PIXELS)
  frames = [frame[::stride, ::stride] for frame in frames[::every]]
  file = io.BytesIO()
  imageio.mimwrite(file, frames, format='gif', duration=_FRAME_MS, loop=0)
  return file.getvalue(), frames[0].shape[:2]
