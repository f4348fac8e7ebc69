"""A mass on a line, its expert, and short runs of `hype` on it."""

import gymnasium
import numpy as np
from gymnasium import spaces

import tfirl

SMALL = (
  'tfirl.SacAgent.hidden = (8,)',
  'CostNetwork.layers = (8,)',
  'CostLearner.batch_size = 32',
  'ModelFree.batch_size = 16',
  'ModelFree.steps_per_round = 16',
  'ModelFree.initial_steps = 32',
  'WarmStart.bc_steps = 0',
  'WarmStart.critic_steps = 0',
  'CostTurns.cost_update_period = 64',
  'CostTurns.window = 64',
  'run.record_video = False',
  'run.eval_episodes = 1',
)
# Nothing is compiled, for what is asked of the loop around it.
UNTRAINED = (
  'ModelFree.initial_steps = 1000',
  'CostTurns.cost_update_period = 1000',
)
# No evaluation before a checkpoint.
RARE = ('run.eval_every = 1000', 'run.checkpoint_every = 32')


class Mass(gymnasium.Env):
  """A mass on a line, pushed with up to 10 N; it is to come to 0."""

  observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float32)
  action_space = spaces.Box(0.0, 10.0, (1,), np.float32)

  def __init__(self, render_mode=None):
    self.render_mode = render_mode

  def reset(self, *, seed=None, options=None):
    super().reset(seed=seed)
    self._x, self._v = self.np_random.uniform(0.5, 1), 0.0
    return self._observe(), {}

  def step(self, action):
    self._v = 0.9 * self._v + 0.1 * (float(action[0]) - 5) / 5
    self._x += 0.1 * self._v
    return self._observe(), -abs(self._x), bool(abs(self._x) > 2), False, {}

  def _observe(self):
    return np.array([self._x, self._v], np.float32)


def expert(observation):
  """The push, in newtons, that brings the mass to rest at 0."""
  push = np.clip(-3 * observation[0] - 3 * observation[1], -1, 1)
  return np.array([5 + 5 * push], np.float32)


def imitate(task, demos, tmp_path, **kwargs):
  """A run of `hype` by `SMALL` in `tmp_path`/runs, of 160 steps by default."""
  bindings = [*SMALL, *kwargs.pop('bindings', ())]
  return tfirl.imitate(
    'hype',
    task,
    demos,
    real_steps=kwargs.pop('real_steps', 160),
    bindings=bindings,
    root_dir=tmp_path / 'runs',
    **kwargs,
  )
