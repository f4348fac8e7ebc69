"""The adapter against gymnasium itself, and its borders."""

import json
import pickle

import gymnasium
import numpy as np
import pytest
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
# Over 20 steps from a restored qpos and qvel. Measured on float32
# observations: 0 on Hopper, Walker2d and Ant, 2e-6 on Humanoid.
RESTORE_TOLERANCE = 1e-5

all_tasks = pytest.mark.parametrize('task', TASKS)


def make(task='hopper', seed=0, **kwargs):
  env_id, task_kwargs = TASKS[task]
  return GymnasiumEnvironment(
    gymnasium.make(env_id, **task_kwargs, **kwargs), seed
  )


def random_actions(env, num_steps, seed=0):
  rng = np.random.default_rng(seed)
  shape = (num_steps, *env.action_spec().shape)
  return rng.uniform(-1, 1, shape).astype(np.float32)


def assert_same_step(found, expected):
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


@all_tasks
def test_equals_gymnasium_bit_for_bit(task):
  env_id, kwargs = TASKS[task]
  env = make(task, seed=7)
  reference = gymnasium.make(env_id, **kwargs)
  center = (reference.action_space.high + reference.action_space.low) / 2
  scale = (reference.action_space.high - reference.action_space.low) / 2
  step = env.reset()
  observation, _ = reference.reset(seed=7)
  num_resets = 0
  for action in random_actions(env, 200):
    np.testing.assert_array_equal(
      step.observation, observation.astype(np.float32)
    )
    if step.is_last():
      step, (observation, _) = env.step(action), reference.reset()
      assert step.is_first()
      num_resets += 1
      continue
    step = env.step(action)
    observation, reward, terminated, truncated, _ = reference.step(
      center + scale * action
    )
    assert step.reward == np.float32(reward)
    assert step.reward.dtype == step.observation.dtype == np.float32
    assert step.discount == 1.0 - terminated
    assert step.is_last() == (terminated or truncated)
  assert num_resets >= 2 or task == 'ant'


@all_tasks
def test_state_continues_bit_for_bit_in_a_fresh_environment(task):
  env = make(task, seed=3)
  env.reset()
  actions = random_actions(env, 80)
  for action in actions[:12]:
    env.step(action)
  state = env.get_state()
  copies = [json.loads(json.dumps(state)), pickle.loads(pickle.dumps(state))]
  expected = [env.step(a) for a in actions[12:]]  # through several resets
  for copy in copies:
    other = make(task, seed=99)
    other.set_state(copy)
    assert other.elapsed_steps == 12
    for action, step in zip(actions[12:], expected, strict=True):
      assert_same_step(other.step(action), step)


def test_state_before_the_first_reset_keeps_the_seed():
  state = make(seed=5).get_state()
  other = make(seed=6)
  other.set_state(state)
  assert_same_step(other.step(np.zeros(3)), make(seed=5).reset())


def test_state_at_the_end_of_an_episode_still_resets():
  env = make(seed=1, max_episode_steps=2)
  env.reset()
  env.step(np.zeros(3))
  env.step(np.zeros(3))
  other = make(seed=2, max_episode_steps=2)
  other.set_state(env.get_state())
  assert_same_step(other.current_time_step(), env.current_time_step())
  assert_same_step(other.step(np.zeros(3)), env.step(np.zeros(3)))
  assert other.current_time_step().is_first()


@all_tasks
def test_recorded_coordinates_continue_to_tolerance(task):
  env = make(task)
  env.reset()
  actions = random_actions(env, 30) * 0.3
  for action in actions[:10]:
    before = env.step(action)
  data = env.gym.unwrapped.data
  qpos, qvel, time_s = data.qpos.copy(), data.qvel.copy(), data.time
  expected = [env.step(a) for a in actions[10:]]
  ends = [i for i, step in enumerate(expected, 1) if step.is_last()]
  num_steps = ends[0] if ends else 20
  assert num_steps >= 5
  other = make(task, seed=99)
  first = other.restore_mujoco(qpos, qvel, 10)
  assert first.is_first()
  np.testing.assert_array_equal(first.observation, before.observation)
  assert other.gym.unwrapped.data.time == pytest.approx(time_s, abs=1e-12)
  assert not other.gym.unwrapped.data.qacc_warmstart.any()
  for action, step in zip(
    actions[10:][:num_steps], expected[:num_steps], strict=True
  ):
    found = other.step(action)
    np.testing.assert_allclose(
      found.observation, step.observation, rtol=0, atol=RESTORE_TOLERANCE
    )
    assert found.step_type == step.step_type


