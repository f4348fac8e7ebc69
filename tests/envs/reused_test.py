"""Environments that are given twice, or that carry a mean of their own."""

import gc

import gymnasium
import pytest

import tfirl


def test_one_environment_is_not_given_twice():
  """An evaluation would reset the robot in the middle of an episode."""
  robot = gymnasium.make('Hopper-v5', max_episode_steps=-1)
  wrapped = gymnasium.wrappers.TimeLimit(robot, 3)
  for made in (robot, wrapped):
    task = tfirl.Task('a', env_fn=lambda m=made: m, max_episode_steps=3)
    with task.make_env() as first:
      with pytest.raises(
        ValueError, match='env_fn.*before.* a new one each ti'
      ):
        task.make_env()
      first.reset()
    task.make_env().close()  # one after the other
  env = task.make_env()  # or where nobody has the first one any more
  del env
  gc.collect()
  task.make_env().close()


@pytest.mark.parametrize(
  'wrapper',
  [gymnasium.wrappers.NormalizeObservation, gymnasium.wrappers.NormalizeReward],
)
def test_running_means_of_an_environments_own_are_told(caplog, wrapper):
  def make():
    env = wrapper(gymnasium.make('Pendulum-v1'))
    env.update_running_mean = is_running
    return env

  for is_running in (True, False):
    caplog.clear()
    task = tfirl.Task('a', env_fn=make)
    for _ in range(2):
      task.make_env().close()
    words = f'{wrapper.__name__} scale by a running mean'
    assert caplog.text.count(words) == is_running
