"""Demonstrations held against the environment that they are to teach."""

import dataclasses

import gym_envs
import gymnasium
import numpy as np
import pytest

from tfirl import tasks
from tfirl.demos import agreement, arrays, load, recorder
from tfirl.demos.checking import DemonstrationError
from tfirl.demos.raw import RawDemonstrations

_TASK = tasks.Task('hopper', env_id='Hopper-v5')
_PENDULUM = tasks.Task('pendulum', env_id='Pendulum-v1')


@pytest.fixture(scope='module')
def demos(hopper_demos):
  return load.of_task(str(hopper_demos), _TASK)


def _check(demos, accept=False, task=_TASK):
  with task.make_env() as env:
    agreement.check(demos, env, accept)


def test_their_own_environment_is_silent(demos, caplog):
  _check(demos)
  assert not caplog.records


@pytest.mark.parametrize(
  'change',
  [
    lambda d: {'actions': 0.5 * d.actions},
    lambda d: {'actions': -d.actions},
    lambda d: {'actions': d.actions[:, ::-1]},
    lambda d: {'actions': np.roll(d.actions, 1, axis=0)},
    lambda d: {
      key: (getattr(d, key) - d.observations.mean(0)) / d.observations.std(0)
      for key in ('observations', 'next_observations')
    },
    lambda d: {
      key: getattr(d, key)[:, ::-1]
      for key in ('observations', 'next_observations')
    },
  ],
)
def test_other_scales_and_orders_are_refused_with_numbers(
  demos, change, caplog
):
  other = dataclasses.replace(demos, **change(demos))
  with pytest.raises(
    DemonstrationError, match=r'others than .* by \d+% of a step \(median\)'
  ):
    _check(other)
  _check(other, accept=True)
  assert 'accepted' in caplog.text


def test_another_frame_skip_is_refused(demos):
  task = tasks.Task('hopper', env_id='Hopper-v5', env_kwargs={'frame_skip': 5})
  with pytest.raises(DemonstrationError, match='accept_demos'):
    _check(demos, task=task)


def test_a_few_rows_that_disagree_are_a_warning(demos, caplog):
  """As a trembling hand leaves them."""
  actions = demos.actions.copy()
  actions[::4] *= -1
  _check(dataclasses.replace(demos, actions=actions))
  assert 'rows that were replayed' in caplog.text


def test_states_of_another_robot_are_not_replayed(demos, caplog):
  _check(dataclasses.replace(demos, qpos=demos.qpos[:, :4]))
  assert 'found (4, 6) numbers, Hopper-v5 has (6, 6): not replayed' in (
    caplog.text
  )


@pytest.fixture(scope='module')
def pendulum(tmp_path_factory):
  path = str(tmp_path_factory.mktemp('demos') / 'pendulum.npz')
  env = gymnasium.make('Pendulum-v1')
  recorder.record(env, lambda o: -2.0 * o[1:2], 2, path)
  return path


def test_without_states_episodes_are_replayed_from_their_seeds(
  pendulum, caplog
):
  demos = load.of_task(pendulum, _PENDULUM)
  assert demos.qpos is None and not caplog.records
  other = dataclasses.replace(demos, actions=-demos.actions)
  with pytest.raises(DemonstrationError, match='rows that were replayed'):
    _check(other, task=_PENDULUM)


def test_seeds_that_lead_elsewhere_are_said(pendulum, caplog):
  demos = load.of_task(pendulum, _PENDULUM)
  other = dataclasses.replace(
    demos, actions=-demos.actions, episode_seeds=demos.episode_seeds + 100
  )
  _check(other, task=_PENDULUM)
  assert 'starts in Pendulum-v1 in 2 of 2 episodes, by ' in caplog.text


def test_starts_of_another_order_are_refused(pendulum):
  demos = load.of_task(pendulum, _PENDULUM)
  other = dataclasses.replace(
    demos,
    observations=demos.observations[:, ::-1],
    next_observations=demos.next_observations[:, ::-1],
  )
  with pytest.raises(DemonstrationError, match='same numbers in another order'):
    _check(other, task=_PENDULUM)


def _without_seeds(demos, **changes):
  unknown = np.full(len(demos.episode_ends), -1)
  return dataclasses.replace(demos, episode_seeds=unknown, **changes)


def test_without_seeds_ranges_are_compared(pendulum, caplog):
  demos = _without_seeds(load.of_task(pendulum, _PENDULUM))
  _check(demos, task=_PENDULUM)
  assert not caplog.records
  far = _without_seeds(demos, observations=demos.observations + 30)
  with pytest.raises(
    DemonstrationError, match='in column [01], where episodes of'
  ):
    _check(far, task=_PENDULUM)
  still = demos.observations.copy()
  still[:, 2] = 0.0
  _check(_without_seeds(demos, observations=still), task=_PENDULUM)
  assert 'column 2 never changes here, and changes in Pendulum' in caplog.text


def test_actions_of_a_policys_own_scale_are_a_warning(pendulum, caplog):
  """From -1 to 1 where the environment takes -2 to 2."""
  demos = load.of_task(pendulum, _PENDULUM)
  assert np.abs(demos.actions).max() > 0.9
  _check(_without_seeds(demos, actions=demos.actions / 2), task=_PENDULUM)
  assert 'found none beyond [-1, 1], and Pendulum-v1 takes -2 to 2' in (
    caplog.text
  )


@pytest.mark.parametrize(('largest', 'is_said'), [(1.0, True), (0.6, False)])
def test_of_a_range_that_is_wider_in_some_columns_alone(
  largest, is_said, caplog
):
  """A gripper's is [-1, 1] itself, and says nothing."""
  env = gym_envs.LinearEnv([-3.0, -1.0], [3.0, 1.0])
  actions = np.array([[largest, 1.0], [-largest, -1.0], [0.1, 0.2]])
  observations = np.cumsum(np.concatenate([[[0.0, 0.0]], actions]), axis=0)
  task = tasks.Task(
    'linear', env_fn=lambda render_mode=None: env, max_episode_steps=3
  )
  arrays.from_episodes([(observations, actions)], task)
  assert ('takes -3 to 3: are they' in caplog.text) == is_said


def test_recorded_through_wrappers(demos, caplog):
  raw = RawDemonstrations('d', {}, wrappers=('NormalizeObservation',))
  with _TASK.make_env() as env:
    with pytest.raises(DemonstrationError, match='that NormalizeObservation'):
      agreement.check_wrappers(raw, env, accept=False)
    agreement.check_wrappers(raw, env, accept=True)
  assert 'accepted' in caplog.text

  def make(render_mode=None):
    env = gymnasium.make('Hopper-v5', render_mode=render_mode)
    return gymnasium.wrappers.NormalizeObservation(env)

  with tasks.Task('own', env_fn=make).make_env() as env:
    agreement.check_wrappers(raw, env, accept=False)
