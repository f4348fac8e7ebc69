"""A point that must come to rest at the origin: the methods have to learn it.

Mean returns: -1.7 for the scripted expert, -1.7 after bc, -2.6 to -3.6 after
hype (Reverb's sampling has no seed, and two players circle each other), -1.7 to
-1.8 after iq_learn, -1.8 to -2.1 after expert, -2.3 to -5.5 after lamps and
sysid, -20 to -31 before training, -22 to -25 with a cost that does not learn.
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

_ENV_ID = 'TfirlPoint-v0'


class PointEnv(gymnasium.Env):
  """Moves by at most 0.2 a step and pays its distance from the origin.

  It is not MuJoCo's: what tfirl asks of an environment is Gymnasium's.
  """

  observation_space = spaces.Box(-2.0, 2.0, (2,))
  action_space = spaces.Box(-0.5, 0.5, (2,))

  def reset(self, *, seed=None, options=None):
    super().reset(seed=seed)
    angle = self.np_random.uniform(0, 2 * np.pi)
    self._position = np.array([np.cos(angle), np.sin(angle)])
    return self._position.copy(), {}

  def step(self, action):
    self._position = np.clip(self._position + 0.4 * action, -2.0, 2.0)
    reward = -np.linalg.norm(self._position)
    return self._position.copy(), reward, False, False, {}


def _expert(observation, unused_rng):
  """Straight to the origin, in [-1, 1] of tfirl's action scale."""
  return np.clip(-4.0 * observation, -1.0, 1.0)


@pytest.fixture(scope='module')
def demos(tmp_path_factory):
  """Path of 50 episodes of the expert, from all directions."""
  gymnasium.register(_ENV_ID, PointEnv, max_episode_steps=20)
  path = tmp_path_factory.mktemp('demos') / 'point.npz'
  raw = rollouts.record(tasks.make_env(_ENV_ID), _expert, 50, seed=0)
  npz.save_npz(raw, str(path))
  yield str(path)
  del gymnasium.registry[_ENV_ID]


def _train(gin_file, bindings, demos, root):
  """Returns: mean returns, first to last, and the demonstrations' mean."""
  launch.launch(
    [gin_file],
    [
      "Task.name = 'point'",
      f"Task.env_id = '{_ENV_ID}'",
      'Task.env_kwargs = {}',
      'Task.tremble_probability = 0.0',
      'run.eval_episodes = 8',
      'run.record_video = False',
      *bindings,
    ],
    str(root),
    seed=0,
    demos=demos,
    stop=lambda: False,
  )
  (path,) = root.glob('point/*/0/metrics.csv')
  with open(path, newline='') as file:
    returns = [float(r['eval_return_mean']) for r in csv.DictReader(file)]
  print(gin_file, returns)
  with np.load(demos) as arrays:
    return returns, float(np.mean(arrays['episode_returns']))


def test_hype_learns(demos, tmp_path):
  bindings = {
    'run.real_steps': None,  # whichever the file binds
    'run.env_steps': 2000,
    'run.eval_every': 500,
    'run.checkpoint_every': 2000,
    'ModelFree.steps_per_round': 50,
    'ModelFree.batch_size': 64,
    'ModelFree.initial_steps': 100,
    'CostTurns.cost_update_period': 50,
    'CostTurns.cost_rollout_episodes': 4,
    'tfirl.SacAgent.hidden': (32, 32),
    'CostNetwork.layers': (32, 32),
    'CostLearner.batch_size': 100,
    'CostLearner.learning_rate': 3e-3,
    'constant/piecewise_linear.segments': [(1.0, 1.0, 1)],
    'CostLearner.fresh_optimizer': False,
    'CostTurns.cost_updates': 5,
    'tfirl.SacAgent.learning_rate': 5e-3,
    'tfirl.SacAgent.gamma': 0.9,
    'policy/table.rows_per_item': 1,
    'expert/table.rows_per_item': 50,
  }
  lines = ['CostLearner.learning_rate_scale = @constant/piecewise_linear']
  lines += [f'{name} = {value!r}' for name, value in bindings.items()]
  returns, expert = _train('paper/hype_hopper.gin', lines, demos, tmp_path)
  assert returns[0] < 10 * expert
  assert max(returns[-2:]) > 3 * expert


