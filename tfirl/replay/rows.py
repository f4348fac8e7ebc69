"""One flat float32 row per transition: the form in which Reverb stores them.

A Reverb item costs time per column: one packed column samples twice as fast
as the four of a `Transition`, and is permuted by a single gather.
"""

import numpy as np
import tensorflow as tf

from tfirl.types import Transition


class RowLayout:
  """Packs a `Transition` into rows of `width` floats and unpacks it.

  Args:
    transition_spec: `Transition` (or another NamedTuple, whose first field
      tells the number of rows) of one row's `tf.TensorSpec`s (or anything with
      `shape` and `dtype`), without a batch axis: [O], [A], [], [O].

  Raises:
    ValueError: a field is not float32, or is neither a scalar nor a vector.
  """

  def __init__(self, transition_spec: Transition):
    self._type = type(transition_spec)
    self._shapes = []
    for field, spec in transition_spec._asdict().items():
      shape = tuple(tf.TensorShape(spec.shape).as_list())
      if tf.as_dtype(spec.dtype) != tf.float32 or len(shape) > 1:
        raise ValueError(
          f'transition_spec.{field}: found {tf.as_dtype(spec.dtype).name} of '
          f'shape {shape}; expected a float32 scalar or vector'
        )
      self._shapes.append(shape)
    self._widths = [int(np.prod(shape)) for shape in self._shapes]
    self.width = sum(self._widths)

  def pack(self, rows: Transition) -> np.ndarray:
    """Packs arrays [n, ...] into one array [n, width].

    Raises:
      ValueError: a field's shape is not [n, ...] of the spec.
    """
    num_rows = np.shape(rows[0])[:1]
    columns = []
    for field, value, shape, width in zip(
      self._type._fields, rows, self._shapes, self._widths, strict=True
    ):
      value = np.asarray(value, np.float32)
      if not num_rows or value.shape != num_rows + shape:
        expected = ', '.join(str(size) for size in ('n', *shape))
        raise ValueError(
          f'{field}: found an array of shape {value.shape}; expected '
          f'[{expected}] with the same n as the first field, {num_rows}'
        )
      columns.append(value.reshape(-1, width))
    return np.concatenate(columns, axis=1)

  def unpack(self, packed: tf.Tensor) -> Transition:
    """Splits tensors [..., width] into the fields, [..., *field shape]."""
    columns = tf.split(packed, self._widths, axis=-1)
    return self._type(
      *(
        column if shape else tf.squeeze(column, -1)
        for column, shape in zip(columns, self._shapes, strict=True)
      )
    )

  def unpack_arrays(self, packed: np.ndarray) -> Transition:
    """`unpack` of a NumPy array [..., width]: views of it."""
    columns = np.split(packed, np.cumsum(self._widths)[:-1], axis=-1)
    return self._type(
      *(
        column if shape else column[..., 0]
        for column, shape in zip(columns, self._shapes, strict=True)
      )
    )
