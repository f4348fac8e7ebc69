"""Recorded states as wrappers show them."""

import dataclasses

import gymnasium
import numpy as np
import pytest
from gymnasium import wrappers as gym_wrappers

from tfirl.demos import agreement
from tfirl.envs import wrapped_observations
from tfirl.envs.gymnasium_env import GymnasiumEnvironment
from tfirl.envs.wrappers import ExpertReset
from tfirl.types import Demonstrations


def _tenfold(env):
  space = gymnasium.spaces.Box(-np.inf, np.inf, (11,), np.float64)
  return gym_wrappers.TransformObservation(env, lambda o: 10 * o, space)


def _first_five(env):
  space = gymnasium.spaces.Box(-np.inf, np.inf, (5,), np.float64)
  return gym_wrappers.TransformObservation(env, lambda o: o[:5], space)


def _stack(env):
  stacked = gym_wrappers.FrameStackObservation(env, 2)
  return gym_wrappers.FlattenObservation(stacked)


def _make(*wrap):
  env = gymnasium.make('Hopper-v5', max_episode_steps=20)
  for wrapper in wrap:
    env = wrapper(env)
  return GymnasiumEnvironment(env, 0)


def _record(env):
  """An episode of random actions."""
  rng, step, rows = np.random.default_rng(0), env.reset(), []
  data = env.gym.unwrapped.data
  while not step.is_last():
    action = rng.uniform(-1, 1, 3).astype(np.float32)
    row = [step.observation, action, data.qpos.copy(), data.qvel.copy()]
    step = env.step(action)
    rows.append([*row, step.observation, step.is_last()])
  columns = map(np.stack, zip(*rows, strict=True))
  observations, actions, qpos, qvel, next_observations, ends = columns
  return Demonstrations(
    observations=observations,
    actions=actions,
    next_observations=next_observations,
    terminals=np.zeros(len(ends), bool),
    timeouts=ends,
    qpos=qpos,
    qvel=qvel,
  )


@pytest.mark.parametrize(
  'wrap', [(), (_tenfold,), (_first_five,), (_tenfold, _first_five)]
)
def test_a_restored_state_is_seen_as_it_was_recorded(wrap):
  demos, env = _record(_make(*wrap)), _make(*wrap)
  env.reset()
  for row in (3, 7):
    found = env.restore_mujoco(demos.qpos[row], demos.qvel[row], row)
    np.testing.assert_allclose(
      found.observation, demos.observations[row], atol=1e-6
    )
  agreement.check(demos, env, accept=False)


def test_what_is_made_of_several_steps_is_not_restored():
  """Such demonstrations are taken, by their ranges; FILTER says why not."""
  env = _make(_stack)
  demos = _record(env)
  assert demos.observations.shape[1] == 22
  found = wrapped_observations.obstacle(env.gym)
  assert found == 'FrameStackObservation'
  agreement.check(demos, env, accept=False)
  with pytest.raises(ValueError, match='wrapper FrameStackObservation are of'):
    ExpertReset(env, demos, reset_prob=0.5)
  ExpertReset(env, dataclasses.replace(demos), reset_prob=0.0)
