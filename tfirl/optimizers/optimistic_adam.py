"""Optimistic Adam: Adam that steps against a prediction of the next gradient.

Source: Daskalakis, Ilyas, Syrgkanis and Zeng, "Training GANs with Optimism",
2018, algorithm 1.
"""

from collections.abc import Callable

import gin
import tensorflow as tf

from tfirl import checks


@gin.configurable(denylist=['name'])
class OptimisticAdam(tf.keras.optimizers.legacy.Optimizer):
  """Optimistic Adam with bias correction in the step size.

  At step t, with gradient g_t (weight decay already added to it):

    m_t = beta_1 * m_{t-1} + (1 - beta_1) * g_t
    v_t = beta_2 * v_{t-1} + (1 - beta_2) * g_t ** 2
    u_t = m_t / (sqrt(v_t) + epsilon)                 (u_0 = 0)
    a_t = learning_rate * sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t)
    theta_t = theta_{t-1} + a_t * u_{t-1} - 2 * a_t * u_t

  Both terms use the step size of step t. `epsilon` is added to the root of the
  raw (not bias-corrected) second moment: "epsilon hat" of Kingma and Ba.

  It subclasses the legacy optimiser because TF-Agents needs that base class.
  """

  @checks.checked
  def __init__(
    self,
    learning_rate: checks.Positive | tf.Variable | Callable = 1e-3,
    beta_1: checks.Decay = 0.9,
    beta_2: checks.Decay = 0.999,
    epsilon: checks.Positive = 1e-8,
    weight_decay: checks.NonNegative = 0.0,
    name: str = 'OptimisticAdam',
  ):
    """Creates the optimiser; its slots appear at `build` or the first step.

    Args:
      learning_rate: a float, a `tf.Variable` (read at every step, saved with
        the optimiser), a callable without arguments, or a Keras schedule.
      beta_1: decay of the first moment, in [0, 1).
      beta_2: decay of the second moment, in [0, 1).
      epsilon: added to sqrt(v); positive, as u_0 = 0 / (0 + epsilon).
      weight_decay: L2 coefficient; weight_decay * theta is added to every
        variable's gradient, biases included (as in PyTorch's Adam).
      name: the optimiser's name, a prefix of its slots' names.

    Raises:
      ValueError: a parameter is out of its range.
    """
    super().__init__(name)
    if isinstance(learning_rate, tf.Variable):
      # The base class would copy the variable's value once; follow it instead.
      self._set_hyper('learning_rate', lambda: learning_rate)
      self._track_trackable(learning_rate, 'learning_rate', overwrite=True)
    else:
      self._set_hyper('learning_rate', learning_rate)
    self._beta_1 = beta_1
    self._beta_2 = beta_2
    self._epsilon = epsilon
    self._weight_decay = weight_decay

  def build(self, variables):
    """Creates the step counter and the slots of `variables` (zeros)."""
    with tf.init_scope():
      self._create_all_weights(list(variables))

  def reset(self):
    """Forgets the past: zeroes the moments and the step counter.

    Works eagerly and inside a `tf.function` (where the slots must exist
    already: call `build` first).
    """
    self.iterations  # noqa: B018 (the property creates the counter)
    for weight in self.variables():
      weight.assign(tf.zeros_like(weight))

  def get_config(self):
    return {
      **super().get_config(),
      'learning_rate': self._serialize_hyperparameter('learning_rate'),
      'beta_1': self._beta_1,
      'beta_2': self._beta_2,
      'epsilon': self._epsilon,
      'weight_decay': self._weight_decay,
    }

  def _create_slots(self, var_list):
    for var in var_list:
      self.add_slot(var, 'm')
      self.add_slot(var, 'v')

  def _prepare_local(self, var_device, var_dtype, apply_state):
    """Computes what all variables share, once per step rather than per each."""
    super()._prepare_local(var_device, var_dtype, apply_state)
    shared = apply_state[(var_device, var_dtype)]
    t = tf.cast(self.iterations + 1, var_dtype)
    beta_1 = tf.constant(self._beta_1, var_dtype)
    beta_2 = tf.constant(self._beta_2, var_dtype)
    beta_1_power = tf.pow(beta_1, t)
    beta_2_power = tf.pow(beta_2, t)
    learning_rate = shared['lr_t']
    shared.update(
      beta_1=beta_1,
      beta_2=beta_2,
      beta_1_power=beta_1_power,
      beta_2_power=beta_2_power,
      epsilon=tf.constant(self._epsilon, var_dtype),
      zero=tf.zeros([], var_dtype),
      one=tf.ones([], var_dtype),
      twice_learning_rate=2 * learning_rate,
      minus_step_size=-learning_rate
      * tf.sqrt(1 - beta_2_power)
      / (1 - beta_1_power),
    )

  def _resource_apply_dense(self, grad, var, apply_state=None):
    """Applies one step as two calls of TensorFlow's fused Adam kernel."""
    key = (var.device, var.dtype.base_dtype)
    shared = (apply_state or {}).get(key) or self._fallback_apply_state(*key)
    if self._weight_decay:
      grad = grad + self._weight_decay * var
    slots = {
      'var': var.handle,
      'm': self.get_slot(var, 'm').handle,
      'v': self.get_slot(var, 'v').handle,
      'epsilon': shared['epsilon'],
      'grad': grad,
      'use_locking': self._use_locking,
    }
    # With both betas 1 the kernel leaves the moments as they are, and with
    # both powers 0 it uses the given step size: theta += a_t * u_{t-1}.
    undo_prediction = tf.raw_ops.ResourceApplyAdam(
      beta1=shared['one'],
      beta2=shared['one'],
      beta1_power=shared['zero'],
      beta2_power=shared['zero'],
      lr=shared['minus_step_size'],
      **slots,
    )
    # Adam itself with twice the learning rate: theta -= 2 * a_t * u_t.
    with tf.control_dependencies(
      [undo_prediction] if undo_prediction is not None else []
    ):
      return tf.raw_ops.ResourceApplyAdam(
        beta1=shared['beta_1'],
        beta2=shared['beta_2'],
        beta1_power=shared['beta_1_power'],
        beta2_power=shared['beta_2_power'],
        lr=shared['twice_learning_rate'],
        **slots,
      )

  def _resource_apply_sparse(self, grad, var, indices, apply_state=None):
    """Steps every row: the moments of rows without gradient decay too."""
    dense = tf.scatter_nd(indices[:, None], grad, tf.shape(var))
    return self._resource_apply_dense(dense, var, apply_state)
