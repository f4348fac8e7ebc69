"""The reward that a run learned, where tfirl itself can't be.

Imports NumPy and gymnasium alone, so that another library's agent, in another
environment of Python, trains on it: `pip install --no-deps CHECKOUT`, or a
copy of this file.

  env = LearnedRewardWrapper(gymnasium.make('Hopper-v5'), 'cost.npz')

cost.npz holds, float32 but for texts:

  kernel_0 [E, O + A, H], bias_0 [E, 1, H], kernel_1, ...: of E ReLU MLPs of
    (what is seen of the observation, action in [-1, 1]), the costs f;
  shift [O], scale [O], clip []: (observation - shift) * scale within +-clip is
    seen;
  output_clip []: each f is within +-output_clip; reduce: 'min', 'mean' or
    'max', how the E make one;
  reward_transform: its name; level []: reward = level + transform(f);
  action_low [A], action_high [A]: the environment's bounds;
  probe_costs [N], probe_rewards [N]: some f, and their transforms;
  num_layers [] int64; metadata: JSON: which run of which task it is of.
"""

import json
import os
from typing import Any

import gymnasium
import numpy as np

_REDUCERS = {'min': np.min, 'mean': np.mean, 'max': np.max}


def _softplus(x: np.ndarray) -> np.ndarray:
  return np.logaddexp(np.float32(0.0), x)


# By the name of `CostLearner.reward_transform`; of costs [B] to rewards [B].
_TRANSFORMS = {
  'negative': lambda cost: -cost,
  'gail': lambda cost: _softplus(-cost),
  'log_expert': lambda cost: -_softplus(cost),
  'clipped_quadratic': lambda cost: np.maximum(
    np.float32(0.0), 1 - np.float32(0.25) * (cost + 1) ** 2
  ),
}


class LearnedReward:
  """reward(observation, action), of a cost.npz.

  Attributes:
    observation_size, action_size: O and A.
    action_low, action_high: [A], the environment's bounds.
    metadata: which run it is of.
  """

  def __init__(self, path: str | os.PathLike):
    """Reads the file.

    Raises:
      FileNotFoundError: no such file.
      ValueError: it is no cost.npz, or its reward is a function of the run's
        own, which NumPy alone does not know.
    """
    with np.load(path, allow_pickle=False) as archive:
      arrays = {key: archive[key] for key in archive.files}
    missing = {'num_layers', 'kernel_0', 'reward_transform'} - set(arrays)
    if missing:
      raise ValueError(
        f'{path}: found no {", ".join(sorted(missing))}; expected the cost.npz '
        'of a run'
      )
    transform = str(arrays['reward_transform'])
    if transform not in _TRANSFORMS:
      raise ValueError(
        f'{path}: reward_transform: found {transform!r}; expected one of '
        f'{", ".join(_TRANSFORMS)}. `tfirl export RUN --what cost --format '
        'saved_model` writes a model of any other'
      )
    self.metadata: dict[str, Any] = json.loads(str(arrays['metadata']))
    self.action_low = arrays['action_low']
    self.action_high = arrays['action_high']
    self.observation_size = len(arrays['shift'])
    self.action_size = len(self.action_low)
    self._arrays = arrays
    self._transform = _TRANSFORMS[transform]
    self._reduce = _REDUCERS[str(arrays['reduce'])]

  def __call__(self, observation: np.ndarray, action: np.ndarray) -> np.ndarray:
    """The reward of acting at an observation.

    Args:
      observation: [..., O], before the step.
      action: [..., A], in the environment's own units; what lies beyond its
        bounds is clipped.

    Returns:
      [...] float32.
    """
    cost = self.cost(observation, action)
    return self._arrays['level'] + self._transform(cost)

  def cost(self, observation: np.ndarray, action: np.ndarray) -> np.ndarray:
    """f, [...] float32, high on the learner; arguments as of a call."""
    arrays = self._arrays
    observation = np.asarray(observation, np.float32)
    seen = (observation - arrays['shift']) * arrays['scale']
    seen = np.clip(seen, -arrays['clip'], arrays['clip'])
    low, high = self.action_low, self.action_high
    unit = (np.asarray(action, np.float32) - (high + low) / 2) * 2
    unit = np.clip(unit / (high - low), -1.0, 1.0)
    hidden = np.concatenate([seen, unit], -1)
    batch = hidden.shape[:-1]
    hidden = hidden.reshape(-1, hidden.shape[-1])
    num_layers = int(arrays['num_layers'])
    for i in range(num_layers):
      hidden = hidden @ arrays[f'kernel_{i}'] + arrays[f'bias_{i}']
      if i < num_layers - 1:
        hidden = np.maximum(hidden, 0.0)
    members = hidden[..., 0].reshape(-1, *batch)
    members = np.clip(members, -arrays['output_clip'], arrays['output_clip'])
    return self._reduce(members, axis=0)


class LearnedRewardWrapper(gymnasium.Wrapper):
  """An environment whose reward is the learned one.

  The environment's own stands in info['task_reward']: it is to be looked at,
  not to be trained on. Observations are those of the task that the run was of;
  in a maze, say, tfirl's vector with the goal behind it.
  """

  def __init__(self, env: gymnasium.Env, path: str | os.PathLike):
    """Wraps `env`.

    Raises:
      ValueError: its observations or actions are others than the reward's.
    """
    super().__init__(env)
    self._reward = reward = LearnedReward(path)
    self._observation = None
    actions = env.action_space
    found = env.observation_space.shape, actions.shape
    expected = (reward.observation_size,), (reward.action_size,)
    if found != expected:
      raise ValueError(
        f'{path}: found an environment of observations {found[0]} and actions '
        f'{found[1]}; expected {expected[0]} and {expected[1]}'
      )
    bounds = actions.low, actions.high
    if not np.allclose(bounds, (reward.action_low, reward.action_high)):
      raise ValueError(
        f'{path}: found an environment of actions from {actions.low} to '
        f'{actions.high}; expected {reward.action_low} to '
        f'{reward.action_high}: rescale them outside of this wrapper'
      )

  def reset(self, **kwargs):
    """As of `gymnasium.Env`."""
    self._observation, info = self.env.reset(**kwargs)
    return self._observation, info

  def step(self, action):
    """As of `gymnasium.Env`, with the learned reward."""
    reward = float(self._reward(self._observation, action))
    observation, task_reward, terminated, truncated, info = self.env.step(
      action
    )
    self._observation = observation
    info = {**info, 'task_reward': task_reward}
    return observation, reward, terminated, truncated, info
