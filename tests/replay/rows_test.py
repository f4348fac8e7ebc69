"""Packing rows and unpacking them, field by field."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from tfirl.replay.rows import RowLayout
from tfirl.types import Transition

SPEC = Transition(
  tf.TensorSpec([2], tf.float32),
  tf.TensorSpec([1], tf.float32),
  tf.TensorSpec([], tf.float32),
  tf.TensorSpec([2], tf.float32),
)
ROWS = Transition(
  np.array([[1.0, 2.0], [3.0, 4.0]]),
  np.array([[0.5], [-0.5]]),
  np.array([1.0, 0.0]),
  np.array([[5.0, 6.0], [7.0, 8.0]]),
)


def test_pack_lays_the_fields_side_by_side():
  packed = RowLayout(SPEC).pack(ROWS)
  np.testing.assert_array_equal(
    packed, [[1.0, 2.0, 0.5, 1.0, 5.0, 6.0], [3.0, 4.0, -0.5, 0.0, 7.0, 8.0]]
  )
  assert packed.dtype == np.float32


def test_unpack_undoes_pack_under_any_leading_axes():
  layout = RowLayout(SPEC)
  packed = tf.constant(layout.pack(ROWS))[tf.newaxis]
  for field, found in zip(ROWS, layout.unpack(packed), strict=True):
    np.testing.assert_array_equal(found, field[np.newaxis])


def test_pack_names_the_field_of_a_wrong_shape():
  with pytest.raises(ValueError, match=r'action: found .*\(2, 3\).*\[n, 1\]'):
    RowLayout(SPEC).pack(ROWS._replace(action=np.zeros((2, 3))))


def test_pack_names_the_field_of_a_wrong_length():
  with pytest.raises(ValueError, match=r'discount: found .*\(5,\)'):
    RowLayout(SPEC).pack(ROWS._replace(discount=np.zeros(5)))


def test_another_tuple_keeps_its_type_and_fields():
  class Rewarded(NamedTuple):
    action: Any
    reward: Any

  layout = RowLayout(
    Rewarded(tf.TensorSpec([2], tf.float32), tf.TensorSpec([], tf.float32))
  )
  packed = layout.pack(Rewarded(np.array([[1.0, 2.0]]), np.array([3.0])))
  found = layout.unpack(tf.constant(packed))
  assert isinstance(found, Rewarded)
  assert found.action.numpy().tolist() == [[1.0, 2.0]]
  assert found.reward.numpy().tolist() == [3.0]


def test_spec_must_be_float32():
  spec = SPEC._replace(action=tf.TensorSpec([1], tf.float64))
  with pytest.raises(ValueError, match='action: found float64'):
    RowLayout(spec)