def test_restoring_counts_the_time_limit_from_there():
  env = make('ant', max_episode_steps=10)
  data = env.gym.unwrapped.data
  env.reset()
  env.restore_mujoco(data.qpos.copy(), data.qvel.copy(), 8)
  assert env.elapsed_steps == 8
  assert not env.step(np.zeros(8)).is_last()
  last = env.step(np.zeros(8))
  assert last.is_last() and last.discount == 1.0
  assert env.step(np.zeros(8)).is_first() and env.elapsed_steps == 0


@pytest.mark.parametrize(
  'change, message',
  [
    ({'qpos': np.zeros(5)}, r'qpos has shape \(5,\); expected \(6,\)'),
    ({'qvel': np.full(6, np.nan)}, 'qvel holds a non-finite value'),
    ({'elapsed_steps': 1000}, 'elapsed_steps is 1000.*time limit of 1000'),
    ({'elapsed_steps': -1}, 'elapsed_steps is -1'),
  ],
)
def test_restoring_refuses(change, message):
  state = {'qpos': np.zeros(6), 'qvel': np.zeros(6), 'elapsed_steps': 0}
  with pytest.raises(ValueError, match=message):
    make().restore_mujoco(**{**state, **change})


def test_a_time_out_bootstraps():
  env = make('ant', max_episode_steps=3)
  env.reset()
  steps = [env.step(np.zeros(8)) for _ in range(4)]
  assert [int(s.step_type) for s in steps] == [1, 1, 2, 0]
  assert [float(s.discount) for s in steps] == [1, 1, 1, 1]
  assert env.max_episode_steps == 3


def test_a_fall_does_not_even_at_the_time_limit():
  env = make(seed=4)
  env.reset()
  actions = random_actions(env, 200)
  num_steps = next(i for i, a in enumerate(actions, 1) if env.step(a).is_last())
  assert env.current_time_step().discount == 0.0
  env = make(seed=4, max_episode_steps=num_steps)
  env.reset()
  for action in actions[:num_steps]:
    last = env.step(action)
  assert last.is_last() and last.discount == 0.0


def test_seed_makes_the_next_reset_start_from_it():
  env = make(seed=1)
  first, second = env.reset(), env.reset()
  assert (first.observation != second.observation).any()
  env.seed(np.int64(1))
  assert_same_step(env.reset(), first)
  assert_same_step(env.reset(), second)


def test_humanoid_actions_reach_its_own_range():
  env = make('humanoid')
  env.reset()
  assert env.action_spec().minimum == -1 and env.action_spec().maximum == 1
  for sign in (-1, 1):
    env.step(np.full(17, sign, np.float32))
    bound = env.action_high if sign > 0 else env.action_low
    np.testing.assert_array_equal(env.gym.unwrapped.data.ctrl, bound)
  np.testing.assert_array_equal(env.action_high, np.full(17, 0.4, np.float32))


def test_uneven_bounds():
  inner = LinearEnv(low=[-1, 0], high=[3, 10])
  env = GymnasiumEnvironment(inner, 0)
  env.reset()
  env.step([-1, -1])
  env.step([0, 0.5])
  np.testing.assert_allclose(inner.executed, [[-1, 0], [1, 7.5]])


