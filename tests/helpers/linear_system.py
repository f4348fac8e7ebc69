"""A linear system, and a small ensemble to fit to it."""

import gin
import numpy as np

from tfirl import types
from tfirl.dynamics import model as dynamics_model
from tfirl.dynamics import trainer as dynamics_trainer

OBSERVATION_SIZE, ACTION_SIZE = 3, 2
# Four members of 2 x 16.
_SMALL = """
GaussianEnsemble.num_members = 4
GaussianEnsemble.layers = (16, 16)
DynamicsModel.num_elites = 2
"""


def rows(number, seed=0):
  """s' = s + M (s, a) + noise of deviation .01."""
  rng = np.random.default_rng(seed)
  observation = rng.normal(2.0, 3.0, (number, OBSERVATION_SIZE)).astype(
    np.float32
  )
  action = rng.uniform(-1, 1, (number, ACTION_SIZE)).astype(np.float32)
  matrix = np.random.default_rng(99).normal(
    size=(OBSERVATION_SIZE + ACTION_SIZE, OBSERVATION_SIZE)
  )
  delta = np.concatenate([observation, action], -1) @ matrix
  delta += 0.01 * rng.normal(size=delta.shape)
  return types.Transition(
    observation,
    action,
    np.ones(number, np.float32),
    (observation + delta).astype(np.float32),
  )


def make(seed=0, **kwargs):
  """(model, trainer)."""
  gin.parse_config(_SMALL)
  model = dynamics_model.DynamicsModel(OBSERVATION_SIZE, ACTION_SIZE, seed)
  kwargs = {'batch_size': 32, **kwargs}
  return model, dynamics_trainer.DynamicsTrainer(model, seed, **kwargs)
