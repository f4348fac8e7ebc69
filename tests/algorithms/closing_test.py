"""Who makes environments closes them, each once, whatever fails."""

import gymnasium
import pytest

from tfirl import tasks
from tfirl.algorithms import expert, model_free
from tfirl.config import gin_bindings
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`

_SMALL = ['tfirl.SacAgent.hidden = (8,)', 'policy/table.rows_per_item = 5']
_HYPE = [
  *_SMALL,
  'WarmStart.bc_steps = 0',
  'WarmStart.critic_steps = 0',
  'ModelFree.steps_per_round = 16',
  'ModelFree.batch_size = 8',
  'CostTurns.cost_update_period = 1000',
  'CostNetwork.layers = (8,)',
  'expert/table.rows_per_item = 32',
]
_EXPERT = [*_SMALL, 'Expert.steps_per_round = 16', 'Expert.batch_size = 8']


class _Stuck(gymnasium.Wrapper):
  """Counts how often it is to be closed, which it can't be."""

  def __init__(self, env):
    super().__init__(env)
    self.num_closes = 0

  def close(self):
    self.num_closes += 1
    raise OSError('the arm is stuck')


@pytest.fixture
def made():
  """The environments, in the order in which they were made."""
  return []


@pytest.fixture
def make(made, random_demos):
  """`make(algorithm, gin_file, bindings)`: one of Hopper's."""

  def make_env():
    made.append(_Stuck(gymnasium.make('Hopper-v5')))
    return made[-1]

  def make(algorithm, gin_file, bindings):
    gin_bindings.parse([gin_file], bindings)
    task = tasks.Task('hopper', env_fn=make_env)
    return algorithm(task, random_demos, 0)

  return make


@pytest.mark.parametrize(
  ('algorithm', 'gin_file', 'bindings', 'num_envs'),
  [
    # The published cost acts in an environment of its own.
    (model_free.ModelFree, 'paper/hype_hopper.gin', _HYPE, 2),
    (expert.Expert, 'expert_hopper.gin', _EXPERT, 1),
  ],
)
def test_closing_twice_closes_each_once(
  make, made, caplog, algorithm, gin_file, bindings, num_envs
):
  played = make(algorithm, gin_file, bindings)
  played.run_round()
  assert [env.num_closes for env in made] == [0] * num_envs
  for _ in range(2):
    played.close()
  assert [env.num_closes for env in made] == [1] * num_envs
  assert caplog.text.count('OSError: the arm is stuck') == num_envs


def test_what_one_raises_keeps_no_other_open(make, made, monkeypatch):
  game = make(model_free.ModelFree, 'paper/hype_hopper.gin', _HYPE)
  stopped, stop = [], game._replay.close

  def fail():
    raise RuntimeError('the cluster is gone')

  monkeypatch.setattr(game._source, 'close', fail)
  monkeypatch.setattr(game._replay, 'close', lambda: stopped.append(stop()))
  with pytest.raises(RuntimeError, match='the cluster is gone'):
    game.close()
  assert [env.num_closes for env in made] == [1, 0]  # the cost's came first
  assert len(stopped) == 1
