"""The MuJoCo tasks of Gymnasium, and a small environment without MuJoCo."""

import gymnasium
import numpy as np
from gymnasium import spaces

from tfirl.envs.gymnasium_env import GymnasiumEnvironment

TASKS = {
  'hopper': ('Hopper-v5', {}),
  'walker2d': ('Walker2d-v5', {'xml_file': 'walker2d.xml'}),
  'ant': (
    'Ant-v5',
    {'include_cfrc_ext_in_observation': False, 'contact_cost_weight': 0},
  ),
  'humanoid': (
    'Humanoid-v5',
    {
      'include_cinert_in_observation': False,
      'include_cvel_in_observation': False,
      'include_qfrc_actuator_in_observation': False,
      'include_cfrc_ext_in_observation': False,
    },
  ),
}


def make(task='hopper', seed=0, **kwargs):
  """The adapter of a task of `TASKS`."""
  env_id, task_kwargs = TASKS[task]
  return GymnasiumEnvironment(
    gymnasium.make(env_id, **task_kwargs, **kwargs), seed
  )


def random_actions(env, num_steps, seed=0):
  """[num_steps, A], float32, in [-1, 1]."""
  rng = np.random.default_rng(seed)
  shape = (num_steps, *env.action_spec().shape)
  return rng.uniform(-1, 1, shape).astype(np.float32)


def assert_same_step(found, expected):
  """Of two time steps: equal in every field."""
  for name, a, b in zip(found._fields, found, expected, strict=True):
    np.testing.assert_array_equal(a, b, err_msg=name)


class LinearEnv(gymnasium.Env):
  """Observation = sum of the actions; ends when it passes 5 in size."""

  def __init__(self, low, high, blow_up=False):
    self.action_space = spaces.Box(np.float32(low), np.float32(high))
    self.observation_space = spaces.Box(-np.inf, np.inf, (len(low),))
    self.executed = []
    self._blow_up = blow_up

  def reset(self, *, seed=None, options=None):
    super().reset(seed=seed)
    self._state = np.zeros(self.action_space.shape)
    return self._state.copy(), {'success': False}

  def step(self, action):
    self.executed.append(action)
    self._state += np.nan if self._blow_up else action
    done = bool(np.abs(self._state).max() > 5)
    return self._state.copy(), 1.0, done, False, {'success': done}
