"""A small environment, a policy, and crews that are scripted or threads."""

import contextlib
import threading

import gymnasium
import numpy as np
import pytest

from tfirl import acting
from tfirl.algorithms.actors import remote_steps, worker
from tfirl.envs.gymnasium_env import GymnasiumEnvironment

LIMIT = 5


class SeededEnv(gymnasium.Env):
  """Observes (a number of its seed, step)."""

  action_space = gymnasium.spaces.Box(-1, 1, (1,))
  observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,))

  def reset(self, *, seed=None, options=None):
    super().reset(seed=seed)
    if seed is not None:
      self.name, self.t = self.np_random.random(), -1
    return self._observation(), {}

  def step(self, action):
    return self._observation(), self.t + 1.0, False, False, {}

  def _observation(self):
    self.t += 1
    return np.array([self.name, self.t])


def _make_seeded(seed):
  limited = gymnasium.wrappers.TimeLimit(SeededEnv(), LIMIT)
  return GymnasiumEnvironment(limited, seed)


class ScriptedCrew:
  """Begins nothing; says what a test lets it.

  Attributes:
    jobs: what was to be begun.
    ends: who has ended.
  """

  host = '127.0.0.1'

  def __init__(self):
    self.jobs, self.ends, self.is_closed = [], [], False

  def begin(self, make_env, job):
    self.jobs.append(job)

  def end(self, actor):
    self.ends.append(worker.End(actor, 'it was ended', False))

  def ended(self):
    ends, self.ends = self.ends, []
    return ends

  def close(self):
    self.is_closed = True


class ThreadCrew(ScriptedCrew):
  """Real actors, each in a thread."""

  def __init__(self):
    super().__init__()
    self._threads = []

  def begin(self, make_env, job):
    super().begin(make_env, job)
    thread = threading.Thread(target=self._act, args=(make_env, job))
    thread.start()
    self._threads.append(thread)

  def _act(self, make_env, job):
    try:
      worker.act(make_env, job)
    except ValueError as error:
      self.ends.append(worker.End(job.actor, str(error), True))

  def close(self):
    super().close()
    for thread in self._threads:
      thread.join(30)
      assert not thread.is_alive()


@pytest.fixture
def policy():
  """Acts by nothing but its noise."""
  zeros = np.zeros((2, 2), np.float32), np.zeros(2, np.float32)
  return acting.MlpPolicy([zeros], 1)


@pytest.fixture
def make_seeded():
  """`make_seeded(seed)`: the environment."""
  return _make_seeded


@pytest.fixture
def scripted():
  return ScriptedCrew()


@pytest.fixture
def threaded():
  return ThreadCrew()


@pytest.fixture
def make_source():
  """`make_source(crew, **changes)`: of 2 actors and rounds of 12 steps."""
  with contextlib.ExitStack() as stack:

    def make(crew, make_env=_make_seeded, **changes):
      values = {'num_actors': 2, 'max_policy_age': 100, 'timeout_s': 20.0}
      values['stop'] = lambda: False
      source = remote_steps.RemoteSteps(
        make_env, (7,), 12, crew=crew, **values | changes
      )
      stack.enter_context(contextlib.closing(source))
      return source

    yield make
