"""Who makes environments closes them, each once, whatever fails."""

import functools
import types

import gymnasium
import pytest
import reverb_ports
import small_games

from tfirl import tasks
from tfirl.algorithms import algorithm as algorithm_lib
from tfirl.algorithms import bc, expert, model_based, model_free
from tfirl.algorithms.actors import remote_steps
from tfirl.algorithms.parts import cost_turns, sources
from tfirl.config import gin_bindings
from tfirl.replay import interface
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
  """`make(algorithm, gin_file, bindings, **given)`: one of Hopper's."""

  def make_env():
    made.append(_Stuck(gymnasium.make('Hopper-v5')))
    return made[-1]

  def make(algorithm, gin_file, bindings, **given):
    gin_bindings.parse([gin_file], bindings)
    task = tasks.Task('hopper', env_fn=make_env)
    return algorithm(task, random_demos, 0, **given)

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


def _fail(*unused_args, **unused_kwargs):
  raise MemoryError('no room')


_HYPER = [*_SMALL, *small_games.MODEL_BASED, 'ModelBased.steps_per_round = 4']


@pytest.mark.parametrize(
  ('algorithm', 'gin_file', 'bindings', 'num_envs'),
  [
    (model_free.ModelFree, 'paper/hype_hopper.gin', _HYPE, 2),
    (model_based.ModelBased, 'paper/hyper_hopper.gin', _HYPER, 2),
    (expert.Expert, 'expert_hopper.gin', _EXPERT, 1),
    (bc.BehaviorCloning, 'bc_hopper.gin', ['BcAgent.hidden = (8,)'], 1),
  ],
)
def test_a_constructor_that_fails_leaves_nothing_open(
  make, made, monkeypatch, algorithm, gin_file, bindings, num_envs
):
  monkeypatch.setattr(algorithm_lib.Algorithm, '__init__', _fail)
  with reverb_ports.none_left_open():
    with pytest.raises(MemoryError, match='no room'):
      make(algorithm, gin_file, bindings)
  assert [env.num_closes for env in made] == [1] * num_envs


@pytest.mark.parametrize(
  ('binding', 'expected'),
  [
    ('ModelFree.expert_fraction', 'at least 0 and at most 1'),
    ('ModelFree.learning_rate_scale', 'at least 0'),
    ('WarmStart.bc_scale', 'at least 0'),
    ('CostLearner.learning_rate_scale', 'at least 0'),
    ('Expert.learning_rate_scale', 'at least 0'),
  ],
)
def test_a_schedule_out_of_range_is_refused_and_nothing_left_open(
  make, made, binding, expected
):
  """A negative rate climbs what it is to descend."""
  lines = [
    f'{binding} = @wrong/piecewise_linear',
    'wrong/piecewise_linear.segments = [(-0.5, -0.5, 1)]',
  ]
  game = model_free.ModelFree, 'paper/hype_hopper.gin', [*_HYPE, *lines]
  if binding.startswith('Expert.'):
    game = expert.Expert, 'expert_hopper.gin', [*_EXPERT, *lines]
  with reverb_ports.none_left_open():
    with pytest.raises(ValueError, match=f'^{binding} is -0.5; .*{expected}'):
      make(*game)
  assert all(env.num_closes for env in made)


def test_a_cost_that_fails_leaves_no_environment_open(make, made, monkeypatch):
  monkeypatch.setattr(cost_turns, '_make_learner', _fail)
  with pytest.raises(MemoryError):
    make(model_free.ModelFree, 'paper/hype_hopper.gin', _HYPE)
  assert all(env.num_closes for env in made)


def test_a_source_that_fails_leaves_no_environment_open(made, monkeypatch):
  def make_env(seed):
    made.append(_Stuck(gymnasium.make('Hopper-v5')))
    return tasks.Task('hopper', env_fn=lambda: made[-1]).make_env(seed)

  monkeypatch.setattr(_Stuck, 'reset', _fail)
  with pytest.raises(MemoryError):
    sources.OwnEnvironment(make_env, (0,), 16)
  monkeypatch.setattr(interface, 'restrict', _fail)
  with reverb_ports.none_left_open(), pytest.raises(MemoryError):
    remote_steps.RemoteSteps(
      make_env,
      (0,),
      16,
      crew=None,
      num_actors=2,
      max_policy_age=1,
      timeout_s=1.0,
      stop=lambda: False,
    )
  assert [env.num_closes for env in made] == [1, 1]


@pytest.mark.parametrize(
  ('algorithm', 'gin_file', 'bindings', 'least', 'num_servers'),
  [
    (model_free.ModelFree, 'paper/hype_hopper.gin', _HYPE, 5 * 16, 2),
    # Before a model is pretrained, and before the tables.
    (model_based.ModelBased, 'paper/hyper_hopper.gin', _HYPER, 5 * 4 * 30, 1),
  ],
)
def test_steps_that_would_get_too_old_are_refused_and_nothing_left_open(
  make, made, algorithm, gin_file, bindings, least, num_servers
):
  make_source = functools.partial(
    remote_steps.RemoteSteps,
    crew=types.SimpleNamespace(close=lambda: None),
    num_actors=2,
    max_policy_age=least - 1,
    timeout_s=1.0,
    stop=lambda: False,
  )
  words = f'run.max_policy_age is {least - 1}; expected at least {least}: '
  with (
    reverb_ports.none_left_open(num_servers),
    pytest.raises(ValueError, match=words),
  ):
    make(algorithm, gin_file, bindings, make_source=make_source)
  assert all(env.num_closes for env in made)
