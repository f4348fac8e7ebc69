"""Arrays are held against the task as files are."""

import numpy as np

from tfirl import tasks
from tfirl.demos import arrays

_PENDULUM = tasks.Task('pendulum', env_id='Pendulum-v1')


def _episode(offset=0.0):
  rng = np.random.default_rng(0)
  angle = np.cumsum(rng.uniform(-0.1, 0.1, 201))
  columns = [np.cos(angle), np.sin(angle), np.gradient(angle)]
  return np.stack(columns, axis=1) + offset, rng.uniform(-2, 2, (200, 1))


def test_ranges_that_are_not_the_environments_are_a_warning(caplog):
  arrays.from_episodes([_episode()], _PENDULUM)
  assert not caplog.records
  arrays.from_episodes([_episode(offset=40.0)], _PENDULUM)
  assert 'where episodes of Pendulum-v1 begin at' in caplog.text


def test_all_that_end_at_the_limit_are_time_outs(caplog):
  demos = arrays.from_episodes([_episode()], _PENDULUM, terminals=[True])
  assert demos.timeouts[-1] and not demos.terminals.any()
  assert 'taken as time-outs' in caplog.text
