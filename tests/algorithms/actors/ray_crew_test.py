"""Actors as Ray's: how they end is told apart."""

import os
import threading
import time
import types

import numpy as np
import pytest

from tfirl import acting, tasks
from tfirl.machine import ray_connection

pytest.importorskip('ray', reason="needs pip install 'tfirl[ray]'")

_TIMEOUT_S = 180


@pytest.fixture(scope='module')
def connected():
  with ray_connection.connected(None, num_cpus=2) as ray:
    yield ray


@pytest.fixture(scope='module')
def crew(connected):
  """One for all tests: each of its processes imports TensorFlow."""
  from tfirl.algorithms.actors import ray_crew

  made = ray_crew.RayCrew(2)
  yield made
  made.close()


def _ended(crew):
  """The next that ends."""
  deadline = time.monotonic() + _TIMEOUT_S
  while not (found := crew.ended()):
    assert time.monotonic() < deadline
    time.sleep(0.1)
  (end,) = found
  return end


def test_an_environment_that_stays_here_is_named(crew):
  lock = threading.Lock()
  with pytest.raises(ValueError, match="run.num_actors: .*can't be sent to"):
    crew.begin(lambda: lock, types.SimpleNamespace(actor=0))
  assert crew.ended() == []


def test_an_error_and_a_death_are_told_apart(
  make_source, scripted, policy, crew
):
  make_source(scripted)._tell(policy, True, 0)
  failing, dying = scripted.jobs

  def fail(seed):
    raise ValueError(f'no robot of seed {seed}')

  def die(seed):
    os._exit(9)

  crew.begin(fail, failing)
  end = _ended(crew)
  assert (end.actor, end.has_raised) == (0, True)
  assert end.reason == f'ValueError: no robot of seed {failing.seeds[0]}'
  crew.begin(die, dying)
  end = _ended(crew)
  assert (end.actor, end.has_raised) == (1, False)
  assert end.reason.startswith('ActorDiedError: The actor died unexpectedly')
  assert crew.ended() == []


def test_one_that_hangs_can_be_ended(make_source, scripted, policy, crew):
  make_source(scripted)._tell(policy, True, 0)

  def hang(seed):
    while True:
      time.sleep(1)

  crew.begin(hang, scripted.jobs[1])
  assert crew.ended() == []
  crew.end(0)  # another's number
  crew.end(1)
  end = _ended(crew)
  assert (end.actor, end.has_raised) == (1, False)
  assert end.reason.startswith('ActorDiedError')


def test_real_actors_bring_a_round_and_end_when_told(make_source, crew):
  """By a function that no module has."""
  source = make_source(
    crew,
    lambda seed: tasks.Task('p', env_id='Pendulum-v1').make_env(seed),
    timeout_s=float(_TIMEOUT_S),
  )
  layer = np.zeros((3, 2), np.float32), np.zeros(2, np.float32)
  steps = source.take(acting.MlpPolicy([layer], 1), None, 0)
  assert len(steps.times) == 12
  assert len(set(steps.streams)) in (1, 2)
