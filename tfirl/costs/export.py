"""The learned reward as it leaves: cost.npz, and a SavedModel made of it."""

import inspect
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfirl.config import user_modules
from tfirl.costs import learned_reward
from tfirl.costs.learner import CostLearner
from tfirl.losses import cost_losses
from tfirl.networks import cost as cost_network
from tfirl.storage import model_folder, npz_file

FILE = 'cost.npz'
_WHAT = 'the cost that a run of the game leaves with each checkpoint'
# Where a reward is compared with that of the run.
_PROBE_COSTS = np.linspace(-4.0, 4.0, 33, dtype=np.float32)
# Of cost_losses, by the names that `learned_reward` knows.
_TRANSFORMS = {
  function.__name__: function
  for function in map(
    inspect.unwrap,
    (
      cost_losses.negative,
      cost_losses.gail,
      cost_losses.log_expert,
      cost_losses.clipped_quadratic,
    ),
  )
}


def save_npz(
  learner: CostLearner,
  low: np.ndarray,
  high: np.ndarray,
  metadata: Mapping[str, Any],
  path: str | os.PathLike,
) -> None:
  """Writes the learned reward for `learned_reward.LearnedReward`.

  Args:
    learner: of the reward.
    low: the environment's lower bounds of actions, [A].
    high: its upper ones.
    metadata: JSON-able; which run of which task it is of.
    path: FILE.npz.
  """
  arrays = {
    **learner.network.arrays(),
    'reward_transform': np.array(_name_of(learner.reward_transform)),
    'level': learner.level,
    'action_low': np.asarray(low, np.float32),
    'action_high': np.asarray(high, np.float32),
    'probe_costs': _PROBE_COSTS,
    'probe_rewards': np.asarray(learner.reward_transform(_PROBE_COSTS)),
    'metadata': np.array(json.dumps(metadata)),
  }
  npz_file.write(path, arrays)


class RewardModule(tf.Module):
  """The reward of a cost.npz in TensorFlow.

  Attributes:
    reward, cost: map observations [B, O] and actions [B, A], in the
      environment's own units, to [B].
    action_low, action_high: [A], the environment's bounds.
    metadata: JSON.
  """

  def __init__(self, path: str | os.PathLike):
    """Reads the file.

    Raises:
      FileNotFoundError: no such file.
      ValueError: it is no cost.npz, or the function that makes a reward of f is
        not found, or is not what it was in the run.
    """
    super().__init__('reward')
    arrays = npz_file.read(path, _WHAT)
    scalars = 'num_layers', 'level', 'reward_transform'
    npz_file.require(path, arrays, dict.fromkeys(scalars, ()), _WHAT)
    learned_reward.check(path, arrays)
    transform = _find_transform(path, arrays)
    network = cost_network.from_arrays(arrays)
    self._variables = network.variables  # alone: a Keras model saves far more
    self._unit_cost = lambda *inputs: network(*inputs)
    self._transform = lambda cost: transform(cost)
    for key in ('level', 'action_low', 'action_high', 'metadata'):
      setattr(self, key, tf.Variable(arrays[key], trainable=False))
    specs = [
      tf.TensorSpec([None, len(arrays['shift'])], name='observation'),
      tf.TensorSpec([None, len(arrays['action_low'])], name='action'),
    ]
    self.reward, self.cost, self.serve = (
      tf.function(function, specs, autograph=False)
      for function in (self._reward, self._cost, self._serve)
    )

  def unit_reward(self, observation, action):
    """As `reward`, of actions in [-1, 1]; for graphs."""
    cost = self._unit_cost(observation, action)
    return self.level + self._transform(cost)

  def _reward(self, observation, action):
    return self.unit_reward(observation, self._in_unit_range(action))

  def _cost(self, observation, action):
    return self._unit_cost(observation, self._in_unit_range(action))

  def _serve(self, observation, action):
    return {'reward': self._reward(observation, action)}

  def _in_unit_range(self, action):
    center = (self.action_high + self.action_low) / 2
    scaled = 2 * (action - center) / (self.action_high - self.action_low)
    return tf.clip_by_value(scaled, -1.0, 1.0)


def save_model(module: RewardModule, folder: str | os.PathLike) -> None:
  """Writes a reward as a SavedModel, replacing an earlier one whole.

  Its signature 'serving_default' maps `observation` and `action` to `reward`.

  Raises: FileExistsError if something else is at `folder`.
  """
  metadata = json.loads(module.metadata.numpy())
  model_folder.save(module, folder, module.serve, metadata)


def _name_of(transform: Callable) -> str:
  """One of `learned_reward`'s names, or 'module:function' of a user's own."""
  function = inspect.unwrap(transform)
  if function in _TRANSFORMS.values():
    return function.__name__
  name = getattr(function, '__qualname__', type(function).__name__)
  return f'{getattr(function, "__module__", "__main__")}:{name}'


def _find_transform(
  path: str | os.PathLike, arrays: Mapping[str, np.ndarray]
) -> Callable:
  name = str(arrays['reward_transform'])
  transform = _TRANSFORMS.get(name)
  if transform is None:
    what = f'{path}: reward_transform is {name!r}'
    module, _, function = name.partition(':')
    try:
      transform = getattr(user_modules.load(module), function)
    except (AttributeError, ValueError) as error:
      raise ValueError(
        f'{what}, which is not found from the working folder ({error}); '
        'expected a function of a module there'
      ) from error
    found = np.asarray(transform(arrays['probe_costs']))
    if not np.allclose(found, arrays['probe_rewards'], rtol=1e-5, atol=1e-6):
      raise ValueError(
        f'{what}, which makes other rewards of costs than it did in the run; '
        'expected the same function, without bindings of gin'
      )
  return transform