@pytest.mark.parametrize(
  'action, message',
  [
    ([0.0], r'shape \(1,\); expected \(2,\)'),
    ([0.0, 1.1], r'expected finite numbers within \[-1, 1\]'),
    ([-1.1, 0.0], r'expected finite numbers within \[-1, 1\]'),
    ([0.0, np.nan], r'expected finite numbers within \[-1, 1\]'),
  ],
)
def test_bad_actions(action, message):
  env = GymnasiumEnvironment(LinearEnv([-1, -1], [1, 1]), 0)
  env.reset()
  with pytest.raises(ValueError, match=message):
    env.step(action)


def test_non_finite_observation():
  env = GymnasiumEnvironment(LinearEnv([-1], [1], blow_up=True), 0)
  env.reset()
  with pytest.raises(FloatingPointError, match='non-finite.*step 1'):
    env.step([0.0])


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


@pytest.mark.parametrize('error', [ValueError, TypeError, KeyError])
def test_what_an_environment_raises_comes_out_as_it_is(error):
  class Raising(AnswerEnv):
    def step(self, action):
      raise error('not enough values to unpack, says the user')

  env = GymnasiumEnvironment(gymnasium.wrappers.TimeLimit(Raising(), 9), 0)
  env.reset()
  with pytest.raises(error, match='unpack, says the user.?$'):
    env.step([0.0])


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
  assert make().name == 'Hopper-v5'
  env = GymnasiumEnvironment(AnswerEnv((np.full(3, np.nan), {})), 0)
  assert (env.name, env.env_id) == ('AnswerEnv', '')
  with pytest.raises(
    FloatingPointError, match='^AnswerEnv: non-finite observation at step 0'
  ):
    env.reset()


def test_info_is_that_of_the_last_step():
  env = GymnasiumEnvironment(LinearEnv([-9], [9]), 0)
  env.reset()
  assert env.get_info() == {'success': False}
  assert env.step([1.0]).is_last()
  assert env.get_info() == {'success': True}


class _LooseEnv(LinearEnv):
  """As some are: a list for an observation, None for info."""

  def reset(self, **kwargs):
    return super().reset(**kwargs)[0].tolist(), None

  def step(self, action):
    observation, *rest, _ = super().step(action)
    return observation.tolist(), *rest, None


def test_a_list_and_no_info_will_do():
  env = GymnasiumEnvironment(_LooseEnv([-9], [9]), 0)
  first = env.reset()
  assert first.observation.dtype == np.float32 and env.get_info() == {}
  assert env.step([0.5]).observation.tolist() == [4.5]
  assert env.get_info() == {}


def test_kwargs_and_render_mode():
  env = make('walker2d')
  assert (env.env_id, env.env_kwargs) == TASKS['walker2d']
  with pytest.raises(ValueError, match='render_mode=None'):
    env.render()


def test_without_mujoco_the_state_is_a_fresh_episode_of_the_same_stream():
  def make_pendulum(seed):
    return GymnasiumEnvironment(gymnasium.make('Pendulum-v1'), seed)

  env = make_pendulum(3)
  env.reset()
  for _ in range(5):
    env.step([1.0])
  state = json.loads(json.dumps(env.get_state()))
  other = make_pendulum(99)
  other.set_state(state)
  found = other.current_time_step()
  assert found.is_first() and other.elapsed_steps == 0
  assert_same_step(found, env.reset())
  for _ in range(200):
    last = other.step([1.0])
  assert last.is_last()


def test_without_mujoco_a_pending_seed_is_kept():
  def make_pendulum(seed):
    return GymnasiumEnvironment(gymnasium.make('Pendulum-v1'), seed)

  other = make_pendulum(6)
  other.set_state(make_pendulum(5).get_state())
  assert_same_step(other.reset(), make_pendulum(5).reset())


def test_state_of_another_kind_of_environment_is_refused():
  pendulum = GymnasiumEnvironment(gymnasium.make('Pendulum-v1'), 0)
  with pytest.raises(ValueError, match='without a simulation; expected one wi'):
    make().set_state(pendulum.get_state())
  with pytest.raises(ValueError, match='expected one without'):
    pendulum.set_state(make().get_state())
