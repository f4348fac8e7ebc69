"""Dense layers of E networks side by side, each as one Keras layer."""

from collections.abc import Callable, Sequence

import tensorflow as tf


class EnsembleDense(tf.keras.layers.Layer):
  """activation(inputs @ kernel + bias), a batched matmul over E members.

  Member i is a `tf.keras.layers.Dense` of kernel[i] and bias[i, 0].

  Attributes:
    num_members: E.
    kernel: [E, in, units] variable.
    bias: [E, 1, units] variable, zero at first.
  """

  def __init__(
    self,
    num_members: int,
    units: int,
    activation: Callable | None = None,
    *,
    kernel_initializer: Callable,
    name: str | None = None,
  ):
    """Creates no variables yet; `build` does.

    Args:
      num_members: E.
      units: outputs of each member.
      activation: maps [..., units] to as many; None for the identity.
      kernel_initializer: maps (shape [E, in, units], dtype=) to an array. Those
        of Keras would take the fan of a member from E, so there is no default.
      name: of the layer.
    """
    super().__init__(name=name)
    self.num_members = num_members
    self._units = units
    self._activation = activation
    self._kernel_initializer = kernel_initializer

  def build(self, input_shape):
    """Creates the variables, for inputs [E, B, in] or [B, in]."""
    with tf.name_scope(self.name):
      self.kernel = self.add_weight(
        'kernel',
        [self.num_members, input_shape[-1], self._units],
        initializer=self._kernel_initializer,
      )
      self.bias = self.add_weight(
        'bias', [self.num_members, 1, self._units], initializer='zeros'
      )
    super().build(input_shape)

  @property
  def output_shape(self) -> tuple:
    """For `summary()`: Keras knows shapes of functional models only."""
    return (*self._build_input_shape[:-1], self._units)

  def call(self, inputs, members=None):
    """Computes all members, or some.

    Args:
      inputs: [E, B, in]; slice i is member i's. If E is 1, [B, in] will do: a
        plain matmul is faster than a batched one on a CPU.
      members: [M] int, which members get the slices of `inputs` [M, B, in].

    Returns:
      [E or M, B, units]; [B, units] of inputs [B, in].

    Raises:
      ValueError: inputs are [B, in] and E is not 1.
    """
    if inputs.shape.rank == 2:
      if self.num_members != 1:
        raise ValueError(
          f'{self.name}: found inputs {inputs.shape}; expected '
          f'[{self.num_members}, B, {self.kernel.shape[1]}]'
        )
      outputs = tf.matmul(inputs, self.kernel[0]) + self.bias[0]
    else:
      kernel, bias = self.kernel, self.bias
      if members is not None:
        kernel, bias = tf.gather(kernel, members), tf.gather(bias, members)
      outputs = tf.matmul(inputs, kernel) + bias
    return outputs if self._activation is None else self._activation(outputs)


def make_mlps(
  num_members: int,
  sizes: Sequence[int],
  activation: Callable,
  kernel_initializer: Callable,
  *,
  has_member_axis: bool = True,
) -> list[EnsembleDense]:
  """E multilayer perceptrons: built layers hidden_0, hidden_1, ..., head.

  Args:
    num_members: E.
    sizes: inputs, hidden units of each hidden layer, outputs.
    activation: of the hidden layers; the head is linear.
    kernel_initializer: as of `EnsembleDense`, asked layer by layer.
    has_member_axis: whether inputs will be [E, B, in]; else [B, in].
  """
  layers = []
  for i, (num_inputs, units) in enumerate(
    zip(sizes[:-1], sizes[1:], strict=True)
  ):
    is_head = i == len(sizes) - 2
    layer = EnsembleDense(
      num_members,
      units,
      None if is_head else activation,
      kernel_initializer=kernel_initializer,
      name='head' if is_head else f'hidden_{i}',
    )
    member_axis = (num_members,) if has_member_axis else ()
    layer.build((*member_axis, None, num_inputs))
    layers.append(layer)
  return layers
