"""What demonstrations are held against, where there is no environment."""

import types
from unittest import mock

import numpy as np

from tfirl.demos import agreement
from tfirl.demos.load import load_demonstrations


class SpecEnv:
  """Hopper's sizes and bounds, or others; it can't be played."""

  maze = None
  max_episode_steps = None
  gym = types.SimpleNamespace(spec=None)

  def __init__(
    self, env_id='Hopper-v5', size=11, high=(1, 1, 1), low=None, env_kwargs=None
  ):
    self.env_id, self.env_kwargs = env_id, env_kwargs or {}
    self.action_high = np.float32(high)
    self.action_low = -self.action_high if low is None else np.float32(low)
    self._size = size

  def observation_spec(self):
    return types.SimpleNamespace(shape=(self._size,))


def load(source, env=None, **options):
  """`load_demonstrations`, but nothing is replayed in `env`."""
  with mock.patch.object(agreement, 'check'):
    return load_demonstrations(source, env or SpecEnv(), **options)