def test_expert_learns(demos, tmp_path):
  """From the reward: `demos` only say what is good."""
  bindings = {
    'run.real_steps': None,  # whichever the file binds
    'run.env_steps': 1500,
    'run.eval_every': 500,
    'run.checkpoint_every': 1500,
    'Expert.steps_per_round': 50,
    'Expert.batch_size': 64,
    'Expert.initial_steps': 200,
    'tfirl.SacAgent.hidden': (32, 32),
    'tfirl.SacAgent.learning_rate': 5e-3,
    'tfirl.SacAgent.gamma': 0.9,
    'policy/table.rows_per_item': 1,
  }
  lines = [f'{name} = {value!r}' for name, value in bindings.items()]
  returns, expert = _train('expert_hopper.gin', lines, demos, tmp_path)
  assert returns[0] < 5 * expert
  assert returns[-1] > 2 * expert


def test_iq_learn_learns(demos, tmp_path):
  bindings = {
    'run.real_steps': 2500,
    'run.eval_every': 500,
    'run.checkpoint_every': 2500,
    'ModelFree.steps_per_round': 50,
    'ModelFree.batch_size': 64,
    'ModelFree.initial_steps': 100,
    'tfirl.SacAgent.hidden': (32, 32),
    'tfirl.SacAgent.learning_rate': 5e-3,
    'tfirl.SacAgent.actor_learning_rate': None,
    'tfirl.SacAgent.gamma': 0.9,
    'policy/table.rows_per_item': 1,
    'expert/table.rows_per_item': 50,
  }
  lines = [f'{name} = {value!r}' for name, value in bindings.items()]
  returns, expert = _train('iq_learn_hopper.gin', lines, demos, tmp_path)
  assert returns[0] < 5 * expert
  # As of hype: one bad evaluation is not a failure to learn.
  assert max(returns[-2:]) > 2 * expert


@pytest.mark.parametrize('method', ['lamps', 'sysid'])
def test_the_loop_in_a_model_learns_from_the_reward(method, demos, tmp_path):
  """As the model predicts it: no real reward is ever trained on."""
  bindings = {
    'run.real_steps': 1000,
    'run.eval_every': 200,
    'run.checkpoint_every': 1000,
    'ModelBased.initial_steps': 200,
    'ModelBased.dynamics_update_period': 40,
    'ModelBased.steps_per_round': 20,
    'ModelBased.policy_updates_per_step': 3,
    'ModelBased.batch_size': 64,
    'ModelBased.jit_compile': False,
    'DynamicsTrainer.max_epochs': 15,
    'DynamicsTrainer.learning_rate': 3e-3,
    'DynamicsTrainer.batch_size': 64,
    'GaussianEnsemble.layers': (64, 64),
    'GaussianEnsemble.num_members': 3,
    'DynamicsModel.num_elites': 2,
    'Imagination.rollouts_per_step': 20,
    'Imagination.epoch_length': 400,
    'tfirl.SacAgent.hidden': (32, 32),
    'tfirl.SacAgent.learning_rate': 5e-3,
    'tfirl.SacAgent.gamma': 0.9,
    'expert/table.rows_per_item': 50,
    'hybrid/table.rows_per_item': 20,
    'learner/table.rows_per_item': 20,
  }
  lines = ['Task.is_healthy = @termination.never']
  lines += [f'{name} = {value!r}' for name, value in bindings.items()]
  returns, expert = _train(f'{method}_hopper.gin', lines, demos, tmp_path)
  assert returns[0] < 10 * expert
  # From -20 to -31; of some twenty runs one ended at -5.5, or 3.2 times.
  assert max(returns[-2:]) > 4 * expert


def test_bc_learns(demos, tmp_path):
  bindings = {
    'run.updates': 1280,
    'run.eval_every': 640,
    'run.checkpoint_every': 1280,
    'BehaviorCloning.batch_size': 64,
    'BcAgent.hidden': (32, 32),
    'BcAgent.learning_rate': 3e-3,
    'expert/table.rows_per_item': 50,
  }
  lines = [f'{name} = {value!r}' for name, value in bindings.items()]
  returns, expert = _train('bc_hopper.gin', lines, demos, tmp_path)
  assert returns[0] < 5 * expert
  assert returns[-1] > 1.3 * expert
