"""Limits of a task and of its environment, and where restored clocks stand."""

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import MaxAndSkipObservation, TimeLimit

from tfirl import tasks

_STILL = np.zeros(3, np.float32)


def _make_limited():
  return gymnasium.make('Hopper-v5', max_episode_steps=6)


def _length(env):
  """Steps until the time is over, from where the episode stands."""
  for number in range(1, 20):
    step = env.step(_STILL)
    if step.is_last():
      assert step.discount == 1.0
      return number
  return None


@pytest.mark.parametrize('limit', [4, 9])
def test_a_tasks_limit_is_in_the_place_of_its_environments(limit):
  task = tasks.Task('hopper', env_fn=_make_limited, max_episode_steps=limit)
  with task.make_env() as env:
    assert env.max_episode_steps == limit
    for _ in range(2):
      env.reset()
      assert _length(env) == limit


def test_a_tasks_limit_counts_the_steps_that_it_takes():
  """Each may be several of an environment that has a limit within."""

  def make():
    return MaxAndSkipObservation(_make_limited(), skip=2)

  task = tasks.Task('hopper', env_fn=make, max_episode_steps=5)
  with task.make_env() as env:
    env.reset()
    assert _length(env) == env.max_episode_steps == 5


def test_an_environment_without_a_limit_is_given_the_tasks():
  def make():
    return gymnasium.make('Hopper-v5', max_episode_steps=-1)

  task = tasks.Task('hopper', env_fn=make, max_episode_steps=3)
  with task.make_env() as env:
    env.reset()
    assert _length(env) == env.max_episode_steps == 3


@pytest.mark.parametrize(
  ('outer', 'limit', 'expected'), [(50, None, 6), (4, None, 4), (50, 9, 9)]
)
def test_restored_episodes_go_by_their_own_clock(outer, limit, expected):
  """However many follow each other without a reset."""
  task = tasks.Task(
    'hopper',
    env_fn=lambda: TimeLimit(_make_limited(), outer),
    max_episode_steps=limit,
  )
  with task.make_env() as env:
    env.reset()
    data = env.gym.unwrapped.data
    state = data.qpos.copy(), data.qvel.copy()
    assert env.max_episode_steps == expected
    for _ in range(5):
      env.restore_mujoco(*state, expected - 2)
      assert _length(env) == 2
