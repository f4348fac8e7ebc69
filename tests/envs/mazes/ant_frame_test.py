"""The ant's symmetry, in MuJoCo itself."""

import numpy as np
import pytest

from tfirl import tasks
from tfirl.envs import mujoco_state
from tfirl.envs.mazes import ant_frame

# Hip and ankle of four legs that differ, ankles bent the same way.
_LEGS = np.array([[0.1, 0.9], [-0.2, 0.7], [0.3, 1.0], [-0.1, 0.6]])
_LEG_SPEEDS = np.array([[1.0, -2.0], [0.5, 0.2], [-3.0, 1.0], [0.1, 4.0]])
_ANKLE_SIGN = np.array([1.0, -1.0, -1.0, 1.0])


@pytest.fixture(scope='module')
def ant():
  env = tasks.make_env('Ant-v5', {'include_cfrc_ext_in_observation': False})
  return mujoco_state.simulation(env.gym)


def _yaw(angle):
  return np.array([np.cos(angle / 2), 0.0, 0.0, np.sin(angle / 2)])


def _named(legs, quarters):
  """The joints of an ant that stands `quarters` further round than `legs`."""
  legs = np.roll(legs, -quarters, axis=0)
  return (legs * np.stack([np.ones(4), _ANKLE_SIGN], axis=1)).ravel()


def _state(quarters, heading_angle, yaw):
  """qpos, qvel of one pose, turned with the heading, its legs renamed."""
  cos, sin = np.cos(heading_angle), np.sin(heading_angle)
  turn = np.array([[cos, -sin], [sin, cos]])
  quarter = np.linalg.matrix_power([[0, -1], [1, 0]], quarters)
  qpos, qvel = np.zeros(15), np.zeros(14)
  qpos[2] = 0.6
  qpos[3:7] = _yaw(heading_angle + yaw + quarters * np.pi / 2)
  qpos[7:] = _named(_LEGS, quarters)
  qvel[:2] = turn @ [1.0, -0.5]
  # Its axes are the body's, which is turned by so many quarters more.
  qvel[3:5] = quarter.T @ [0.3, -0.8]
  qvel[5] = 0.4
  qvel[6:] = _named(_LEG_SPEEDS, quarters)
  return qpos, qvel


def _observe(ant, heading):
  state = np.concatenate([ant.data.qpos[2:], ant.data.qvel])
  return ant_frame.observe(state, heading)


def _run(ant, quarters, heading_angle, yaw, actions):
  """Observations [T + 1, 29], and where it got to, along and aside."""
  heading = np.array([np.cos(heading_angle), np.sin(heading_angle)])
  mujoco_state.place(ant, *_state(quarters, heading_angle, yaw), time_s=0.0)
  observations = []
  for action in actions:
    observation, found = _observe(ant, heading)
    observations.append(observation)
    ant.do_simulation(ant_frame.to_actuators(action, found), ant.frame_skip)
  observations.append(_observe(ant, heading)[0])
  xy = ant.data.qpos[:2]
  return np.stack(observations), [
    xy @ heading,
    heading[0] * xy[1] - heading[1] * xy[0],
  ]


@pytest.mark.parametrize('heading_angle', [0.0, 2.5])
@pytest.mark.parametrize('quarters', [0, 1, 2, 3])
def test_all_eight_ants_run_the_same_way(ant, quarters, heading_angle):
  actions = np.random.default_rng(0).uniform(-1, 1, (40, 8))
  expected, expected_place = _run(ant, 0, 0.0, 0.3, actions)
  found, place = _run(ant, quarters, heading_angle, 0.3, actions)
  np.testing.assert_allclose(found, expected, atol=1e-5)
  np.testing.assert_allclose(place, expected_place, atol=1e-8)
  # It moved, tilted, and was renamed on the way.
  assert np.ptp(expected, axis=0).min() > 0.01
  assert expected[:, 6].min() < 0.95
  assert np.ptp(expected[:, 2]) > 1.0


@pytest.mark.parametrize(
  ('degrees', 'expected'),
  [(0, 0), (44, 0), (46, 1), (134, 1), (180, 2), (-46, 3), (-134, 3)],
)
def test_the_way_lies_within_45_degrees(degrees, expected):
  state = np.zeros(27)
  state[1:5] = _yaw(np.deg2rad(degrees))
  observation, quarters = ant_frame.observe(state, np.array([1.0, 0.0]))
  assert quarters == expected
  left = np.deg2rad(degrees - 90 * expected)
  # The body's x axis.
  np.testing.assert_allclose(
    observation[1:4],
    [np.cos(left), np.sin(left), 0.0],
    atol=1e-6,
  )


def test_observation_by_hand():
  state = np.concatenate(
    [
      [0.6],
      _yaw(np.pi / 2),  # the ant faces +y, where it is to run
      [0.1, np.deg2rad(50), 0, 0, 0, 0, 0.2, np.deg2rad(60)],
      [3.0, 4.0, 5.0],
      [1.0, 2.0, 6.0],
      [1, 2, 3, 4, 5, 6, 7, 8],
    ]
  )
  observation, quarters = ant_frame.observe(state, np.array([0.0, 1.0]))
  assert quarters == 0
  bent = -np.deg2rad(50)
  expected = np.concatenate(
    [
      [0.6, 1, 0, 0, 0, 0, 1],
      [0.1, 0, 0, bent, 0, bent, 0.2, np.deg2rad(10)],
      # Forward is y; left of it is -x.
      [2.0, -1.5, 2.5, 0.5, 1.0, 3.0],
      0.2 * np.array([1, 2, 3, -4, 5, -6, 7, 8]),
    ]
  )
  np.testing.assert_allclose(observation, expected, atol=1e-6)
  assert observation.shape == (ant_frame.OBSERVATION_SIZE,)


def test_actuators_by_hand():
  action = np.arange(1.0, 9.0)
  # Actuators go by legs 4, 1, 2, 3; the ankles of 2 and 3 bend the other way.
  np.testing.assert_array_equal(
    ant_frame.to_actuators(action, 0), [7, 8, 1, 2, 3, -4, 5, -6]
  )
  # Renamed by one: what is leg 1 here is called 2.
  np.testing.assert_array_equal(
    ant_frame.to_actuators(action, 1), [1, 2, 3, 4, 5, -6, 7, -8]
  )


@pytest.mark.parametrize(
  ('quaternion', 'expected'),
  [([1, 0, 0, 0], 1), ([0, 0, 0, 2], 1), ([1, 1, 0, 0], 0), ([0, 1, 0, 0], -1)],
)
def test_uprightness(quaternion, expected):
  state = np.concatenate([[0.5], quaternion, np.zeros(22)])
  assert ant_frame.uprightness(state) == pytest.approx(expected)


@pytest.mark.parametrize(
  ('degrees', 'expected'), [(0, 1), (90, 1), (45, -1), (-45, -1), (22.5, 0)]
)
def test_facing(degrees, expected):
  state = np.zeros(27)
  state[1:5] = _yaw(np.deg2rad(30 + degrees))
  heading = np.array([np.cos(np.pi / 6), 0.5])
  found = ant_frame.facing(state, heading)
  assert found == pytest.approx(expected, abs=1e-12)
