"""The ant seen from where it is told to run, by its four-fold symmetry.

The ant's legs stand at 45, 135, 225 and 315 degrees of its body: turning the
body by a quarter and calling each leg by its neighbour's name gives the same
ant. So whatever the ant's yaw, it can be named such that the way ahead lies
within 45 degrees of its front, and "run there" is one task: run along +x.

States are those of Gymnasium's Ant-v5 without contact forces, [27]: z,
quaternion (w, x, y, z), eight joints (hip and ankle, leg by leg), linear
velocity in the world's frame, angular velocity in the body's, and the joints'
velocities.
"""

import numpy as np

OBSERVATION_SIZE = 29
ACTION_SIZE = 8

# Legs 2 and 3 have their ankles' axes turned the other way.
_ANKLE_SIGN = np.array([1.0, -1.0, -1.0, 1.0])
_ACTUATED_LEGS = [3, 0, 1, 2]  # the order of the actuators
_ANKLE_CENTER = np.deg2rad(50.0)  # of its range of 30 to 70 degrees
# Keep what a network sees near 1.
_SPEED_SCALE, _SPIN_SCALE, _JOINT_SPEED_SCALE = 0.5, 0.5, 0.2


def rotation_matrix(quaternion: np.ndarray) -> np.ndarray:
  """[3, 3] of a quaternion (w, x, y, z): body to world."""
  w, x, y, z = quaternion / np.linalg.norm(quaternion)
  return np.array(
    [
      [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
      [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
      [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
  )


def _turn(cos: float, sin: float) -> np.ndarray:
  """[3, 3]: a rotation about z."""
  return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


# Exact: k quarters of a turn about z.
_QUARTERS = [_turn(*c) for c in ((1, 0), (0, 1), (-1, 0), (0, -1))]


def _legs(joints: np.ndarray, quarters: int) -> np.ndarray:
  """[4, 2] hip and ankle of the renamed legs, all ankles of one sign."""
  legs = joints.reshape(4, 2).copy()
  legs[:, 1] *= _ANKLE_SIGN
  return np.roll(legs, quarters, axis=0)


def _yaw(state: np.ndarray, heading: np.ndarray) -> float:
  """Angle from the way to the ant, however it is tilted.

  The twist about z of its rotation: unlike the direction of the body's x axis,
  it grows by just a quarter for an ant that is turned by one.
  """
  yaw = 2.0 * np.arctan2(state[4], state[1])
  return yaw - np.arctan2(heading[1], heading[0])


def observe(state: np.ndarray, heading: np.ndarray) -> tuple[np.ndarray, int]:
  """The ant's state in the frame whose x axis is `heading`.

  Args:
    state: [27], see above.
    heading: [2] unit vector, in the world, of the way to run.

  Returns: [29] float32 (z; the body's x axis and z axis; the joints leg by leg
    as hip and ankle, at the middle of their range 0; linear, then angular
    velocity; the joints' velocities), and by how many quarters, 0 to 3, the
    legs were renamed: `to_actuators` needs it.
  """
  state = np.asarray(state, np.float64)
  to_heading = _turn(heading[0], -heading[1])
  body = to_heading @ rotation_matrix(state[1:5])
  quarters = int(np.round(_yaw(state, heading) / (np.pi / 2))) % 4
  body = body @ _QUARTERS[-quarters % 4]
  angles = _legs(state[5:13], quarters)
  angles[:, 1] -= _ANKLE_CENTER
  observation = np.concatenate(
    [
      state[:1],
      body[:, 0],
      body[:, 2],
      angles.ravel(),
      _SPEED_SCALE * (to_heading @ state[13:16]),
      _SPIN_SCALE * (_QUARTERS[quarters] @ state[16:19]),
      _JOINT_SPEED_SCALE * _legs(state[19:27], quarters).ravel(),
    ]
  )
  return observation.astype(np.float32), quarters


def to_actuators(action: np.ndarray, quarters: int) -> np.ndarray:
  """The ant's own action [8] from one that names legs as `observe` did."""
  legs = np.roll(np.asarray(action).reshape(4, 2), -quarters, axis=0)
  legs = legs * np.stack([np.ones(4), _ANKLE_SIGN], axis=1)
  return legs[_ACTUATED_LEGS].ravel().astype(np.float32)


def uprightness(state: np.ndarray) -> float:
  """z of the body's up axis: 1 upright, 0 on its side, -1 on its back."""
  _, x, y, _ = state[1:5] / np.linalg.norm(state[1:5])
  return float(1 - 2 * (x * x + y * y))


def facing(state: np.ndarray, heading: np.ndarray) -> float:
  """1 if two legs go first on the way, as four of the yaws make them, -1 if
  one does. Smooth in the yaw: the cosine of four times its angle to the way.
  """
  return float(np.cos(4 * _yaw(state, heading)))
