"""Acting in NumPy: one observation in, one action out, about 20 us a call.

A tf.function call of batch 1 costs ten times as much, which is felt when one
environment is stepped at a time. The weights are copied from the network once
a round.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# (kernel [in, out], bias [out]) of each layer.
Layers = Sequence[tuple[np.ndarray, np.ndarray]]
# Beside those of envs/wrappers.py.
EPISODE_STREAM = 3


class Encoding(NamedTuple):
  """What an MLP sees of observations [..., O]: [..., O + 2 P].

  (observation - shift) * scale within +-clip, then sin and cos of observation
  @ angles + phases.
  """

  shift: np.ndarray  # [O] float32
  scale: np.ndarray  # [O] float32
  angles: np.ndarray  # [O, P] float32, rad per unit of the observation
  phases: np.ndarray  # [P] float32, rad
  clip: float = float('inf')

  def without_waves(self) -> 'Encoding':
    """The first O numbers alone."""
    return self._replace(angles=self.angles[:, :0], phases=self.phases[:0])

  def __call__(self, observation: np.ndarray) -> np.ndarray:
    angles = observation @ self.angles + self.phases
    scaled = (observation - self.shift) * self.scale
    scaled = np.clip(scaled, -self.clip, self.clip)
    return np.concatenate([scaled, np.sin(angles), np.cos(angles)], -1)


def episode_rng(seed: int, stochastic: bool) -> np.random.Generator | None:
  """What samples the actions of an episode of `seed`; None for mean actions.

  It is not the generator that Gymnasium makes of `seed`, by which the
  environment draws: actions would go with the start state.
  """
  return np.random.default_rng([seed, EPISODE_STREAM]) if stochastic else None


def in_env_units(
  action: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
  """Actions [..., A] in [-1, 1] as the environment takes them, within its
  bounds `low` and `high`, [A] each.
  """
  scaled = (high + low) / 2 + (high - low) / 2 * action
  return np.clip(scaled, low, high)  # rounding may lead a digit beyond


def in_unit_range(
  action: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
  """The inverse of `in_env_units`; what lies out of bounds is clipped."""
  scaled = (action - (high + low) / 2) / ((high - low) / 2)
  return np.clip(scaled, -1.0, 1.0)


class MlpPolicy:
  """tanh(MLP(observation)), or a sample of the squashed Gaussian around it.

  Attributes:
    layers: (kernel [in, out], bias [out]) pairs, float32; ReLU between them.
    log_std_range: where log standard deviations are clipped to.
    num_actions: A. The last layer puts out A numbers (a deterministic
      policy) or 2 A: pre-squash means, then log standard deviations.
    exploration_noise: standard deviation of what a deterministic policy's
      samples add to its action.
    encoding: of the observations, before the first layer; None for none.
  """

  def __init__(
    self,
    layers: Layers,
    num_actions: int,
    log_std_range: tuple[float, float] = (-20.0, 2.0),
    exploration_noise: float = 0.0,
    encoding: Encoding | None = None,
  ):
    """Raises ValueError if the last layer's width is neither A nor 2 A."""
    self.layers = [(np.asarray(k), np.asarray(b)) for k, b in layers]
    self.num_actions = num_actions
    self.log_std_range = log_std_range
    self.exploration_noise = exploration_noise
    self.encoding = encoding
    width = self.layers[-1][1].shape[0]
    if width not in (num_actions, 2 * num_actions):
      raise ValueError(
        f'last layer puts out {width} numbers; expected {num_actions} '
        f'(means) or {2 * num_actions} (means and log stds)'
      )

  @property
  def observation_size(self) -> int:
    """O."""
    if self.encoding is not None:
      return len(self.encoding.shift)
    return self.layers[0][0].shape[0]

  def __call__(
    self,
    observation: np.ndarray,
    rng: np.random.Generator | None = None,
  ) -> np.ndarray:
    """Action for `observation` [..., O]: the mean, or a sample if `rng`.

    Returns: [..., A] float32 in [-1, 1]. A deterministic policy without
      exploration noise ignores `rng`.

    Raises:
      ValueError: it has another size than O; names both.
    """
    hidden = np.asarray(observation, np.float32)
    try:  # costs nothing, as a check of the shape would
      if self.encoding is not None:
        hidden = self.encoding(hidden)
      for kernel, bias in self.layers[:-1]:
        hidden = np.maximum(hidden @ kernel + bias, 0.0)
      kernel, bias = self.layers[-1]
      output = hidden @ kernel + bias
    except ValueError as error:
      raise ValueError(
        f'the observation has shape {np.shape(observation)}; expected '
        f'{self.observation_size} numbers, or rows of as many'
      ) from error
    mean = output[..., : self.num_actions]
    if rng is None:
      return np.tanh(mean)
    if output.shape[-1] != self.num_actions:
      log_std = np.clip(output[..., self.num_actions :], *self.log_std_range)
      noise = rng.standard_normal(mean.shape, np.float32)
      return np.tanh(mean + np.exp(log_std) * noise)
    if not self.exploration_noise:
      return np.tanh(mean)
    noise = rng.standard_normal(mean.shape, np.float32)
    action = np.tanh(mean) + np.float32(self.exploration_noise) * noise
    return np.clip(action, -1.0, 1.0)

  def deterministic(self) -> 'MlpPolicy':
    """The same policy without its log standard deviations (half the head), or
    its exploration noise.
    """
    kernel, bias = self.layers[-1]
    head = (kernel[:, : self.num_actions], bias[: self.num_actions])
    return MlpPolicy(
      [*self.layers[:-1], head], self.num_actions, encoding=self.encoding
    )
