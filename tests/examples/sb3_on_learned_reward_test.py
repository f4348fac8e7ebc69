"""The example, with what it asks of Stable-Baselines3 stood in for."""

import sys
import types

import gymnasium
import numpy as np
import pytest

from tfirl.costs import export, learned_reward
from tfirl.costs.learner import CostLearner


class _Sac:
  """Steps the environment, and pays out what it paid."""

  def __init__(self, policy, env, seed, verbose):
    assert policy == 'MlpPolicy'
    self._env, self._seed = env, seed

  def learn(self, num_steps, callback):
    assert isinstance(self._env, learned_reward.LearnedRewardWrapper)
    assert isinstance(callback, _EvalCallback)
    judge = callback.env.unwrapped
    assert judge is not self._env.unwrapped
    self._env.reset(seed=self._seed)
    for _ in range(num_steps):
      self._env.step(self._env.action_space.sample())

  def save(self, path):
    self.saved = path


class _EvalCallback:
  """Takes what SB3's does, as far as the example gives it."""

  def __init__(self, env, eval_freq, log_path, verbose):
    assert not isinstance(env.env, learned_reward.LearnedRewardWrapper)
    assert eval_freq >= 1
    assert log_path.endswith('policy_curve')
    self.env = env


def _evaluate_policy(model, env):
  """One step's reward: of the wrapper, or of the environment itself."""
  assert isinstance(model, _Sac)
  env.reset(seed=1)
  return env.step(np.zeros(3, np.float32))[1], 0.0


@pytest.fixture
def sb3(monkeypatch):
  parts = {
    'stable_baselines3': {'SAC': _Sac},
    'stable_baselines3.common': {},
    'stable_baselines3.common.callbacks': {'EvalCallback': _EvalCallback},
    'stable_baselines3.common.evaluation': {
      'evaluate_policy': _evaluate_policy
    },
    'stable_baselines3.common.monitor': {'Monitor': gymnasium.Wrapper},
  }
  for name, contents in parts.items():
    module = types.ModuleType(name)
    vars(module).update(contents)
    monkeypatch.setitem(sys.modules, name, module)
    parent, _, child = name.rpartition('.')
    if parent:
      setattr(sys.modules[parent], child, module)


def test_it_trains_on_the_one_reward_and_tells_both(
  sb3, tmp_path, run_example, capsys
):
  path = tmp_path / 'cost.npz'
  learner = CostLearner(11, 3, 0, batch_size=8)
  ones = np.ones(3, np.float32)
  facts = {'env_id': 'Hopper-v5', 'env_kwargs': {'healthy_reward': 7.0}}
  export.save_npz(learner, -ones, ones, facts, path)
  out = f'--out={tmp_path / "policy"}'
  run_example('sb3_on_learned_reward.py', str(path), '--steps=5', out)
  learned, own = (
    float(line.split(': ')[1].split()[0])
    for line in capsys.readouterr().out.splitlines()[-2:]
  )
  assert own == pytest.approx(7.0, abs=0.3)
  assert learned != pytest.approx(own, abs=1.0)
