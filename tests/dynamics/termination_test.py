"""Where imagined episodes end is where Gymnasium's do."""

import numpy as np
import pytest

from tfirl import tasks
from tfirl.config import gin_bindings
from tfirl.dynamics import termination
from tfirl.runs import experiment as _experiment  # noqa: F401 for gin's `run`

_NUM_STATES = 10_000
# Heights and, where it counts, angles on both sides of every bound.
_HEIGHTS = {
  'hopper': (0.5, 0.9),
  'walker2d': (0.6, 2.2),
  'ant': (0.0, 1.2),
  'humanoid': (0.8, 2.2),
}
_ANGLES = {'hopper': 0.4, 'walker2d': 2.0}


@pytest.fixture(params=_HEIGHTS)
def task(request):
  """A task's name; its gin file is read."""
  gin_bindings.parse([f'tasks/{request.param}.gin'], [])
  return request.param


def _random_states(task, env, rng):
  """Positions and velocities around the bounds, [N, nq] and [N, nv]."""
  model = env.model
  qpos = env.init_qpos + rng.uniform(-1, 1, (_NUM_STATES, model.nq))
  qvel = rng.normal(0, 5, (_NUM_STATES, model.nv))
  height = 1 if task in _ANGLES else 2
  qpos[:, height] = rng.uniform(*_HEIGHTS[task], _NUM_STATES)
  if task in _ANGLES:
    qpos[:, 2] = rng.uniform(-_ANGLES[task], _ANGLES[task], _NUM_STATES)
  if task == 'hopper':  # a joint beyond the bound of all others
    far = rng.random(_NUM_STATES) < 0.1
    qpos[far, 3] = rng.choice([-101.0, 101.0], far.sum())
  # Exactly what float32 observations hold: no state lies between.
  return qpos.astype(np.float32), qvel.astype(np.float32)


def test_equals_gymnasiums_is_healthy(task):
  env = tasks.make_task().make_env(trembles=False)
  inner = env.gym.unwrapped
  rng = np.random.default_rng(0)
  expected, observations = [], []
  for qpos, qvel in zip(*_random_states(task, inner, rng), strict=True):
    inner.data.qpos[:], inner.data.qvel[:] = qpos, qvel
    expected.append(bool(inner.is_healthy))
    observations.append(inner._get_obs())
  is_healthy = getattr(termination, task)(
    np.asarray(observations, np.float32)
  ).numpy()
  np.testing.assert_array_equal(is_healthy, expected)
  assert 0.1 < np.mean(expected) < 0.9  # both sides were met
  env.close()


@pytest.mark.parametrize('task', ['pointmaze', 'antmaze_large_play'])
def test_equals_gymnasiums_at_the_goal_of_a_maze(task):
  gin_bindings.parse([f'tasks/{task}.gin'], [])
  env = tasks.make_task().make_env()
  env.reset()
  inner = env.gym.unwrapped
  rng = np.random.default_rng(0)
  row = env.current_time_step().observation
  observations = np.tile(row, (1000, 1)).astype(np.float32)
  observations[:, :2] = row[-2:] + rng.uniform(-0.6, 0.6, (1000, 2))
  reached = [inner.compute_terminated(o[:2], o[-2:], {}) for o in observations]
  is_healthy = termination.goal(observations).numpy()
  np.testing.assert_array_equal(is_healthy, np.logical_not(reached))
  assert 0.1 < np.mean(reached) < 0.9  # both sides were met
  env.close()


@pytest.mark.parametrize('name', [*_HEIGHTS, 'never', 'goal'])
@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_ends_an_episode(name, value):
  healthy = np.full((2, 12), 0.0, np.float32)
  healthy[:, 0] = {'hopper': 1.0, 'ant': 0.5}.get(name, 1.5)
  healthy[1, 7] = value
  assert getattr(termination, name)(healthy).numpy().tolist() == [True, False]
