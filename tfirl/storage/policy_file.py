"""policy.npz: a policy that acts in its environment's own units, in NumPy.

Keys, all float32 but for the last two:

  kernel_0 [O + 2 P, H], bias_0 [H], kernel_1, ...: of a ReLU MLP, whose last
    layer puts out the A pre-squash means of the actions;
  shift [O], scale [O], clip [], angles [O, P], phases [P]: what it sees of an
    observation (`acting.Encoding`): the identity if it sees it as it is;
  action_low [A], action_high [A]: the environment's bounds, -1 and 1 of the
    tanh of the means;
  log_std_kernel [H, A], log_std_bias [A], log_std_range [2]: of a policy that
    samples a Gaussian;
  exploration_noise []: of one that does not;
  num_layers [] int64;
  metadata: JSON: which run of which task it is of, what it returned, versions.
"""

import io
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tfirl import acting
from tfirl.storage import npz_file

FILE = 'policy.npz'
_WHAT = (
  'the policy that a run leaves with each checkpoint (to a run of an earlier '
  'tfirl the command that made it adds it)'
)


class EnvPolicy(NamedTuple):
  """A policy in its environment's own units.

  Attributes:
    unit_policy: the same, with actions in [-1, 1].
    low, high: the environment's bounds, [A] float32.
    metadata: JSON-able; task, run, returns, versions.
  """

  unit_policy: acting.MlpPolicy
  low: np.ndarray
  high: np.ndarray
  metadata: Mapping[str, Any]

  def __call__(
    self, observation: np.ndarray, rng: np.random.Generator | None = None
  ) -> np.ndarray:
    """Action for `observation` [..., O]: the mean, or a sample if `rng`.

    Returns: [..., A] float32, within the bounds.
    """
    action = self.unit_policy(observation, rng)
    return acting.in_env_units(action, self.low, self.high)


def make(
  unit_policy: acting.MlpPolicy,
  low: np.ndarray,
  high: np.ndarray,
  metadata: Mapping[str, Any],
  action_names: Sequence[str] | None = None,
) -> EnvPolicy:
  """An `EnvPolicy`, whose metadata also say what goes in and comes out.

  Args:
    unit_policy, low, high, metadata: as of `EnvPolicy`.
    action_names: of the A actions, where they have any.
  """
  low, high = _within(low, high)
  spaces = {
    'observation': {'shape': [unit_policy.observation_size]},
    'action': {
      'shape': list(low.shape),
      'low': low.tolist(),
      'high': high.tolist(),
      'names': None if action_names is None else list(action_names),
    },
  }
  return EnvPolicy(unit_policy, low, high, {**metadata, **spaces})


