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
from collections.abc import Mapping
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


def check(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> None:
  """Raises ValueError unless `arrays` are those of a cost.npz, as described
  above; names the file, the key, what was found and what was expected.
  """

  def require(key: str, expected: str, is_valid: bool, found: Any) -> None:
    if not is_valid:
      raise ValueError(f'{path}: {key}: found {found}; expected {expected}')

  layers = 0
  while f'kernel_{layers}' in arrays:
    layers += 1
  found = arrays['num_layers']
  is_count = found.shape == () and found.dtype.kind in 'iu'
  require('num_layers', f'{layers}', is_count and found == layers > 0, found)
  shapes = _shapes(arrays, layers)
  clips = 'clip', 'output_clip'  # inf is none
  for key, shape in {**shapes, **dict.fromkeys((*clips, 'level'), ())}.items():
    require(key, f'shape {shape}', key in arrays, 'nothing')
    value = arrays[key]
    require(key, f'shape {shape}', value.shape == shape, value.shape)
    is_real = value.dtype.kind in 'fiu'
    require(key, 'real numbers', is_real, f'type {value.dtype}')
    if key in clips:
      require(key, 'a number above 0', bool(value > 0), value)
    else:
      odd = value[~np.isfinite(value)]
      require(key, 'finite numbers', not odd.size, odd[:1])
  low, high = arrays['action_low'], arrays['action_high']
  bounds = f'less than action_high, {high}'
  require('action_low', bounds, bool((low < high).all()), low)
  reduce = str(arrays.get('reduce'))
  require(
    'reduce', f'one of {", ".join(_REDUCERS)}', reduce in _REDUCERS, reduce
  )
  text = str(arrays.get('metadata'))
  try:
    is_object = isinstance(json.loads(text), dict)
  except (ValueError, RecursionError):
    is_object = False
  require('metadata', 'a JSON object', is_object, repr(text[:60]))


def _shapes(
  arrays: Mapping[str, np.ndarray], layers: int
) -> dict[str, tuple[int, ...]]:
  """Of kernels, biases and what is a number each of observation or action."""
  size, actions = (np.size(arrays.get(k, 0)) for k in ('shift', 'action_low'))
  members = len(np.atleast_1d(arrays['kernel_0']))
  widths = [size + actions]
  for i in range(layers - 1):
    widths.append(np.atleast_1d(arrays.get(f'bias_{i}', 0)).shape[-1])
  widths.append(1)
  shapes = {key: (size,) for key in ('shift', 'scale')}
  shapes |= {key: (actions,) for key in ('action_low', 'action_high')}
  for i in range(layers):
    shapes[f'kernel_{i}'] = members, widths[i], widths[i + 1]
    shapes[f'bias_{i}'] = members, 1, widths[i + 1]
  return shapes


def _read(path: str | os.PathLike) -> dict[str, np.ndarray]:
  """The arrays of an .npz, as `LearnedReward`; copies have no other reader."""
  try:
    with np.load(path, allow_pickle=False) as archive:
      return {key: archive[key] for key in archive.files}
  except FileNotFoundError:
    raise
  except Exception as error:  # damage shows as any of a dozen types
    raise ValueError(
      f'{path}: found a file that is damaged, or no .npz ({error}); expected '
      'the cost.npz of a run'
    ) from error


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
    arrays = _read(path)
    missing = {'num_layers', 'kernel_0', 'reward_transform'} - set(arrays)
    if missing:
      raise ValueError(
        f'{path}: found no {", ".join(sorted(missing))}; expected the cost.npz '
        'of a run'
      )
    check(path, arrays)
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
