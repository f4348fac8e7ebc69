"""A tiny environment whose episodes can be worked out by hand."""

import types

import numpy as np
import pytest
from tf_agents.environments import py_environment
from tf_agents.specs import array_spec
from tf_agents.trajectories import time_step as ts


class CountingEnvironment(py_environment.PyEnvironment):
  """Lasts 2 + seed % 3 steps; each step's reward is the action plus 0.5.

  With a goal, only the second step of an episode of even seed reaches it;
  without `tells_failures`, only that step says so.
  Without `picture`, only an episode's first step can be rendered.
  """

  def __init__(self, has_goal=False, picture=True, tells_failures=True):
    super().__init__(handle_auto_reset=True)
    self.gym = types.SimpleNamespace(metadata={'render_fps': 60})
    self.seeds = []
    self._has_goal = has_goal
    self._tells_failures = tells_failures
    self._picture = picture
    self._steps = 0

  def observation_spec(self):
    return array_spec.ArraySpec([1], np.float32)

  def action_spec(self):
    return array_spec.BoundedArraySpec([1], np.float32, -1, 1)

  def seed(self, seed):
    self.seeds.append(seed)

  def get_info(self):
    reached = self._steps == 2 and self.seeds[-1] % 2 == 0
    is_told = self._has_goal and (reached or self._tells_failures)
    return {'success': reached} if is_told else {}

  def render(self, mode='rgb_array'):
    if not self._picture and self._steps:
      return None
    return np.full([32, 32, 3], 60 * (self._steps + 1), np.uint8)

  def _reset(self):
    self._steps = 0
    return ts.restart(np.zeros(1, np.float32))

  def _step(self, action):
    self._steps += 1
    observation = np.full(1, self._steps, np.float32)
    reward = np.float32(action[0] + 0.5)
    is_last = self._steps == 2 + self.seeds[-1] % 3
    make = ts.termination if is_last else ts.transition
    return make(observation, reward)


@pytest.fixture
def make_env():
  return CountingEnvironment