def _within(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Bounds [A] as float32, not beyond what they are in float64: 0.1 is rounded
  up, and an environment that checks its actions refuses that.
  """
  inner_low, inner_high = np.float32(low), np.float32(high)
  up, down = np.float32(np.inf), np.float32(-np.inf)
  inner_low = np.where(inner_low < low, np.nextafter(inner_low, up), inner_low)
  inner_high = np.where(
    inner_high > high, np.nextafter(inner_high, down), inner_high
  )
  return np.minimum(inner_low, inner_high), inner_high


def save(policy: EnvPolicy, path: str | os.PathLike) -> None:
  """Writes `policy`, whole or not at all."""
  npz_file.write(path, _arrays(policy))


def load(path: str | os.PathLike) -> EnvPolicy:
  """The policy that `save` wrote.

  Raises:
    FileNotFoundError: no such file.
    ValueError: it holds no such policy; names the key, what was found and what
      was expected.
  """
  return _policy(path, npz_file.read(path, _WHAT))


def to_bytes(unit_policy: acting.MlpPolicy) -> bytes:
  """What `from_bytes` makes the same policy of, in another process."""
  ones = np.ones(unit_policy.num_actions, np.float32)
  return npz_file.to_bytes(_arrays(make(unit_policy, -ones, ones, {})))


def from_bytes(data: bytes) -> acting.MlpPolicy:
  """The policy, with actions in [-1, 1].

  Raises:
    ValueError: `data` are of no policy.
  """
  where = 'the policy that was sent'
  arrays = npz_file.read(io.BytesIO(data), _WHAT, where)
  return _policy(where, arrays).unit_policy


def _arrays(policy: EnvPolicy) -> dict[str, np.ndarray]:
  unit, num_actions = policy.unit_policy, policy.unit_policy.num_actions
  *hidden, (kernel, bias) = unit.layers
  arrays = {
    'num_layers': np.array(len(unit.layers)),
    'exploration_noise': np.float32(unit.exploration_noise),
    'action_low': policy.low,
    'action_high': policy.high,
    'metadata': np.array(json.dumps(policy.metadata)),
    **_encoding_arrays(unit),
  }
  means = kernel[:, :num_actions], bias[:num_actions]
  for i, (layer_kernel, layer_bias) in enumerate([*hidden, means]):
    arrays[f'kernel_{i}'], arrays[f'bias_{i}'] = layer_kernel, layer_bias
  if len(bias) > num_actions:
    arrays['log_std_kernel'] = kernel[:, num_actions:]
    arrays['log_std_bias'] = bias[num_actions:]
    arrays['log_std_range'] = np.array(unit.log_std_range, np.float32)
  return arrays


def _policy(
  path: str | os.PathLike, arrays: Mapping[str, np.ndarray]
) -> EnvPolicy:
  """Of checked arrays; `path` is where they are from, for errors."""
  _check(path, arrays)
  num_actions = len(arrays['action_low'])
  layers = [
    (arrays[f'kernel_{i}'], arrays[f'bias_{i}'])
    for i in range(int(arrays['num_layers']))
  ]
  settings = {'exploration_noise': float(arrays['exploration_noise'])}
  if 'log_std_kernel' in arrays:
    parts = zip(layers[-1], ('log_std_kernel', 'log_std_bias'), strict=True)
    layers[-1] = tuple(
      np.concatenate([mean, arrays[key]], -1) for mean, key in parts
    )
    settings['log_std_range'] = tuple(arrays['log_std_range'].tolist())
  unit = acting.MlpPolicy(
    layers, num_actions, encoding=_encoding(arrays), **settings
  )
  return EnvPolicy(
    unit,
    arrays['action_low'],
    arrays['action_high'],
    npz_file.metadata(path, arrays, _WHAT),
  )


def _encoding_arrays(policy: acting.MlpPolicy) -> dict[str, np.ndarray]:
  encoding = policy.encoding or _identity(policy.observation_size)
  return {k: np.asarray(v, np.float32) for k, v in encoding._asdict().items()}


def _identity(size: int) -> acting.Encoding:
  zeros = np.zeros(size, np.float32)
  return acting.Encoding(
    zeros, zeros + 1, np.zeros([size, 0], np.float32), zeros[:0]
  )


def _encoding(arrays: Mapping[str, np.ndarray]) -> acting.Encoding | None:
  """None if it changes nothing."""
  fields = [arrays[key] for key in acting.Encoding._fields]
  encoding = acting.Encoding(*fields[:-1], float(fields[-1]))
  same = _identity(len(encoding.shift))
  is_same = map(np.array_equal, encoding, same)
  return None if all(is_same) else encoding


def _check(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> None:
  """Raises ValueError unless all shapes fit each other, and all numbers are
  such as a policy has.
  """
  scalars = 'num_layers', 'clip', 'exploration_noise', 'metadata'
  npz_file.require(path, arrays, dict.fromkeys(scalars, ()), _WHAT)
  num_layers = npz_file.count_layers(path, arrays, _WHAT)
  num_observed = np.size(arrays.get('shift', 0))
  num_waves, num_actions = (
    np.size(arrays.get(key, 0)) for key in ('phases', 'action_low')
  )
  widths = [num_observed + 2 * num_waves]
  widths += [np.size(arrays.get(f'bias_{i}', 0)) for i in range(num_layers - 1)]
  widths.append(num_actions)
  shapes = {
    'shift': (num_observed,),
    'scale': (num_observed,),
    'angles': (num_observed, num_waves),
    'phases': (num_waves,),
    'action_low': (num_actions,),
    'action_high': (num_actions,),
  }
  for i in range(num_layers):
    shapes[f'kernel_{i}'] = (widths[i], widths[i + 1])
    shapes[f'bias_{i}'] = (widths[i + 1],)
  if 'log_std_kernel' in arrays:
    shapes['log_std_kernel'] = (widths[-2], num_actions)
    shapes['log_std_bias'] = (num_actions,)
    shapes['log_std_range'] = (2,)
  npz_file.require(path, arrays, shapes, _WHAT)
  numbers = [*shapes, 'exploration_noise']
  npz_file.require_numbers(path, arrays, numbers, _WHAT)
  _check_order(path, arrays)


def _check_order(
  path: str | os.PathLike, arrays: Mapping[str, np.ndarray]
) -> None:
  """Raises ValueError unless ranges are such."""
  low, high = arrays['action_low'], arrays['action_high']
  if (low > high).any():
    raise ValueError(
      f'{path}: action_low: found {low.tolist()}; expected at most '
      f'action_high, {high.tolist()}, of {_WHAT}'
    )
  least, most = arrays.get('log_std_range', (0, 0))
  if least > most:
    raise ValueError(
      f'{path}: log_std_range: found {least} to {most}; expected the lower one '
      f'first, of {_WHAT}'
    )
  clip, noise = arrays['clip'], arrays['exploration_noise']
  if clip.dtype.kind not in 'fiu' or not clip > 0:  # inf is none
    raise ValueError(
      f'{path}: clip: found {clip}; expected a number above 0, of {_WHAT}'
    )
  if noise < 0:
    raise ValueError(
      f'{path}: exploration_noise: found {noise}; expected 0 or more, of '
      f'{_WHAT}'
    )
