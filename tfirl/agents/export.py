"""A policy as a SavedModel that loads without tfirl."""

import os
import shutil
from pathlib import Path

import tensorflow as tf

from tfirl import acting
from tfirl.networks import encoding


class _PolicyModule(tf.Module):
  """The MLP of a `MlpPolicy` in TensorFlow."""

  def __init__(self, policy: acting.MlpPolicy):
    super().__init__('policy')
    self.kernels = [tf.Variable(kernel) for kernel, _ in policy.layers]
    self.biases = [tf.Variable(bias) for _, bias in policy.layers]
    self._encoding = policy.encoding
    self._num_actions = policy.num_actions
    self._log_std_range = policy.log_std_range
    self._exploration_noise = policy.exploration_noise
    observations = tf.TensorSpec([None, policy.observation_size])
    self.action, self.sample = (
      tf.function(function, [observations], autograph=False)
      for function in (self._mean_action, self._sampled_action)
    )

  def _mean_action(self, observation):
    """[B, O] -> [B, A] in [-1, 1]."""
    return tf.tanh(self._head(observation)[:, : self._num_actions])

  def _sampled_action(self, observation):
    """[B, O] -> [B, A] in [-1, 1]; see `MlpPolicy`."""
    head = self._head(observation)
    mean, log_std = head[:, : self._num_actions], head[:, self._num_actions :]
    if log_std.shape[1]:
      std = tf.exp(tf.clip_by_value(log_std, *self._log_std_range))
      return tf.tanh(mean + std * tf.random.normal(tf.shape(mean)))
    noise = self._exploration_noise * tf.random.normal(tf.shape(mean))
    return tf.clip_by_value(tf.tanh(mean) + noise, -1.0, 1.0)

  def _head(self, observation):
    hidden = encoding.encode(observation, self._encoding)
    for kernel, bias in zip(self.kernels[:-1], self.biases[:-1], strict=True):
      hidden = tf.nn.relu(hidden @ kernel + bias)
    return hidden @ self.kernels[-1] + self.biases[-1]


def save_policy(policy: acting.MlpPolicy, folder: str | os.PathLike) -> None:
  """Writes `policy` as a SavedModel, replacing an earlier one whole.

  `tf.saved_model.load(folder)` has `action(observation [B, O]) -> [B, A]`,
  the mean action, and `sample`, of the same shapes; float32.
  """
  folder = os.path.normpath(folder)  # without a closing slash
  writing, replaced = f'{folder}.tmp', f'{folder}.old'
  for leftover in (writing, replaced):
    shutil.rmtree(leftover, ignore_errors=True)
  tf.saved_model.save(_PolicyModule(policy), writing)
  if os.path.exists(folder):
    os.rename(folder, replaced)
  os.rename(writing, folder)
  shutil.rmtree(replaced, ignore_errors=True)


def load_model(folder: str | os.PathLike):
  """The SavedModel that `save_policy` wrote.

  Raises FileNotFoundError if there is none.
  """
  if not (Path(folder) / 'saved_model.pb').is_file():
    raise FileNotFoundError(
      f'{folder} holds no SavedModel; expected the one a run exports at its end'
    )
  return tf.saved_model.load(os.fspath(folder))


def layers_of(model) -> acting.Layers:
  """The weights of a loaded policy."""
  return [
    (kernel.numpy(), bias.numpy())
    for kernel, bias in zip(model.kernels, model.biases, strict=True)
  ]
