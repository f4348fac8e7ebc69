"""A policy as a SavedModel, for TensorFlow Lite or ONNX: all without tfirl."""

import json
import os
from pathlib import Path

import tensorflow as tf

from tfirl.networks import encoding
from tfirl.storage import atomic_file, model_folder, policy_file

_ONNX_OPSET = 17  # of 2022; what tf2onnx writes by default is older


class _PolicyModule(tf.Module):
  """An `EnvPolicy` in TensorFlow.

  Attributes:
    action, sample: map observations [B, O] to actions [B, A] in the
      environment's own units; float32.
    action_low, action_high: [A], its bounds.
    metadata: JSON.
  """

  def __init__(self, policy: policy_file.EnvPolicy):
    super().__init__('policy')
    self._policy = unit = policy.unit_policy
    self.kernels = [tf.Variable(kernel) for kernel, _ in unit.layers]
    self.biases = [tf.Variable(bias) for _, bias in unit.layers]
    self.action_low = tf.Variable(policy.low, trainable=False)
    self.action_high = tf.Variable(policy.high, trainable=False)
    text = json.dumps(policy.metadata)
    self.metadata = tf.Variable(text, trainable=False)
    self._bounds = policy.low, policy.high
    spec = tf.TensorSpec([None, unit.observation_size], name='observation')
    self.action, self.sample, self.serve = (
      tf.function(function, [spec], autograph=False)
      for function in (self._mean_action, self._sampled_action, self._serve)
    )

  def _mean_action(self, observation):
    mean = self._head(observation)[:, : self._policy.num_actions]
    return self._in_env_units(tf.tanh(mean))

  def _sampled_action(self, observation):
    """See `acting.MlpPolicy`."""
    head, policy = self._head(observation), self._policy
    mean, log_std = tf.split(
      head, [policy.num_actions, head.shape[1] - policy.num_actions], 1
    )
    noise = tf.random.normal(tf.shape(mean))
    if log_std.shape[1]:
      std = tf.exp(tf.clip_by_value(log_std, *policy.log_std_range))
      action = tf.tanh(mean + std * noise)
    else:
      action = tf.tanh(mean) + policy.exploration_noise * noise
    return self._in_env_units(action)

  def _serve(self, observation):
    return {'action': self._mean_action(observation)}

  def _in_env_units(self, action):
    """Also clips, what noise leads beyond [-1, 1]."""
    low, high = self._bounds
    scaled = (high + low) / 2 + (high - low) / 2 * action
    return tf.clip_by_value(scaled, low, high)

  def _head(self, observation):
    hidden = encoding.encode(observation, self._policy.encoding)
    for kernel, bias in zip(self.kernels[:-1], self.biases[:-1], strict=True):
      hidden = tf.nn.relu(hidden @ kernel + bias)
    return hidden @ self.kernels[-1] + self.biases[-1]


def save_policy(
  policy: policy_file.EnvPolicy, folder: str | os.PathLike
) -> None:
  """Writes `policy` as a SavedModel, replacing an earlier one whole.

  `tf.saved_model.load(folder)` has `action(observation [B, O]) -> [B, A]`,
  the mean action in the environment's own units, and `sample`, of the same
  shapes; float32. Its signature 'serving_default' has the mean action, too:
  `observation` to `action`.

  Raises: FileExistsError if something else is at `folder`.
  """
  module = _PolicyModule(policy)
  model_folder.save(module, folder, module.serve, policy.metadata)


def save_tflite(policy: policy_file.EnvPolicy, path: str | os.PathLike) -> None:
  """Writes the mean action for TensorFlow Lite's interpreter.

  Its signature 'serving_default' maps `observation` [B, O], float32, to
  `action` [B, A], in the environment's own units.
  """
  module = _PolicyModule(policy)
  converter = tf.lite.TFLiteConverter.from_concrete_functions(
    [module.serve.get_concrete_function()], module
  )
  atomic_file.write_bytes(Path(path), converter.convert())


def save_onnx(policy: policy_file.EnvPolicy, path: str | os.PathLike) -> None:
  """Writes the mean action as an ONNX graph, `observation` [B, O] to `action`.

  Raises: ValueError without the extra that writes them.
  """
  try:
    import tf2onnx
  except ImportError as error:
    raise ValueError(
      f"{path}: ONNX needs the extra of that name: pip install 'tfirl[onnx]' "
      f'({error})'
    ) from error
  module = _PolicyModule(policy)
  model, _ = tf2onnx.convert.from_function(
    module.serve, module.serve.input_signature, opset=_ONNX_OPSET
  )
  metadata = model.metadata_props.add()
  metadata.key, metadata.value = 'tfirl', json.dumps(policy.metadata)
  atomic_file.write_bytes(Path(path), model.SerializeToString())
