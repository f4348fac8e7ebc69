"""Two tasks with an end, played by the same lines: a failure, and the goal.

On the cliff a wind blows towards the edge; who does not lean against it falls
after some 15 steps, which ends the episode: the best policy stays for all 60.
At the dock the episode ends when the mass arrives: the best policy is there in
about 7 steps, the limit is 60.
"""

import csv

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from tfirl import tasks
from tfirl.demos import rollouts
from tfirl.demos.formats import npz
from tfirl.runs import launch

_LIMIT = 60


class Cliff(gymnasium.Env):
  """Pays 1 for each step on it, between -1 and 1."""

  observation_space = spaces.Box(-np.inf, np.inf, (2,))
  action_space = spaces.Box(-1.0, 1.0, (1,))

  def reset(self, *, seed=None, options=None):
    super().reset(seed=seed)
    self._state = np.array([self.np_random.uniform(-0.6, 0.6), 0.0])
    return self._state.copy(), {}

  def step(self, action):
    position, _ = self._state
    speed = 0.6 - float(action[0])
    position += 0.1 * speed
    self._state = np.array([position, speed])
    return self._state.copy(), 1.0, bool(abs(position) > 1), False, {}


class Dock(Cliff):
  """Pays -1 for each step until the mass arrives."""

  def reset(self, *, seed=None, options=None):
    super().reset(seed=seed)
    side = self.np_random.choice([-1.0, 1.0])
    self._state = np.array([side * self.np_random.uniform(1, 2), 0.0])
    return self._state.copy(), {}

  def step(self, action):
    position, _ = self._state
    speed = 2.0 * float(action[0])
    position += 0.1 * speed
    self._state = np.array([position, speed])
    return self._state.copy(), -1.0, bool(abs(position) < 0.15), False, {}


def _lean(observation, unused_rng):
  """Comes back slowly. With a narrower expert's deviations the edges would lie
  beyond `make_encoding.clip`, and who drifts there would see nothing.
  """
  return np.clip(0.6 + 0.5 * observation[:1], -1.0, 1.0)


def _approach(observation, unused_rng):
  return np.clip(-5.0 * observation[:1], -1.0, 1.0)


_TASKS = {'cliff': (Cliff, _lean), 'dock': (Dock, _approach)}
_LINES = {
  'Task.env_kwargs': {},
  'Task.tremble_probability': 0.0,
  'run.real_steps': 5000,
  'run.eval_every': 1000,
  'run.eval_episodes': 10,
  'run.checkpoint_every': 5000,
  'run.record_video': False,
  'ModelFree.steps_per_round': 50,
  'ModelFree.batch_size': 64,
  'ModelFree.initial_steps': 200,
  'ModelFree.anneal_learning_rate': False,
  'CostTurns.window': 500,
  'CostTurns.cost_update_period': 100,
  'CostTurns.cost_updates': 5,
  'CostLearner.batch_size': 256,
  'CostLearner.learning_rate': 1e-3,
  'CostLearner.match_time': True,
  'CostNetwork.layers': (32, 32),
  'make_encoding.standardize': True,
  'tfirl.SacAgent.hidden': (32, 32),
  'tfirl.SacAgent.learning_rate': 3e-3,
  'tfirl.SacAgent.gamma': 0.95,
  'policy/table.rows_per_item': 10,
  'expert/table.rows_per_item': 50,
  'expert_fraction/piecewise_linear.segments': [(0.5, 0.1, 5000)],
}


@pytest.fixture(params=_TASKS)
def task(request, tmp_path):
  """Name, path of 40 demonstrations, and their mean return."""
  env_fn, expert = _TASKS[request.param]
  env_id = f'Tfirl{request.param.capitalize()}-v0'
  gymnasium.register(env_id, env_fn, max_episode_steps=_LIMIT)
  env = tasks.make_env(env_id)
  raw = rollouts.record(env, expert, 40, seed=0, full_length_only=False)
  path = str(tmp_path / 'demos.npz')
  npz.save_npz(raw, path)
  yield request.param, path, float(np.mean(raw.episode_returns))
  del gymnasium.registry[env_id]


def _returns(name, demos, root, lines):
  launch.launch(
    ['hype_hopper.gin', 'agents/from_nothing.gin'],
    [
      f"Task.name = '{name}'",
      f"Task.env_id = 'Tfirl{name.capitalize()}-v0'",
      'CostLearner.learning_rate_scale = @schedules.constant',
      *(f'{key} = {value!r}' for key, value in _LINES.items()),
      *lines,
    ],
    str(root),
    seed=0,
    demos=demos,
    stop=lambda: False,
  )
  with open(root / name / 'hype/0/metrics.csv', newline='') as file:
    rows = list(csv.DictReader(file))
  return [float(row['eval_return_mean']) for row in rows], rows[-1]


def test_the_same_lines_learn_to_stay_and_to_arrive(task, tmp_path):
  name, demos, expert = task
  level = ['CostLearner.make_level = @AbsorbingLevel']
  returns, last = _returns(name, demos, tmp_path, level)
  print(name, expert, returns)
  # Reverb's draws have no seed: one bad evaluation is no failure to learn.
  best = max(returns[-2:])
  if name == 'cliff':
    assert expert == _LIMIT
    assert best > 0.9 * expert
    assert float(last['cost_level']) > 0
  else:
    assert -20 < expert < -5
    assert best > 1.5 * expert  # both are negative
    assert float(last['cost_level']) < 0


def test_it_is_the_level_that_decides(task, tmp_path):
  """At the other task's, one falls at once and the other never arrives."""
  name, demos, expert = task
  wrong = {'cliff': -3.0, 'dock': 3.0}[name]
  level = [
    'CostLearner.make_level = @AbsorbingLevel',
    f'AbsorbingLevel.initial = {wrong}',
    f'AbsorbingLevel.least = {wrong}',
    f'AbsorbingLevel.most = {wrong}',
    'run.real_steps = 3000',
  ]
  returns, _ = _returns(name, demos, tmp_path, level)
  print(name, expert, returns)
  if name == 'cliff':
    assert returns[-1] < 0.5 * expert
  else:
    assert returns[-1] < 4 * expert
