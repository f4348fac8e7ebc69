"""A point in a disc: the task of the runs that are made to fail."""

import dataclasses
from pathlib import Path

import gymnasium
import numpy as np
from gymnasium import spaces

ENV_ID = 'TfirlDisc-v0'
_STEPS = 60
_PLACE = np.array([0.7, 0.0])


class DiscEnv(gymnasium.Env):
  """A point that drifts outward, and is paid for resting at a place.

  It starts 1 from the centre, drifts away from it by 3 % a step, and ends where
  it leaves the disc. A step pays exp(-(distance from the place / 0.5)^2): to
  live on elsewhere pays nothing.

  Args:
    edge: radius of the disc.
    needs_noise: a push only tells if it is unlike the one before: the mean of
      a policy that is right on average then does nothing.
  """

  observation_space = spaces.Box(-3.0, 3.0, (2,))
  action_space = spaces.Box(-1.0, 1.0, (2,))

  def __init__(self, edge: float = 2.0, needs_noise: bool = False):
    self._edge, self._needs_noise = edge, needs_noise
    self.reset()

  def reset(self, *, seed=None, options=None):
    super().reset(seed=seed)
    angle = self.np_random.uniform(0, 2 * np.pi)
    self._position = np.array([np.cos(angle), np.sin(angle)])
    self._last = np.zeros(2)
    return self._position.astype(np.float32), {}

  def step(self, action):
    push = np.asarray(action, np.float64)
    if self._needs_noise and np.abs(push - self._last).max() < 0.15:
      push = np.zeros(2)
    self._last = np.asarray(action, np.float64)
    noise = self.np_random.normal(0.0, 0.02, 2)
    moved = 1.03 * self._position + 0.15 * push + noise
    self._position = np.clip(moved, -3.0, 3.0)
    distance = np.linalg.norm(self._position - _PLACE)
    reward = float(np.exp(-((distance / 0.5) ** 2)))
    has_left = bool(np.linalg.norm(self._position) > self._edge)
    return self._position.astype(np.float32), reward, has_left, False, {}


def register() -> None:
  """Has gymnasium know it as `ENV_ID`."""
  gymnasium.register(ENV_ID, DiscEnv, max_episode_steps=_STEPS)


def _expert(observation, rng, place=_PLACE):
  """To the place, with some noise."""
  push = -3.0 * (observation - place) - 0.2 * place
  return np.clip(push + rng.normal(0.0, 0.2, 2), -1.0, 1.0).astype(np.float32)


def demonstrations(folder: Path, spoils: str | None) -> str:
  """Path of 40 episodes of the expert in the whole disc, or what is left."""
  from tfirl.demos import rollouts
  from tfirl.demos.formats import npz
  from tfirl.envs.gymnasium_env import GymnasiumEnvironment

  env = GymnasiumEnvironment(gymnasium.make(ENV_ID), 0)
  rng = np.random.default_rng(0)
  place = -_PLACE if spoils == 'elsewhere' else _PLACE
  raw = rollouts.record(env, lambda o, _: _expert(o, rng, place), 40, seed=0)
  columns = dict(raw.columns)
  if spoils == 'shuffled':
    columns['actions'] = rng.permutation(columns['actions'])
  elif spoils == 'flipped':
    columns['actions'] = -columns['actions']
  path = folder / 'demos.npz'
  npz.save_npz(dataclasses.replace(raw, columns=columns), str(path))
  return str(path)
