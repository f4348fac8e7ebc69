"""Spaces that can't be used: the error says what to do, and doing it helps."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces, wrappers

from tfirl.envs.gymnasium_env import GymnasiumEnvironment

_VECTOR = spaces.Box(-1.0, 1.0, (3,))


class Constant(gymnasium.Env):
  """Any spaces; the first observation again and again."""

  def __init__(self, observation_space=_VECTOR, action_space=_VECTOR):
    self.observation_space = observation_space
    self.action_space = action_space
    self.acted = []

  def reset(self, *, seed=None, options=None):
    super().reset(seed=seed)
    return self.observation_space.sample(), {}

  def step(self, action):
    self.acted.append(action)
    return self.observation_space.sample(), 0.0, False, False, {}


def _refusal(env):
  with pytest.raises(ValueError) as error:
    GymnasiumEnvironment(env, 0)
  return str(error.value)


def _acts(env):
  """Wrapped as the error says, it is taken. Returns: O and the first action."""
  ours = GymnasiumEnvironment(env, 0)
  ours.reset()
  ours.step(np.zeros(ours.action_spec().shape))
  return ours.observation_spec().shape[0], env.unwrapped.acted[0]


def test_a_dict_is_flattened_and_its_keys_chosen():
  env = Constant(spaces.Dict(arm=_VECTOR, goal=spaces.Box(-1.0, 1.0, (2,))))
  message = _refusal(env)
  assert 'observation space is Dict(' in message
  assert 'gymnasium.wrappers.FlattenObservation makes one' in message
  assert 'FilterObservation(env, filter_keys=[...])' in message
  assert "['arm', 'goal']" in message
  assert _acts(wrappers.FlattenObservation(env))[0] == 5
  some = wrappers.FilterObservation(env, filter_keys=['arm'])
  assert _acts(wrappers.FlattenObservation(some))[0] == 3


@pytest.mark.parametrize(
  ('space', 'size'),
  [
    (spaces.Tuple([_VECTOR, spaces.Discrete(2)]), 5),
    (spaces.Discrete(4), 4),
    (spaces.MultiBinary(3), 3),
    (spaces.Box(-1.0, 1.0, (2, 3)), 6),
    (spaces.Box(-1.0, 1.0, ()), 1),
  ],
)
def test_what_can_be_flattened_is_said_to(space, size):
  env = Constant(space)
  assert 'FlattenObservation makes one, in the function that' in _refusal(env)
  assert _acts(wrappers.FlattenObservation(env))[0] == size


def test_images_and_what_has_no_size_need_a_function():
  image = spaces.Box(0, 255, (8, 8, 3), np.uint8)
  message = _refusal(Constant(image))
  assert "Images are out of tfirl's scope" in message
  assert 'gymnasium.wrappers.TransformObservation' in message
  env = wrappers.TransformObservation(
    Constant(image), lambda o: o.mean((0, 1)), spaces.Box(0.0, 255.0, (3,))
  )
  assert _acts(env)[0] == 3
  assert 'with a function of yours' in _refusal(
    Constant(spaces.Sequence(_VECTOR))
  )


@pytest.mark.parametrize(
  'space',
  [spaces.Discrete(3), spaces.MultiDiscrete([2, 2]), spaces.MultiBinary(2)],
)
def test_discrete_actions_are_sent_elsewhere(space):
  message = _refusal(Constant(action_space=space))
  assert f'action space is {space}' in message
  assert "Discrete actions are out of tfirl's scope" in message
  assert "The library 'imitation' has GAIL" in message


def test_actions_of_parts_are_made_of_one_vector():
  env = Constant(action_space=spaces.Dict(grip=_VECTOR, arm=_VECTOR))
  message = _refusal(env)
  assert 'spaces.unflatten(env.action_space, a), ' in message
  env = wrappers.TransformAction(
    env,
    lambda a: spaces.unflatten(env.unwrapped.action_space, a),
    spaces.flatten_space(env.action_space),
  )
  assert sorted(_acts(env)[1]) == ['arm', 'grip']


def test_actions_of_two_axes_are_made_of_one():
  env = Constant(action_space=spaces.Box(-1.0, 1.0, (2, 3)))
  assert 'lambda a: a.reshape((2, 3))' in _refusal(env)
  env = wrappers.TransformAction(
    env, lambda a: a.reshape((2, 3)), spaces.flatten_space(env.action_space)
  )
  assert _acts(env)[1].shape == (2, 3)


@pytest.mark.parametrize(
  ('most', 'dtype'),
  [
    (np.inf, np.float32),
    (np.finfo(np.float32).max, np.float32),
    (1e300, np.float64),
    (1.1e6, np.float32),
  ],
)
def test_actions_without_bounds_are_given_some(most, dtype):
  env = Constant(action_space=spaces.Box(-most, most, (2,), dtype))
  message = _refusal(env)
  assert 'finite bounds' in message and 'need no RescaleAction' in message
  assert 'A bound beyond 1,000,000 is taken for none' in message
  assert 'spaces.Box(-1.0, 1.0, (2,))' in message
  env = wrappers.TransformAction(env, lambda a: a, spaces.Box(-1.0, 1.0, (2,)))
  np.testing.assert_array_equal(_acts(env)[1], [0, 0])


def test_one_bound_out_of_reach_is_one_too_many():
  space = spaces.Box(np.float32([-1, -1]), np.float32([1, 3e38]))
  assert 'is taken for none' in _refusal(Constant(action_space=space))


def test_large_bounds_are_scaled():
  env = Constant(action_space=spaces.Box(-1e6, 1e6, (1,)))
  np.testing.assert_array_equal(_acts(env)[1], [0])
  env = Constant(action_space=spaces.Box(-1e7, 1e7, (1,)))
  _acts(wrappers.RescaleAction(env, -1.0, 1.0))


def test_whole_numbers_are_rounded_to():
  env = Constant(action_space=spaces.Box(-2, 2, (1,), np.int32))
  message = _refusal(env)
  assert 'expected a Box of one axis of floats' in message
  assert 'np.rint(a).astype(env.action_space.dtype)' in message
  low, high = env.action_space.low, env.action_space.high
  env = wrappers.TransformAction(
    env,
    lambda a: np.rint(a).astype(np.int32),
    spaces.Box(np.float32(low), np.float32(high)),
  )
  assert _acts(env)[1].dtype == np.int32


@pytest.mark.parametrize('name', ['observation_space', 'action_space'])
def test_a_space_must_be_there(name):
  env = Constant()
  delattr(env, name)
  for of in (env, wrappers.TimeLimit(env, 5)):
    message = _refusal(of)
    assert f'{name} is None; expected a gymnasium.spaces.Box' in message
    assert 'Constant' in message


def test_actions_without_a_choice_are_left_out():
  space = spaces.Box(np.float32([-1, 2]), np.float32([1, 2]))
  assert 'bounds are equal' in _refusal(Constant(action_space=space))


@pytest.mark.parametrize(
  ('space', 'advice'),
  [('observation_space', 'nothing to observe'), ('action_space', 'to choose')],
)
def test_spaces_of_no_number_are_refused(space, advice):
  empty = spaces.Box(-1.0, 1.0, (0,))
  assert advice in _refusal(Constant(**{space: empty}))
