"""A task of the user's own, and arrays of its expert."""

import mass
import numpy as np
import pytest

import tfirl


@pytest.fixture(scope='module')
def task():
  return tfirl.Task('mass', env_fn=mass.Mass, max_episode_steps=30)


@pytest.fixture(scope='module')
def episodes():
  found = []
  for seed in range(4):
    env = mass.Mass()
    observation, _ = env.reset(seed=seed)
    observations, actions = [observation], []
    for _ in range(30):
      actions.append(mass.expert(observation))
      observation, *_ = env.step(actions[-1])
      observations.append(observation)
    found.append((np.array(observations), np.array(actions)))
  return found


@pytest.fixture(scope='module')
def demos(episodes, task):
  return tfirl.Demonstrations.from_episodes(episodes, task)
