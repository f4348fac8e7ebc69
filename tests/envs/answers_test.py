"""What an environment answers: of another form it is named."""

import os

import gym_envs
import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from tfirl import tasks
from tfirl.envs.gymnasium_env import GymnasiumEnvironment


class AnswerEnv(gymnasium.Env):
  """Answers what it is told to, at its first reset and at each step."""

  action_space = spaces.Box(-1, 1, (1,))
  observation_space = spaces.Box(-1, 1, (3,))

  def __init__(self, first=None, steps=()):
    self._first = (np.zeros(3), {}) if first is None else first
    self._steps = list(steps)

  def reset(self, *, seed=None, options=None):
    return self._first

  def step(self, action):
    return self._steps.pop(0)


class OldEnv(AnswerEnv):
  """As gym had it."""

  def reset(self):
    return np.zeros(3)


def _step(observation=(0, 0, 0), reward=0.0, terminated=False, truncated=False):
  return observation, reward, terminated, truncated, {}


_SHAPE = r'expected numbers of shape \(3,\), as its observation_space says'


@pytest.mark.parametrize('is_limited', [False, True])
@pytest.mark.parametrize(
  ('steps', 'message'),
  [
    ([(np.zeros(3), 0.0, False, {})], 'got 4.*; expected five values'),
    ([None], 'cannot unpack.*; expected five values: observation, reward'),
    ([_step(np.zeros(2))], rf'array of shape \(2,\), float64; {_SHAPE}'),
    ([_step(), _step([0, 1])], rf'is a list of 2: \[0, 1\]; {_SHAPE}'),
    ([_step([[0, 1], 2])], rf'is a list of 2: .*; {_SHAPE}'),
    ([_step('x')], rf"is 'x', of type str; {_SHAPE}"),
    ([_step({'a': 1})], rf"is {{'a': 1}}, of type dict; {_SHAPE}"),
    ([_step(None)], rf'is None; {_SHAPE}'),
    ([_step(), _step(reward=None)], 'the reward is None; expected a number'),
    ([_step(reward=[1.0])], 'the reward is a list of 1: .*expected a number'),
    ([_step(reward='x')], "the reward is 'x', of type str; expected a numb"),
    ([_step(terminated=None)], 'terminated is None; expected True or False'),
    ([_step(truncated={})], 'truncated is {}, of type dict; expected True or'),
  ],
)
def test_steps_of_another_form_are_named(steps, message, is_limited):
  inner = AnswerEnv(steps=steps)
  if is_limited:
    inner = gymnasium.wrappers.TimeLimit(inner, 9)
  env = GymnasiumEnvironment(inner, 0)
  env.reset()
  for _ in steps[1:]:
    env.step([0.0])
  with pytest.raises(ValueError, match=rf'^AnswerEnv\.step: .*{message}'):
    env.step([0.0])


@pytest.mark.parametrize('is_limited', [False, True])
@pytest.mark.parametrize(
  ('inner', 'message'),
  [
    (OldEnv(), "keyword argument 'seed'; expected a pair, observation and in"),
    (AnswerEnv(np.zeros(3)), 'too many values.*; expected a pair'),
    (AnswerEnv(([0, 0], {})), _SHAPE),
    (AnswerEnv(np.zeros(2)), rf'observation is 0.0, of type float64; {_SHAPE}'),
    (AnswerEnv((None, {})), rf'observation is None; {_SHAPE}'),
  ],
)
def test_resets_of_another_form_are_named(inner, message, is_limited):
  name = type(inner).__name__
  if is_limited:
    inner = gymnasium.wrappers.TimeLimit(inner, 9)
  with pytest.raises(ValueError, match=rf'^{name}\.reset: .*{message}'):
    GymnasiumEnvironment(inner, 0).reset()


@pytest.mark.parametrize('error', [ValueError, TypeError, KeyError, OSError])
def test_what_an_environment_raises_comes_out_as_it_is(error):
  class Raising(AnswerEnv):
    def step(self, action):
      raise error('not enough values to unpack, says the user')

  env = GymnasiumEnvironment(gymnasium.wrappers.TimeLimit(Raising(), 9), 0)
  env.reset()
  with pytest.raises(error, match='to unpack, says the user') as info:
    env.step([0.0])
  assert info.value.args == ('not enough values to unpack, says the user',)
  where = 'raised by Raising.step, step 1 of its episode'
  assert info.value.__notes__ == [where]


@pytest.mark.parametrize('reward', [np.nan, np.inf, -np.inf, np.float32('nan')])
def test_non_finite_reward(reward):
  env = GymnasiumEnvironment(
    AnswerEnv(steps=[_step(), _step(reward=reward)]), 0
  )
  env.reset()
  env.step([0.0])
  message = f'^AnswerEnv: non-finite reward at step 2 of its episode: {reward}'
  with pytest.raises(FloatingPointError, match=message):
    env.step([0.0])


@pytest.mark.parametrize('reward', [1, True, np.float64(1), np.array(1.0)])
def test_any_one_number_is_a_reward(reward):
  env = GymnasiumEnvironment(AnswerEnv(steps=[_step(reward=reward)]), 0)
  env.reset()
  assert env.step([0.0]).reward == 1


def test_without_an_id_an_environment_goes_by_its_class():
  assert gym_envs.make().name == 'Hopper-v5'
  env = GymnasiumEnvironment(AnswerEnv((np.full(3, np.nan), {})), 0)
  assert (env.name, env.env_id) == ('AnswerEnv', '')
  with pytest.raises(
    FloatingPointError, match='^AnswerEnv: non-finite observation at step 0'
  ):
    env.reset()


def test_an_environment_that_leaves_the_working_folder_does_not_take_us_along(
  tmp_path, monkeypatch, caplog
):
  """A run's paths are relative to it."""
  monkeypatch.chdir(tmp_path)

  def make(render_mode=None):
    os.chdir('/')
    return AnswerEnv()

  with tasks.Task('a', env_fn=make, max_episode_steps=3).make_env():
    assert os.getcwd() == str(tmp_path)
  assert f'changed the working folder to /; changed back to {tmp_path}' in (
    caplog.text
  )
